//! `change_check: "list"`: a list in place of a request for each object, and when not.

use cloud::{Logged, Secret};
use serde_json::{json, Map, Value};

use crate::support::Site;

/// A set `many` of so many secrets, that asks the list.
pub fn many(count: usize) -> Value {
    let files = (0..count).map(|number| (file(number), json!({"secret": name(number)})));
    json!({"many": {"change_check": "list", "files": files.collect::<Map<_, _>>()}})
}

pub fn file(number: usize) -> String {
    format!("file{number:02}")
}

pub fn name(number: usize) -> String {
    format!("secret{number:02}")
}

/// A site with these sets, and so many secrets that have been as they are for a while.
pub fn site(sets: Value, count: usize) -> Site {
    let site = Site::new();
    site.configure(&site.config(sets));
    for number in 0..count {
        put_at(&site, number, "old", LONG_AGO);
    }
    site
}

/// A new version of a secret, last changed so many seconds ago.
pub fn put_at(site: &Site, number: usize, word: &str, ago: i64) {
    let value = format!("{word} value of number {number}");
    site.hide(&value);
    let mut secret = Secret::new(value);
    secret.created = Some(now() - ago);
    site.vault.set_with(&name(number), secret);
}

pub fn now() -> i64 {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    i64::try_from(now).unwrap()
}

/// What a run asked the vault for: lists, then objects.
#[track_caller]
pub fn asked(site: &Site) -> (usize, usize) {
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    counts(&site.cloud.requests())
}

pub fn counts(requests: &[Logged]) -> (usize, usize) {
    let at_vault = requests
        .iter()
        .filter(|request| request.host.contains(".vault."));
    let (lists, objects): (Vec<&Logged>, Vec<&Logged>) =
        at_vault.partition(|request| request.path == "/secrets" || request.path == "/secrets/");
    (lists.len(), objects.len())
}

#[track_caller]
pub fn delivers(site: &Site, number: usize, word: &str) {
    let delivered = site.delivered("many", &file(number)).unwrap();
    assert_eq!(delivered, format!("{word} value of number {number}"));
}

#[test]
fn what_did_not_change_takes_its_pages_only() {
    for (count, pages) in [(10, 1), (50, 2)] {
        let site = site(many(count), count);
        assert_eq!(asked(&site), (0, count), "nothing is known at first");
        assert_eq!(asked(&site), (pages, 0));
        assert_eq!(asked(&site), (pages, 0));
        let status = site.set_status("many");
        assert_eq!(status["state"], "current");
        // One that changed is fetched, and counts from then on as the others do.
        put_at(&site, 7, "new", LONG_AGO - 5);
        assert_eq!(asked(&site), (pages, 1));
        delivers(&site, 7, "new");
        delivers(&site, 8, "old");
        assert_eq!(asked(&site), (pages, 0));
        site.assert_well_behaved();
    }
}

#[test]
fn a_change_of_tags_or_attributes_is_a_change() {
    let site = site(many(10), 10);
    asked(&site);
    site.vault.set_tags(&name(3), &[("file-encoding", "hex")]);
    site.cloud.reset_log();
    site.keyferry(&["sync"])
        .exits(65)
        .says("is not hexadecimal at byte 0");
    assert_eq!(counts(&site.cloud.requests()), (1, 1));
    site.vault.set_tags(&name(3), &[]);
    site.vault.disable(&name(4), "latest");
    site.keyferry(&["sync"]).exits(77);
    site.vault.enable(&name(4), "latest");
    assert_eq!(asked(&site), (1, 2));
}

#[test]
fn a_change_within_the_last_seconds_is_not_trusted() {
    let site = site(many(3), 3);
    put_at(&site, 1, "new", 0);
    assert_eq!(asked(&site), (0, 3));
    // Another version of the same second looks like the one that was read.
    put_at(&site, 1, "newer", 0);
    site.vault.set_updated(&name(1), now());
    assert_eq!(asked(&site), (1, 1));
    delivers(&site, 1, "newer");
    // Two seconds past it the vault's clock settles it.
    site.vault.set_updated(&name(1), now() - 2);
    assert_eq!(asked(&site), (1, 1));
    assert_eq!(asked(&site), (1, 0));
}

