//! Ends of certificates: in the status at any time, as a warning once for each step nearer.

use serde_json::{json, Value};

use crate::authority::{Kind, Pair};
use crate::golden;
use crate::support::{Run, Site};

fn sets() -> Value {
    let part = |part: &str| json!({"certificate": "web", "part": part});
    json!({"web": {"files": {
        "key": part("key"),
        "chain": part("chain"),
        "password": {"secret": "password"},
    }}})
}

/// A site that has delivered a certificate which ends in so many days, and how that run went.
fn delivered(days: u32) -> (Site, Run) {
    let site = Site::new();
    site.configure(&site.config(sets()));
    site.seed("password", "hunter2");
    put(&site, days);
    let run = site.keyferry(&["sync"]).exits(0);
    (site, run)
}

fn put(site: &Site, days: u32) {
    let pair = Pair::ending(Kind::P256, 1, "web", days);
    site.hide(pair.mark());
    site.vault.set_certificate("web", pair.in_vault(false));
}

fn warnings(run: &Run) -> Vec<&str> {
    let lines = run.stderr.lines();
    lines
        .filter(|line| line.contains(" expire") && line.starts_with("warning"))
        .collect()
}

/// The time of the services moves on, and the device's clock stays behind it.
fn days_later(site: &Site, days: i64) -> Run {
    site.cloud.set_clock_offset(days * 86_400 + 41_400);
    site.keyferry(&["sync"]).exits(0)
}

#[test]
fn each_step_nearer_to_the_end_is_told_once() {
    let (site, run) = delivered(40);
    assert_eq!(warnings(&run), [""; 0]);
    let mut told = String::new();
    for (day, tells) in [
        (5, false),
        (9, false),
        (10, true),
        (12, false),
        (25, false),
        (26, true),
        (28, false),
        (37, true),
        (39, false),
        (40, true),
        (50, false),
    ] {
        let run = days_later(&site, day);
        let lines = warnings(&run).into_iter();
        // That the vault's own date is past is told each time, as of any object.
        let lines: Vec<&str> = lines.filter(|line| line.contains("renew")).collect();
        assert_eq!(lines.len(), usize::from(tells), "day {day}: {}", run.stderr);
        lines
            .iter()
            .for_each(|line| told.push_str(&format!("{line}\n")));
    }
    golden::text_matches("expiry_warnings", &golden::masked(&site, &told));
}

#[test]
fn a_certificate_that_comes_late_is_told_at_once_and_by_its_own_change_only() {
    for days in [29, 13, 2] {
        let (site, run) = delivered(days);
        let told = warnings(&run);
        let [line] = told[..] else {
            panic!("{told:?}");
        };
        assert!(
            line.contains("web: certificate web in chain expires in "),
            "{line}"
        );
        assert_eq!(warnings(&site.keyferry(&["sync"]).exits(0)), [""; 0]);
        // Another file of the set is no reason to say it again.
        site.seed("password", "hunter3");
        assert_eq!(warnings(&site.keyferry(&["sync"]).exits(0)), [""; 0]);
        assert_eq!(
            warnings(&site.keyferry(&["sync", "--offline"]).exits(0)),
            [""; 0]
        );
        // One that is no better is.
        put(&site, days);
        assert_eq!(warnings(&site.keyferry(&["sync"]).exits(0)).len(), 1);
        put(&site, 300);
        assert_eq!(warnings(&site.keyferry(&["sync"]).exits(0)), [""; 0]);
    }
}

#[test]
fn the_status_shows_the_nearest_end() {
    let (site, _) = delivered(20);
    let files = site.set_status("web")["files"].clone();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let end = |place: usize| files[place]["expires"].as_u64();
    assert_eq!(end(0), end(1));
    assert!((19 * 86_400..=20 * 86_400).contains(&(end(0).unwrap() - now)));
    assert!(files[2]["expires"].is_null(), "a password has none");
    let table = site.keyferry(&["status"]).exits(0);
    table
        .says("certificate web/chain expires in ")
        .says(" days (20");
    put(&site, 1000);
    site.keyferry(&["sync"]).exits(0);
    let table = site.keyferry(&["status"]).exits(0);
    table.never_says(" 20 days (20").says(" days (20");
}

#[test]
fn a_step_is_told_although_a_run_for_another_set_came_between() {
    let (site, _) = delivered(40);
    let mut both = sets();
    both["other"] = json!({"files": {"a": {"secret": "password"}}});
    site.configure(&site.config(both));
    site.keyferry(&["sync"]).exits(0);
    site.cloud.set_clock_offset(12 * 86_400);
    let run = site.keyferry(&["sync", "other"]).exits(0);
    let next = site.keyferry(&["sync"]).exits(0);
    let told = [warnings(&run), warnings(&next)].concat();
    assert_eq!(told.len(), 1, "{told:?}");
}
