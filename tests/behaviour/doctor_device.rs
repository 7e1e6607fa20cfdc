//! `check --online` where the device itself is at fault: keys, clock, hooks, directories.

use std::fs;
use std::path::Path;
use std::process::Command;

use cloud::ServerCertificate;
use serde_json::{json, Value};

use crate::doctor::*;
use crate::namespace::mounted;
use crate::support::{has_tool, is_host_program, is_root, one_secret, Site};

#[test]
fn a_key_that_cannot_be_read_is_told() {
    if !is_root() {
        return;
    }
    let site = Site::with_one_secret();
    site.give_to(65_534);
    std::os::unix::fs::chown(site.path("etc/device.pem"), Some(0), Some(0)).unwrap();
    let run = |words: &[&str]| site.run(&mut site.command_as(65_534, words));
    let checks = finds_like_sync(&site, "identity", &run);
    let step = checks.first("identity")["next_step"].as_str().unwrap();
    assert!(
        step.starts_with("let the user that runs keyferry read"),
        "{step}"
    );
    checks.assert_skipped(
        &[
            "authority",
            "tenant",
            "token",
            "audience",
            "vault",
            "object",
        ],
        "identity failed",
    );
}

#[test]
fn a_device_in_1970_is_told_and_goes_on() {
    if !is_host_program("a_device_in_1970_is_told_and_goes_on") {
        return;
    }
    let Some(shim) = clock_of_1970() else {
        return;
    };
    let site = Site::with_one_secret();
    let run = |words: &[&str]| {
        site.run(
            site.command(words)
                .env("LD_PRELOAD", shim.path().join("clock.so")),
        )
    };
    let told = run(&["check", "--online", "--json"]).exits(69);
    let checks = Checks::of(&told);
    assert_eq!(checks.first_failure(), "clock");
    assert_eq!(checks.first("clock")["reason"], "clock");
    // TLS judges certificates no earlier than the release, and the authority's time dates the
    // sign-in: nothing else has to wait for the clock.
    for id in ["tls", "token", "object"] {
        assert!(checks.all(id).all(|check| check["outcome"] == "ok"), "{id}");
    }
    let sentence = checks.first("clock")["detail"].as_str().unwrap();
    let begins = "this device's clock says 1970-01-01T00:16:40Z, the services' 20";
    assert!(sentence.starts_with(begins), "{sentence}");
    let synced = run(&["sync"]).exits(0);
    synced
        .says(&format!("warning: {begins}"))
        .says("set this device's clock (NTP)");
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    let text = run(&DOCTOR).exits(69);
    text.says("FAILED   clock      this device's clock says 1970-")
        .says("  next: set this device's clock (NTP)");
    // Without any service the release's own date tells.
    site.cloud
        .show_certificate(ServerCertificate::OtherAuthority);
    let checks = Checks::of(&run(&["check", "--online", "--json"]));
    let sentence = checks.first("clock")["detail"].as_str().unwrap();
    assert!(
        sentence.contains(", but this release is of 20"),
        "{sentence}"
    );
}

/// A library that makes the C library's clock stand in 1970, for programs that are linked
/// with it.
fn clock_of_1970() -> Option<tempfile::TempDir> {
    if !has_tool("cc") {
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("clock.c");
    fs::write(&source, CLOCK).unwrap();
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-o"])
        .arg(directory.path().join("clock.so"));
    assert!(compiler.arg(source).status().unwrap().success());
    Some(directory)
}

const CLOCK: &str = "
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec = 1000;
    return result;
}
";

#[test]
fn a_small_difference_of_clocks_is_a_warning() {
    for (offset, outcome) in [
        (0, "ok"),
        (-200, "warning"),
        (200, "warning"),
        (1200, "failed"),
    ] {
        let site = Site::with_one_secret();
        site.cloud.set_clock_offset(offset);
        let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]));
        assert_eq!(checks.first("clock")["outcome"], outcome, "{offset}");
    }
}

#[test]
fn hooks_that_cannot_work_are_told() {
    let site = Site::with_one_secret();
    let on_change = |on_change: Value| {
        let mut config = site.config(one_secret());
        config["sets"]["mqtt"]["on_change"] = on_change;
        site.configure(&config);
    };
    on_change(json!({"run": [["/nowhere/program"]]}));
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(0));
    assert_eq!(checks.first("hook")["outcome"], "warning");
    on_change(json!({"run": [["/bin/true"]]}));
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(0));
    assert_eq!(checks.first("hook")["outcome"], "ok");
    if !Path::new("/run/systemd/system").is_dir() {
        on_change(json!({"reload": ["mosquitto.service"]}));
        let run = site.keyferry(&DOCTOR).exits(78);
        run.says("systemd is not running here")
            .says("  next: use on_change.run");
    }
}

/// A `systemctl` that knows `mosquitto.service` alone, where systemd seems to run.
#[test]
fn a_unit_that_systemd_does_not_have_is_told() {
    if !is_root() {
        return;
    }
    let site = Site::with_one_secret();
    site.write("systemctl", SYSTEMCTL, 0o755);
    let pretend = "mount -t tmpfs none /run/systemd; mkdir /run/systemd/system; \
        mount -t tmpfs none /usr/local/sbin; cp $TOPsystemctl /usr/local/sbin/";
    let mut config = site.config(one_secret());
    config["sets"]["mqtt"]["on_change"] = json!({"reload": ["mosquitto.service"]});
    site.configure(&config);
    mounted(&site, pretend, &DOCTOR)
        .exits(0)
        .says("ok       hook       mqtt: reload mosquitto.service");
    config["sets"]["mqtt"]["on_change"] = json!({"reload": ["mosqitto.service"]});
    site.configure(&config);
    let run = |words: &[&str]| mounted(&site, pretend, words);
    let checks = finds_like_sync(&site, "hook", &run);
    let sentence = "on_change of mqtt: reload mosqitto.service: there is no such unit";
    assert_eq!(checks.first("hook")["detail"], sentence);
}

const SYSTEMCTL: &str = r#"#!/bin/sh
for unit; do :; done
case "$1 $unit" in
    "show mosquitto.service") echo LoadState=loaded ;;
    show*) echo LoadState=not-found ;;
    *mosquitto.service) ;;
    *) echo "Unit $unit not found." >&2; exit 5 ;;
esac
"#;

#[test]
fn directories_that_cannot_be_used_are_told() {
    let site = Site::with_one_secret();
    fs::create_dir_all(site.path("run/sets")).unwrap();
    std::os::unix::fs::symlink("/nowhere", site.path("run/sets/mqtt")).unwrap();
    let checks = finds_like_sync(&site, "directory", &|words| site.keyferry(words));
    assert_eq!(
        checks.first("object")["outcome"],
        "ok",
        "the rest is looked at"
    );
}

#[test]
fn a_broken_set_fails_alone_and_the_rest_is_looked_at() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["sets"]["broken"] = json!({"files": {"a": {"secret": "not a name"}}});
    site.configure(&config);
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(78));
    assert_eq!(checks.first("config")["outcome"], "failed");
    assert_eq!(checks.first("object")["outcome"], "ok");
}

#[test]
fn authorities_that_are_not_there_are_a_matter_of_tls() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["network"]["ca_file"] = json!(site.path("etc/none.pem"));
    site.configure(&config);
    let checks = finds_like_sync(&site, "tls", &|words| site.keyferry(words));
    checks.assert_skipped(
        &[
            "clock",
            "dns",
            "tcp",
            "authority",
            "token",
            "vault",
            "object",
        ],
        "tls failed",
    );
}
