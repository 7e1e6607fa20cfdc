//! `on_change`: once after a switch, with nothing inherited, again until it succeeds.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::namespace::mounted;
use crate::support::{is_root, Run, Site};

/// A site whose set runs `script` with a shell.
fn site(script: &str) -> Site {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.configure(&config(&site, script));
    site
}

fn config(site: &Site, script: &str) -> Value {
    site.config(json!({"mqtt": {
        "files": {"password": {"secret": "mqtt-password"}},
        "on_change": {"run": [["/bin/sh", "-c", script.replace("$TOP", site.path("").to_str().unwrap())]], "timeout": "1s"},
    }}))
}

fn lines(site: &Site, name: &str) -> Vec<String> {
    let text = fs::read_to_string(site.path(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn runs_once_for_a_switch_and_not_for_an_unchanged_run() {
    let site = site("cat \"$KEYFERRY_DIRECTORY/password\" >> $TOPseen; echo >> $TOPseen");
    site.keyferry(&["sync"]).exits(0).says("; then /bin/sh");
    site.keyferry(&["sync"]).exits(0).never_says("/bin/sh");
    site.keyferry(&["sync", "--offline"]).exits(0);
    assert_eq!(lines(&site, "seen"), ["hunter2"]);
    site.seed("mqtt-password", "hunter3");
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(lines(&site, "seen"), ["hunter2", "hunter3"]);
}

#[test]
fn a_hook_sees_a_small_environment_and_nothing_of_ours() {
    let site = site(
        "tr '\\0' '\\n' < /proc/$$/environ > $TOPenvironment; \
         for fd in /proc/$$/fd/*; do readlink $fd; done > $TOPdescriptors; \
         wc -c > $TOPinput; umask > $TOPumask; cat /proc/self/limits > $TOPlimits; \
         echo told by the hook",
    );
    let mut command = site.command(&["sync"]);
    command.env("AZURE_CLIENT_SECRET", "hush").env("LANG", "C");
    let run = site.run(&mut command).exits(0);
    assert!(run.stdout.is_empty() && run.stderr.contains("told by the hook"));
    let mut names: Vec<String> = lines(&site, "environment")
        .iter()
        .map(|line| line.split('=').next().unwrap().to_owned())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["KEYFERRY_DIRECTORY", "KEYFERRY_SET", "LC_ALL", "PATH"]
    );
    assert_eq!(lines(&site, "input"), ["0"]);
    assert!(lines(&site, "umask")[0].ends_with("077"));
    let limits = lines(&site, "limits");
    let core = limits
        .iter()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    for descriptor in lines(&site, "descriptors") {
        let ours = descriptor.starts_with(site.path("run").to_str().unwrap())
            || descriptor.starts_with(site.path("state").to_str().unwrap())
            || descriptor.contains("socket:");
        assert!(!ours, "{descriptor}");
    }
}

#[test]
fn a_failing_hook_is_pending_and_tried_first_without_fetching() {
    let site = site(
        "cat \"$KEYFERRY_DIRECTORY/password\" >> $TOPseen; echo >> $TOPseen; test -e $TOPready",
    );
    let run = site.keyferry(&["sync"]).exits(69);
    run.says("error: mqtt: on_change of mqtt: /bin/sh: exit status 1");
    let status = site.set_status("mqtt");
    assert_eq!(
        (&status["state"], &status["reason"]),
        (&json!("pending"), &json!("hook"))
    );
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    // A new version does not go live before the hook of the last one has run.
    site.seed("mqtt-password", "hunter3");
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(69);
    assert_eq!(
        (site.cloud.requests().len(), site.cloud.connections()),
        (0, 0)
    );
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    site.write("ready", "", 0o600);
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(
        lines(&site, "seen"),
        ["hunter2", "hunter2", "hunter2", "hunter3"]
    );
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(lines(&site, "seen").len(), 4);
}

#[test]
fn an_offline_run_finishes_a_pending_hook() {
    let site = site("echo ran >> $TOPseen; test -e $TOPready");
    site.keyferry(&["sync"]).exits(69);
    site.keyferry(&["sync", "--offline"]).exits(69);
    site.keyferry(&["sync", "--dry-run"]);
    assert_eq!(lines(&site, "seen").len(), 2, "a dry run runs no hook");
    site.write("ready", "", 0o600);
    site.keyferry(&["sync", "--offline"]).exits(0);
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(lines(&site, "seen").len(), 3);
}

#[test]
fn a_hook_that_hangs_is_ended_with_its_children() {
    let site = site("sleep 600 & echo $! > $TOPchild; wait");
    let started = Instant::now();
    site.keyferry(&["sync"])
        .exits(69)
        .says("did not end in time and was killed");
    assert!(started.elapsed() < Duration::from_secs(60));
    let child = lines(&site, "child")[0].clone();
    let until = Instant::now() + Duration::from_secs(10);
    while runs(&child) {
        assert!(Instant::now() < until, "the hook's child lives");
        std::thread::yield_now();
    }
}

fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !matches!(rest.trim().chars().next(), None | Some('Z')))
}

#[test]
fn all_programs_are_tried_and_the_first_failure_is_told() {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    let seen = site.path("seen");
    site.configure(&site.config(json!({"mqtt": {
        "files": {"password": {"secret": "mqtt-password"}},
        "on_change": {"run": [["/nowhere/program", "argument"], ["/usr/bin/touch", seen]]},
    }})));
    site.keyferry(&["sync"])
        .exits(69)
        .says("/nowhere/program: cannot be started")
        .never_says("argument");
    assert!(seen.exists());
}

#[test]
fn units_without_systemd_are_told_by_check_and_by_the_hook() {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.configure(&site.config(json!({"mqtt": {
        "files": {"password": {"secret": "mqtt-password"}},
        "on_change": {"reload": ["mosquitto.service"]},
    }})));
    let Some(run) = without_systemd(&site, &["check"]) else {
        return;
    };
    run.exits(78)
        .says("on_change of mqtt names units, but systemd is not running here")
        .says("use on_change.run");
    let run = without_systemd(&site, &["sync"]).unwrap().exits(69);
    run.says("reload mosquitto.service: systemd is not running here");
}

/// Runs it where systemd does not; as root in a mount namespace where it does here.
fn without_systemd(site: &Site, words: &[&str]) -> Option<Run> {
    if !Path::new("/run/systemd/system").is_dir() {
        return Some(site.keyferry(words));
    }
    if !is_root() {
        return None;
    }
    Some(mounted(site, "mount -t tmpfs none /run/systemd", words))
}

#[test]
fn another_process_of_the_same_user_cannot_look_into_a_run() {
    if !is_root() {
        return;
    }
    let site = site("test ! -r /proc/$PPID/environ && echo closed > $TOPdoor");
    site.give_to(65_534);
    site.run(&mut site.command_as(65_534, &["sync"])).exits(0);
    assert_eq!(lines(&site, "door"), ["closed"]);
}
