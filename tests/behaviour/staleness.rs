//! Age: what an outage means within `max_stale`, past it, and when the clock jumped.

use cloud::Secret;
use serde_json::{json, Value};

use crate::support::Site;

fn synced(max_stale: &str) -> Site {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    let set = json!({"mqtt": {"files": {"password": {"secret": "mqtt-password"}}, "max_stale": max_stale}});
    let mut config = site.config(set);
    site.configure(&config);
    site.keyferry(&["sync"]).exits(0);
    // From now on nothing answers, and no time is lost on that.
    config["network"]["max_requests"] = json!(1);
    config["network"]["resolve"][site.vault.host()] = json!(closed_port());
    site.configure(&config);
    site
}

/// An address at which nothing listens.
pub fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Makes the last confirmation as old as `seconds`, in both places that remember it.
pub fn age(site: &Site, set: &str, seconds: i64) {
    let now = site.status()["run"]["at"].as_i64().unwrap();
    for (file, mode) in [("run/status.json", 0o640), ("state/state.json", 0o600)] {
        let text = std::fs::read_to_string(site.path(file)).unwrap();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        let confirmed = match &mut value["sets"] {
            Value::Array(sets) => sets.iter_mut().find(|entry| entry["name"] == set).unwrap(),
            sets => &mut sets[set],
        };
        confirmed["confirmed"] = json!(now - seconds);
        site.write(file, &value.to_string(), mode);
    }
}

#[test]
fn an_outage_within_max_stale_is_75_and_past_it_69() {
    for (seconds, online, offline, state) in [(3_000, 75, 0, "current"), (3_700, 69, 69, "stale")] {
        let site = synced("1h");
        age(&site, "mqtt", seconds);
        site.keyferry(&["sync"]).exits(online);
        assert_eq!(site.set_status("mqtt")["state"], "stale");
        site.keyferry(&["sync", "--offline"]).exits(offline);
        let status = site.set_status("mqtt");
        assert_eq!(status["state"], state);
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    }
}

#[test]
fn files_past_max_stale_stay_and_the_reason_is_age() {
    let site = synced("1h");
    age(&site, "mqtt", 5_000);
    site.keyferry(&["sync", "--offline"]).exits(69);
    let status = site.set_status("mqtt");
    assert_eq!(status["reason"], "age");
    assert!(status["next_step"].as_str().unwrap().contains("max_stale"));
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
}

#[test]
fn nothing_on_disk_during_an_outage_is_69() {
    let site = Site::new();
    let mut config = site.config(json!({"mqtt": {"files": {"password": {"secret": "p"}}}}));
    config["network"]["max_requests"] = json!(1);
    config["network"]["resolve"][site.cloud.login_host()] = json!(closed_port());
    site.configure(&config);
    site.keyferry(&["sync"]).exits(69);
    assert_eq!(site.set_status("mqtt")["state"], "absent");
}

#[test]
fn an_age_from_the_future_is_unknown_and_never_negative() {
    let site = synced("1h");
    age(&site, "mqtt", -90_000);
    site.keyferry(&["sync", "--offline"]).exits(0);
    let shown = site.keyferry(&["status"]).exits(0).stdout;
    let row = shown.lines().find(|line| line.starts_with("mqtt")).unwrap();
    assert!(
        row.contains("unknown") && !row.contains('-'.to_string().repeat(2).as_str()),
        "{row}"
    );
    site.keyferry(&["status", "--max-age", "2d"]).exits(69);
}

#[test]
fn the_age_outlives_a_boot() {
    let site = synced("1h");
    age(&site, "mqtt", 5_000);
    std::fs::remove_file(site.path("run/status.json")).unwrap();
    site.keyferry(&["sync", "--offline"]).exits(69);
    assert_eq!(site.set_status("mqtt")["reason"], "age");
}

#[test]
fn a_set_that_is_not_required_stays_out_of_the_exit_code() {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    let mut config = site.config(json!({
        "mqtt": {"files": {"password": {"secret": "mqtt-password"}}},
        "extra": {"files": {"token": {"secret": "not-there"}}, "required": false},
    }));
    site.configure(&config);
    site.keyferry(&["sync"])
        .exits(0)
        .says("has no secret not-there");
    assert_eq!(site.set_status("extra")["exit_code"], 66);
    site.keyferry(&["status", "--max-age", "1h"]).exits(0);
    config["sets"]["extra"]["required"] = json!(true);
    site.configure(&config);
    site.keyferry(&["sync"]).exits(66);
    site.keyferry(&["status", "--max-age", "1h"]).exits(69);
}

/// A device whose clock was more than a day off, either way, fetched every object in every run:
/// what it had seen was dated by the vault's clock and compared with its own.
#[test]
fn a_device_with_a_wrong_clock_asks_the_list_all_the_same() {
    for offset in [-200_000_000, 200_000_000] {
        let site = Site::new();
        site.cloud.set_clock_offset(offset);
        for name in ["first", "second"] {
            let updated = Some(1_400_000_000);
            let secret = Secret::new("hunter2");
            site.vault.set_with(name, Secret { updated, ..secret });
        }
        let files = json!({"a": {"secret": "first"}, "b": {"secret": "second"}});
        let set = json!({"mqtt": {"files": files, "change_check": "list"}});
        let mut config = site.config(set);
        // Whose validity does not hang on the service's clock.
        config["identity"] = site.secret_identity();
        site.configure(&config);
        site.keyferry(&["sync"]).exits(0);
        site.cloud.reset_log();
        site.keyferry(&["sync"]).exits(0);
        let requests = site.cloud.requests();
        let paths: Vec<&str> = requests.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["/secrets"], "{offset}");
    }
}
