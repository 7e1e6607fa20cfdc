//! Directories of earlier configurations: remembered, told, and never removed by themselves.

use std::fs;
use std::path::PathBuf;

use serde_json::{json, Value};

use crate::golden;
use crate::namespace::mounted;
use crate::support::{is_root, one_secret, Site};

/// Where a set lies that is not below the runtime directory.
fn elsewhere(site: &Site) -> PathBuf {
    site.path("srv/mqtt")
}

/// The set `mqtt` in this directory, or in its usual one.
fn set_in(directory: Option<PathBuf>) -> Value {
    let mut sets = one_secret();
    if let Some(directory) = directory {
        sets["mqtt"]["directory"] = json!(directory);
    }
    sets
}

/// A site with `mqtt` delivered elsewhere.
fn delivered_elsewhere() -> Site {
    let site = Site::with_one_secret();
    site.configure(&site.config(set_in(Some(elsewhere(&site)))));
    site.keyferry(&["sync"]).exits(0).never_says("purge");
    site
}

/// The same, and then no set called `mqtt` any more.
fn orphaned() -> Site {
    let site = delivered_elsewhere();
    site.configure(&site.config(json!({"web": {"files": {"token": {"secret": "mqtt-password"}}}})));
    site
}

/// Set and directory of each that the last run told as orphaned.
fn told(site: &Site) -> Vec<(String, String)> {
    pairs(site, &site.status()["orphaned"])
}

/// Set and directory of each that is remembered.
fn remembered(site: &Site) -> Vec<(String, String)> {
    let state = fs::read_to_string(site.path("state/state.json")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["format"], 1);
    pairs(site, &state["directories"])
}

/// Directories without what is this test's.
fn pairs(site: &Site, list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let top = site.path("").display().to_string();
    let pair = |one: &Value| (text(&one["set"]), text(&one["directory"]).replace(&top, ""));
    list.as_array().unwrap().iter().map(pair).collect()
}

fn pair(set: &str, directory: &str) -> (String, String) {
    (set.to_owned(), directory.to_owned())
}

#[test]
fn what_no_set_uses_any_more_is_told_and_stays() {
    let site = orphaned();
    let mut told_by = String::new();
    for words in [&["sync"][..], &["status"], &["check"]] {
        let run = site.keyferry(words).exits(0);
        let lines = run.all();
        let lines = lines.lines().filter(|line| line.contains("purge"));
        told_by += &format!("{}\n", lines.collect::<Vec<_>>().join("\n"));
    }
    golden::text_matches("orphans", &golden::masked(&site, &told_by));
    let directory = elsewhere(&site).display().to_string();
    let orphan = json!({"set": "mqtt", "directory": directory});
    for words in [&["sync", "--json"][..], &["status", "--json"]] {
        let run = site.keyferry(words).exits(0);
        let status: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(status["orphaned"], json!([orphan]));
        assert_eq!(status["schema"], 1);
    }
    let run = site.keyferry(&["check", "--json"]).exits(0);
    let check: Value = serde_json::from_str(&run.stdout).unwrap();
    let warnings = check["warnings"].as_array().unwrap();
    assert!(warnings[0].as_str().unwrap().contains(&directory));
    let doctor = site.keyferry(&["check", "--online"]).exits(0);
    doctor.says(&directory).says("run `keyferry purge mqtt`");
    assert_eq!(
        fs::read_to_string(elsewhere(&site).join("password")).unwrap(),
        "hunter2"
    );
}

#[test]
fn a_directory_that_changed_in_the_configuration_leaves_an_orphan() {
    let site = delivered_elsewhere();
    site.configure(&site.config(set_in(None)));
    site.keyferry(&["sync"])
        .exits(0)
        .says("run `keyferry purge mqtt`");
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    assert_eq!(told(&site), [pair("mqtt", "srv/mqtt")]);
    // Back again, the other one is.
    site.configure(&site.config(set_in(Some(elsewhere(&site)))));
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(told(&site), [pair("mqtt", "run/sets/mqtt")]);
    site.keyferry(&["status"])
        .exits(0)
        .says("run/sets/mqtt; next: keyferry purge mqtt");
}

#[test]
fn the_next_step_is_for_the_same_instance() {
    let site = Site::with_one_secret();
    let words = |verb| [verb, "--instance", "line2"];
    site.keyferry(&words("sync")).exits(0);
    let web = json!({"web": {"files": {"token": {"secret": "mqtt-password"}}}});
    site.configure(&site.config(web));
    for verb in ["sync", "status", "check"] {
        let run = site.keyferry(&words(verb)).exits(0);
        run.says("keyferry purge mqtt --instance line2");
    }
    site.keyferry(&["purge", "mqtt", "--instance", "line2"])
        .exits(0);
    site.keyferry(&words("sync")).exits(0).never_says("purge");
}

