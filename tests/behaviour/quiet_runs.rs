//! Runs that touch little: unchanged, pinned, offline, dry.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::{json, Value};

use crate::staleness::closed_port;
use crate::support::{access, Site};

fn one_secret(layout: &str) -> Value {
    json!({"mqtt": {"layout": layout, "files": {"password": {"secret": "mqtt-password"}}}})
}

fn site(layout: &str) -> Site {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.configure(&site.config(one_secret(layout)));
    site
}

/// Everything below `path`: access, inode, times of change, content or target.
fn listing(path: &Path) -> BTreeMap<String, String> {
    let mut listing = BTreeMap::new();
    let mut paths = vec![path.to_owned()];
    while let Some(path) = paths.pop() {
        let stat = fs::symlink_metadata(&path).unwrap();
        let content = if stat.is_symlink() {
            fs::read_link(&path).unwrap().display().to_string()
        } else if stat.is_dir() {
            paths.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            String::new()
        } else {
            fs::read_to_string(&path).unwrap()
        };
        let told = format!(
            "{} {} {}.{} {}.{} {content}",
            access(&path),
            stat.ino(),
            stat.mtime(),
            stat.mtime_nsec(),
            stat.ctime(),
            stat.ctime_nsec()
        );
        listing.insert(path.display().to_string(), told);
    }
    listing
}

#[test]
fn an_unchanged_run_touches_neither_set_nor_state() {
    for layout in ["linked", "plain"] {
        let site = site(layout);
        site.keyferry(&["sync"]).exits(0);
        let before = (listing(&site.set("mqtt")), listing(&site.path("state")));
        site.keyferry(&["sync"]).exits(0).never_says("switched");
        site.keyferry(&["sync", "--offline"]).exits(0);
        assert_eq!(
            before,
            (listing(&site.set("mqtt")), listing(&site.path("state")))
        );
    }
}

#[test]
fn an_older_confirmation_on_flash_is_written_anew() {
    let site = site("linked");
    site.keyferry(&["sync"]).exits(0);
    let before = listing(&site.path("state"));
    crate::staleness::age(&site, "mqtt", 86_401);
    site.keyferry(&["sync"]).exits(0);
    assert_ne!(before, listing(&site.path("state")));
}

#[test]
fn a_pinned_version_on_disk_costs_no_request_and_no_connection() {
    for layout in ["linked", "plain"] {
        let site = site(layout);
        let version = site.seed("mqtt-password", "pinned one");
        site.seed("mqtt-password", "a later one");
        let mut config = site.config(one_secret(layout));
        config["sets"]["mqtt"]["files"]["password"]["version"] = json!(version);
        site.configure(&config);
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "pinned one");
        site.cloud.reset_log();
        // Not even the credential is read.
        fs::remove_file(site.path("etc/device.pem")).unwrap();
        site.keyferry(&["sync"])
            .exits(0)
            .says("0 requests on 0 connections");
        assert_eq!(
            (site.cloud.requests().len(), site.cloud.connections()),
            (0, 0)
        );
        assert_eq!(site.set_status("mqtt")["state"], "current");
    }
}

#[test]
fn offline_needs_no_network_and_heals() {
    for layout in ["linked", "plain"] {
        let site = site(layout);
        let run = site.keyferry(&["sync", "--offline"]).exits(69);
        run.says("set mqtt has no whole version on disk")
            .says("next: run `keyferry sync mqtt` once with a network");
        assert_eq!(site.set_status("mqtt")["reason"], "nothing_on_disk");
        site.keyferry(&["sync"]).exits(0);
        let mut config = site.config(one_secret(layout));
        for host in [site.cloud.login_host(), site.vault.host().to_owned()] {
            config["network"]["resolve"][host] = json!(closed_port());
        }
        config["network"]["ca_file"] = json!("/nowhere/ca.pem");
        site.configure(&config);
        let left_over = if layout == "linked" {
            let path = site.set("mqtt").join(".keyferry/0123456789abcdef");
            fs::create_dir(&path).unwrap();
            fs::remove_file(site.set("mqtt").join("password")).unwrap();
            path
        } else {
            let path = site.set("mqtt").join(".password.0123456789abcdef");
            fs::write(&path, "half").unwrap();
            path
        };
        fs::remove_file(site.path("etc/device.pem")).unwrap();
        site.cloud.reset_log();
        site.keyferry(&["sync", "--offline"])
            .exits(0)
            .says("was removed");
        assert!(!left_over.exists());
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
        assert_eq!(site.cloud.connections(), 0);
        assert_eq!(site.status()["run"]["offline"], true);
    }
}

#[test]
fn a_dry_run_tells_all_and_changes_nothing() {
    for layout in ["linked", "plain"] {
        let site = site(layout);
        let mut config = site.config(one_secret(layout));
        config["sets"]["mqtt"]["on_change"] = json!({"run": [["/bin/false"]]});
        site.keyferry(&["sync"]).exits(0);
        let new = site.seed("mqtt-password", "hunter3");
        config["sets"]["mqtt"]["files"]["second"] = json!({"secret": "mqtt-password"});
        config["sets"]["vpn"] = json!({"files": {"key": {"secret": "mqtt-password"}}});
        site.configure(&config);
        let before = (listing(&site.path("run")), listing(&site.path("state")));
        let run = site.keyferry(&["sync", "--dry-run"]).exits(0);
        run.says(&format!("→ {}…", &new[..4]))
            .says("mqtt  would switch, 2 files changed; would run /bin/false")
            .says("vpn  would switch, 1 file changed");
        let mut after = (listing(&site.path("run")), listing(&site.path("state")));
        let mut before = before;
        for listing in [&mut before.0, &mut after.0] {
            // The lock says who holds it; that is all.
            listing.remove(site.path("run/lock").to_str().unwrap());
        }
        assert_eq!(before, after);
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    }
}

#[test]
fn a_dry_run_needs_no_directories_yet() {
    let site = site("linked");
    site.keyferry(&["sync", "--dry-run"])
        .exits(0)
        .says("mqtt  password  - →");
    assert!(!site.set("mqtt").exists() && !site.path("run/status.json").exists());
    assert!(!site.path("state/state.json").exists());
}

#[test]
fn a_second_run_waits_for_the_lock_and_names_its_holder() {
    let site = site("linked");
    site.keyferry(&["sync"]).exits(0);
    let lock = fs::File::options()
        .write(true)
        .open(site.path("run/lock"))
        .unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    site.write("run/lock", "4711\n", 0o600);
    let mut config = site.config(one_secret("linked"));
    config["network"]["deadline"] = json!("1s");
    site.configure(&config);
    site.keyferry(&["sync"])
        .exits(75)
        .says("another run (process 4711) holds");
    drop(lock);
    site.keyferry(&["sync"]).exits(0);
}

#[test]
fn runs_at_once_do_their_work_one_after_the_other() {
    let site = site("linked");
    site.cloud.fault(cloud::Fault {
        matching: cloud::Match::Any,
        action: cloud::Action::Delay(std::time::Duration::from_millis(300)),
        times: 1,
    });
    let start = || {
        let mut command = site.command(&["sync"]);
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let runs = [start(), start(), start(), start()]
        .map(|child| crate::support::Run::of(child.wait_with_output().unwrap()));
    let switches = runs.map(|run| run.exits(0).all().matches("switched to").count());
    assert_eq!(switches.iter().sum::<usize>(), 1);
    assert_eq!(site.cloud.requests().len(), 5, "one sign-in, four fetches");
}
