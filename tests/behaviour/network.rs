//! What the network does to a run: outages, odd replies, limits.

use std::time::{Duration, Instant};

use cloud::{Action, Fault, Match};
use serde_json::json;

use crate::namespace::cut_off;
use crate::staleness::closed_port;
use crate::support::{is_root, one_secret, Run, Site};

/// A site that was brought up to date, so that 75 and 69 tell apart.
pub fn synced() -> Site {
    let site = Site::with_one_secret();
    site.keyferry(&["sync"]).exits(0);
    site
}

fn at_the_vault(site: &Site, action: Action, times: usize) {
    let matching = Match::Host(site.vault.host().to_owned());
    site.cloud.fault(Fault {
        matching,
        action,
        times,
    });
}

#[track_caller]
pub fn fails(site: &Site, code: i32, reason: &str, said: &str) -> Run {
    let run = site
        .keyferry(&["sync"])
        .exits(code)
        .says(said)
        .says("  next: ");
    assert_eq!(site.set_status("mqtt")["reason"], reason, "{said}");
    run
}

#[test]
fn what_passes_is_tried_again() {
    let busy = |code, headers: &[(&str, &str)]| Action::Status {
        code,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: String::new(),
    };
    for (name, action) in [
        ("429", busy(429, &[("retry-after", "1")])),
        ("503", busy(503, &[])),
        ("408", busy(408, &[])),
        ("cut in the reply", Action::CutAfter(20)),
        ("cut before it", Action::CutBeforeReply),
        ("reset", Action::Reset),
    ] {
        let site = Site::with_one_secret();
        at_the_vault(&site, action, 1);
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(site.status()["run"]["requests"], 3, "{name}");
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    }
}

#[test]
fn what_does_not_pass_is_told_at_once() {
    for (action, said) in [
        (
            Action::BadJson,
            "sent no usable JSON for secret mqtt-password",
        ),
        (Action::Garbage, "sent no valid HTTP reply"),
        (Action::HtmlPage, "sent no usable JSON"),
        (Action::Huge(300 * 1024), "262144"),
        (
            Action::Redirect("https://evil.example/".to_owned()),
            "redirect",
        ),
    ] {
        let site = synced();
        site.cloud.reset_log();
        at_the_vault(&site, action, usize::MAX);
        fails(&site, 65, "reply", said);
        assert_eq!(site.cloud.requests().len(), 1, "{said}");
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    }
}

#[test]
fn a_portal_in_place_of_the_authority_is_told() {
    let site = Site::with_one_secret();
    site.cloud.fault(Fault {
        matching: Match::Token,
        action: Action::HtmlPage,
        times: usize::MAX,
    });
    fails(
        &site,
        65,
        "reply",
        "something else than its JSON (text/html",
    )
    .says("captive portal");
}

#[test]
fn a_long_retry_after_is_not_waited_for() {
    let site = synced();
    site.vault.throttle(9, Some(3600));
    fails(&site, 75, "throttled", "answered with status 429").says("3600 s");
    assert_eq!(site.cloud.requests().len(), 3);
    let site = synced();
    at_the_vault(
        &site,
        Action::Status {
            code: 503,
            headers: vec![("retry-after".to_owned(), "999".to_owned())],
            body: String::new(),
        },
        9,
    );
    fails(&site, 75, "server", "answered with status 503");
}

#[test]
fn a_reply_that_drips_is_given_up_at_the_timeout() {
    let site = synced();
    let mut config = site.config(one_secret());
    config["network"]["timeout"] = json!("1s");
    config["network"]["max_requests"] = json!(1);
    site.configure(&config);
    at_the_vault(
        &site,
        Action::Slow {
            bytes: 1,
            pause: Duration::from_millis(300),
        },
        usize::MAX,
    );
    let started = Instant::now();
    site.keyferry(&["sync", "--log", "debug"])
        .exits(75)
        .says("no complete reply in time");
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[test]
fn the_deadline_ends_a_run() {
    let site = synced();
    let mut config = site.config(one_secret());
    config["network"]["deadline"] = json!("1s");
    site.configure(&config);
    at_the_vault(&site, Action::Delay(Duration::from_secs(5)), usize::MAX);
    fails(&site, 75, "budget", "the run's deadline passed");
}

#[test]
fn what_missed_out_on_the_budget_goes_first_next_time() {
    let site = Site::with_one_secret();
    for name in ["one", "two", "three"] {
        site.seed(name, &format!("value of {name}"));
    }
    let mut config = site.config(json!({
        "a": {"files": {"f": {"secret": "one"}}},
        "b": {"files": {"f": {"secret": "two"}}},
        "c": {"files": {"f": {"secret": "three"}}},
    }));
    config["network"]["max_requests"] = json!(3);
    site.configure(&config);
    site.keyferry(&["sync"])
        .exits(69)
        .says("the 3 requests of this run are used up");
    assert_eq!(site.set_status("c")["reason"], "budget");
    config["network"]["max_requests"] = json!(1);
    site.configure(&config);
    site.keyferry(&["sync"]).exits(75);
    assert_eq!(site.delivered("c", "f").unwrap(), "value of three");
    assert_eq!(site.set_status("c")["state"], "current");
}

#[test]
fn a_closed_port_is_a_matter_of_the_network() {
    let site = synced();
    let mut config = site.config(one_secret());
    config["network"]["resolve"][site.vault.host()] = json!(closed_port());
    site.configure(&config);
    let said = format!("connect: {}: ", site.vault.host());
    fails(&site, 75, "network", &said).says("let this device reach");
}

#[test]
fn a_dead_vault_does_not_hold_up_the_others() {
    let site = Site::with_one_secret();
    site.cloud.vault("other-vault").set("key", "sardine");
    let mut config = site.config(json!({
        "a": {"files": {"f": {"secret": "one"}, "g": {"secret": "two"}}},
        "b": {"vault": "other-vault", "files": {"f": {"secret": "key"}}},
    }));
    config["network"]["resolve"][site.vault.host()] = json!(closed_port());
    site.configure(&config);
    site.keyferry(&["sync"]).exits(69);
    assert_eq!(site.delivered("b", "f").unwrap(), "sardine");
    assert_eq!(
        site.status()["run"]["requests"],
        6,
        "four attempts, then the vault is given up"
    );
}

#[test]
fn a_name_without_an_address_is_told_as_dns() {
    if !is_root() {
        return;
    }
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["network"]["resolve"] = json!({});
    config["network"]["max_requests"] = json!(1);
    site.configure(&config);
    cut_off(&site, &["sync", "--log", "debug"])
        .exits(69)
        .says("DNS: login.microsoftonline.us");
}