#[test]
fn sets_of_a_broken_configuration_are_no_orphans() {
    let site = delivered_elsewhere();
    let extra = json!({"sets": {"extra": {"files": {"a": {"secret": "mqtt-password"}}}}});
    site.write("etc/conf.d/20-extra.json", &extra.to_string(), 0o644);
    site.keyferry(&["sync"]).exits(0);
    for broken in [
        "{\"sets\": {\"extra\": {\"flies\": {}}}}",
        "{\"sets\": {",
        "7",
    ] {
        site.write("etc/conf.d/20-extra.json", broken, 0o644);
        site.keyferry(&["sync"]).exits(78).never_says("purge");
        site.keyferry(&["check"]).exits(78).never_says("purge");
        assert_eq!(told(&site), []);
        // A set that is configured for sure, and elsewhere now, is judged all the same.
        site.configure(&site.config(set_in(None)));
        site.keyferry(&["sync"]).exits(78);
        assert_eq!(told(&site), [pair("mqtt", "srv/mqtt")]);
        site.configure(&site.config(set_in(Some(elsewhere(&site)))));
        fs::remove_dir_all(site.set("mqtt")).unwrap();
    }
    fs::remove_file(site.path("etc/conf.d/20-extra.json")).unwrap();
    site.keyferry(&["sync"])
        .exits(0)
        .says("run `keyferry purge extra`");
}

#[test]
fn what_went_with_the_memory_is_forgotten_and_elsewhere_it_is_kept() {
    let site = Site::with_one_secret();
    let mut sets = set_in(Some(elsewhere(&site)));
    sets["web"] = json!({"files": {"token": {"secret": "mqtt-password"}}});
    site.configure(&site.config(sets));
    site.keyferry(&["sync"]).exits(0);
    let both = [pair("mqtt", "srv/mqtt"), pair("web", "run/sets/web")];
    assert_eq!(remembered(&site), both);
    // The device starts again, and a partition is not mounted.
    fs::remove_dir_all(site.path("run")).unwrap();
    fs::rename(site.path("srv"), site.path("away")).unwrap();
    site.configure(&site.config(json!({"vpn": {"files": {"key": {"secret": "mqtt-password"}}}})));
    site.keyferry(&["sync"]).exits(0).never_says("purge");
    assert_eq!(told(&site), []);
    let left = [pair("mqtt", "srv/mqtt"), pair("vpn", "run/sets/vpn")];
    assert_eq!(remembered(&site), left);
    fs::rename(site.path("away"), site.path("srv")).unwrap();
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(told(&site), [pair("mqtt", "srv/mqtt")]);
    // What another has claimed meanwhile is not ours, nor what has no marker.
    let marker = elsewhere(&site).join(".keyferry");
    fs::rename(&marker, site.path("marker")).unwrap();
    site.keyferry(&["sync"]).exits(0).never_says("purge");
    assert_eq!(told(&site), []);
    assert_eq!(remembered(&site), left);
}

#[test]
fn a_run_remembers_what_it_is_for_and_a_dry_one_nothing() {
    let site = Site::with_one_secret();
    let mut sets = one_secret();
    sets["web"] = json!({"files": {"token": {"secret": "mqtt-password"}}});
    site.configure(&site.config(sets));
    site.keyferry(&["sync", "--dry-run"]).exits(0);
    assert!(!site.path("state/state.json").exists());
    site.keyferry(&["sync", "web"]).exits(0);
    assert_eq!(remembered(&site), [pair("web", "run/sets/web")]);
    site.keyferry(&["sync"]).exits(0);
    let both = [pair("web", "run/sets/web"), pair("mqtt", "run/sets/mqtt")];
    assert_eq!(remembered(&site), both);
    site.configure(&site.config(one_secret()));
    let state = fs::read(site.path("state/state.json")).unwrap();
    let run = site.keyferry(&["sync", "--dry-run"]).exits(0);
    run.says("run `keyferry purge web`");
    assert_eq!(fs::read(site.path("state/state.json")).unwrap(), state);
}

#[test]
fn what_the_release_before_dropped_is_remembered_anew() {
    let site = delivered_elsewhere();
    let state = site.path("state/state.json");
    let mut memory: Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();
    memory.as_object_mut().unwrap().remove("directories");
    fs::write(&state, memory.to_string()).unwrap();
    let confirmed = memory["sets"]["mqtt"]["confirmed"].clone();
    site.keyferry(&["sync", "--offline"]).exits(0);
    assert_eq!(remembered(&site), [pair("mqtt", "srv/mqtt")]);
    assert_eq!(site.set_status("mqtt")["confirmed"], confirmed);
}

#[test]
fn a_state_of_a_later_release_stays_as_it_is() {
    let site = orphaned();
    site.write("state/state.json", "{\"format\": 2}", 0o600);
    let run = site.keyferry(&["sync"]).exits(0);
    run.says("was written by a later release");
    let left = fs::read_to_string(site.path("state/state.json")).unwrap();
    assert_eq!(left, "{\"format\": 2}");
}

#[test]
fn a_state_that_cannot_be_written_keeps_nothing_from_being_delivered() {
    if !is_root() {
        return;
    }
    let site = Site::with_one_secret();
    fs::create_dir(site.path("state")).unwrap();
    let read_only = "mount --bind $TOPstate $TOPstate && mount -o remount,bind,ro $TOPstate";
    let run = mounted(&site, read_only, &["sync"]).exits(73);
    run.says("state: Read-only file system");
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(remembered(&site), [pair("mqtt", "run/sets/mqtt")]);
}