#[test]
fn once_a_day_every_object_is_fetched() {
    let site = site(many(5), 5);
    asked(&site);
    let path = site.path("run/seen.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut seen: Value = serde_json::from_str(&text).unwrap();
    let files = seen["files"].as_array_mut().unwrap();
    assert_eq!(files.len(), 5);
    for (number, file) in files.iter_mut().enumerate() {
        let hours = match number {
            0 => 25,
            1 => -1,
            _ => 23,
        };
        file["at"] = json!(now() - hours * 3600);
    }
    site.write("run/seen.json", &seen.to_string(), 0o600);
    // Too old, and of a clock that was set back.
    assert_eq!(asked(&site), (1, 2));
    assert_eq!(asked(&site), (1, 0));
    // What is settled by a list does not get younger by it.
    let text = std::fs::read_to_string(&path).unwrap();
    let seen: Value = serde_json::from_str(&text).unwrap();
    let ages = seen["files"].as_array().unwrap().iter();
    let ages: Vec<i64> = ages
        .map(|file| now() - file["at"].as_i64().unwrap())
        .collect();
    assert!(ages[2] >= 23 * 3600 && ages[0] < 3600, "{ages:?}");
}

#[test]
fn after_a_boot_or_with_a_damaged_memory_every_object_is_fetched() {
    let site = site(many(4), 4);
    asked(&site);
    std::fs::remove_dir_all(site.path("run")).unwrap();
    assert_eq!(asked(&site), (0, 4));
    for text in ["", "{", "{\"format\": 2, \"files\": []}", "[]"] {
        site.write("run/seen.json", text, 0o600);
        assert_eq!(asked(&site), (0, 4), "{text}");
        assert_eq!(asked(&site), (1, 0));
    }
}

#[test]
fn a_damaged_file_is_fetched_although_the_list_says_unchanged() {
    let site = site(many(4), 4);
    asked(&site);
    site.damage("many", &file(2));
    assert_eq!(asked(&site), (1, 1));
    delivers(&site, 2, "old");
    // Another form of the same object is another file.
    let mut sets = many(4);
    sets["many"]["files"][file(2)]["newline"] = json!("ensure");
    site.configure(&site.config(sets));
    assert_eq!(asked(&site), (1, 1));
    assert_eq!(asked(&site), (1, 0));
}

#[test]
fn an_earlier_version_that_is_live_again_is_brought_up_to_date() {
    let site = site(many(4), 4);
    asked(&site);
    put_at(&site, 2, "new", 60);
    asked(&site);
    site.damage("many", &file(2));
    site.keyferry(&["sync", "--offline"]).exits(0);
    delivers(&site, 2, "old");
    assert_eq!(asked(&site), (1, 1));
    delivers(&site, 2, "new");
}

#[test]
fn a_deleted_object_is_seen_in_two_runs() {
    let mut sets = many(3);
    sets["many"]["files"][file(1)]["if_missing"] = json!("skip");
    let site = site(sets, 3);
    asked(&site);
    site.vault.delete(&name(1));
    site.keyferry(&["sync"])
        .exits(75)
        .says("once is not enough to believe it");
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(site.delivered("many", &file(1)), None);
    delivers(&site, 0, "old");
}

#[test]
fn a_run_that_asks_nobody_forgets_nothing() {
    let site = site(many(4), 4);
    asked(&site);
    for words in [["sync", "--offline"], ["sync", "--dry-run"]] {
        site.keyferry(&words).exits(0);
        assert_eq!(asked(&site), (1, 0), "{words:?}");
    }
    site.cloud.reset_log();
    site.keyferry(&["sync", "--dry-run"]).exits(0);
    assert_eq!(counts(&site.cloud.requests()), (1, 0));
    site.keyferry(&["sync", "nothing"]).exits(64);
    assert_eq!(asked(&site), (1, 0));
}

#[test]
fn a_set_that_fails_fetches_what_changed_only() {
    let site = site(many(10), 10);
    asked(&site);
    put_at(&site, 2, "new", 60);
    put_at(&site, 5, "new", 60);
    site.vault.disable(&name(5), "latest");
    for _ in 0..2 {
        site.cloud.reset_log();
        site.keyferry(&["sync"]).exits(77);
        assert_eq!(counts(&site.cloud.requests()), (1, 2));
        delivers(&site, 2, "old");
    }
    site.vault.enable(&name(5), "latest");
    assert_eq!(asked(&site), (1, 2));
    delivers(&site, 2, "new");
    delivers(&site, 5, "new");
}

/// Seconds; more than what a clock's resolution could hide.
const LONG_AGO: i64 = 3600;
