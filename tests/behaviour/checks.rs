//! `check`: all problems at once, each with its place and next step; the effective
//! configuration; no network.

use serde_json::{json, Value};

use crate::golden;
use crate::support::Site;

fn site() -> (Site, Value) {
    let site = Site::new();
    let mut config =
        site.config(json!({"mqtt": {"files": {"password": {"secret": "mqtt-password"}}}}));
    config["device_id"] = json!("gw-7");
    (site, config)
}

#[test]
fn a_good_configuration_is_shown_in_effect_and_can_be_fed_back() {
    let (site, config) = site();
    site.configure(&config);
    let run = site.keyferry(&["check"]).exits(0);
    golden::matches(&site, "check_good", &run);
    site.write("etc/config.json", &run.stdout, 0o600);
    let again = site.keyferry(&["check"]).exits(0);
    assert_eq!(again.stdout, run.stdout);
    assert_eq!(site.cloud.connections(), 0);
    assert!(
        !site.path("run").exists() && !site.path("state").exists(),
        "nothing is made"
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let (site, mut config) = site();
    config["identity"]["certificate"] = json!(site.path("etc/none.pem"));
    config["network"]["ca_extra"] = json!(site.path("etc/none.pem"));
    config["sets"] = json!({
        "flies": {"flies": {"password": {"secret": "mqtt-password"}}},
        "later": {"files": {"a": {"secret": "b"}}, "seal": true},
        "mode": {"files": {"password": {"secret": "mqtt-password", "mode": "0644"}}},
        "name": {"files": {"../password": {"secret": "mqtt-password"}}},
        "overlap": {"directory": site.path("run/sets/within/deeper"), "files": {"a": {"secret": "b"}}},
        "program": {"files": {"a": {"secret": "b"}}, "on_change": {"run": [["/nowhere/program"]]}},
        "secret": {"files": {"a": {"secret": "not a name"}}},
        "user": {"owner": "nobody-of-that-name", "files": {"a": {"secret": "b"}}},
        "within": {"files": {"a": {"secret": "b"}}},
    });
    site.configure(&config);
    let run = site.keyferry(&["check"]).exits(78);
    let errors = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: ") && !line.starts_with("error:   next"));
    let steps = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("error:   next: "));
    assert_eq!(errors.count(), steps.count(), "one next step an error");
    golden::matches(&site, "check_bad", &run);
    let json = site.keyferry(&["check", "--json"]).exits(78);
    let findings: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(findings["ok"], false);
    for error in findings["errors"].as_array().unwrap() {
        let reason = error["reason"].as_str().unwrap();
        assert!(keyferry::error::Reason::parse(reason).is_some(), "{reason}");
        assert!(!error["next_step"].as_str().unwrap().is_empty());
    }
}

#[test]
fn what_stops_the_run_is_told_with_line_and_column() {
    let (site, config) = site();
    for (key, value, said) in [
        ("cloud", json!("usgv"), "usgov"),
        ("vualt", json!("x"), "did you mean \"vault\"?"),
        (
            "identity",
            json!({"type": "managed_idenity"}),
            "managed_identity",
        ),
        ("log", json!("loud"), "config.json:"),
    ] {
        let mut config = config.clone();
        config[key] = value;
        site.configure(&config);
        for verb in ["check", "sync"] {
            let run = site.keyferry(&[verb]).exits(78).says(said).says("  next: ");
            assert!(run.stderr.contains("etc/config.json:"), "{}", run.stderr);
        }
    }
    site.write("etc/config.json", "{\n  \"cloud\": \"usgov\",,\n}", 0o600);
    site.keyferry(&["check"])
        .exits(78)
        .says("etc/config.json:2:");
}

#[test]
fn a_configuration_that_others_can_write_is_not_read() {
    let (site, config) = site();
    site.write("etc/config.json", &config.to_string(), 0o666);
    site.keyferry(&["sync"])
        .exits(78)
        .says("etc/config.json")
        .says("writ");
    std::fs::remove_file(site.path("etc/config.json")).unwrap();
    site.keyferry(&["sync"]).exits(78).says("etc/config.json");
    assert_eq!(site.cloud.connections(), 0);
}
