//! Disks that are full, read-only or somebody else's: last good stays, the error says what
//! to do. What fills up or is remounted is a private mount of the test.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::namespace::mounted;
use crate::support::{is_root, one_secret, Site};

fn synced() -> Site {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.configure(&site.config(one_secret()));
    site.keyferry(&["sync"]).exits(0);
    site
}

#[test]
fn a_full_disk_keeps_last_good_and_is_74() {
    if !is_root() {
        return;
    }
    let site = Site::new();
    site.hide("hunter2");
    let version = site.vault.set("mqtt-password", &"hunter2 ".repeat(3000));
    let mut config = site.config(one_secret());
    config["sets"]["mqtt"]["directory"] = json!(site.path("small/mqtt"));
    site.configure(&config);
    std::fs::create_dir(site.path("small")).unwrap();
    let _ = version;
    let run = mounted(
        &site,
        "mount -t tmpfs -o size=16k,mode=755 none $TOPsmall",
        &["sync"],
    )
    .exits(74);
    run.says("No space left on device")
        .says("free room on the file system");
    let status = site.set_status("mqtt");
    assert_eq!(
        (&status["state"], &status["reason"]),
        (&json!("failed"), &json!("no_space"))
    );
}

#[test]
fn a_read_only_file_system_is_73_with_a_drop_in_to_paste() {
    if !is_root() {
        return;
    }
    let site = synced();
    site.seed("mqtt-password", "hunter3");
    let read_only =
        "mount --bind $TOPrun/sets $TOPrun/sets && mount -o remount,bind,ro $TOPrun/sets";
    for (words, code) in [(&["sync"][..], 73), (&["check"], 73)] {
        let run = mounted(&site, read_only, words).exits(code);
        let path = site.set("mqtt").display().to_string();
        run.says(&format!("cannot write {path}: Read-only file system"))
            .says("paste this into `systemctl edit keyferry.service keyferry-restore.service`")
            .says(&format!("error:     ReadWritePaths={path}\n"));
    }
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    assert_eq!(site.set_status("mqtt")["reason"], "read_only");
    // The runtime directory ends the run before the first request, the state directory none.
    for (directory, requests) in [("run", 0), ("state", 1)] {
        site.cloud.reset_log();
        crate::staleness::age(&site, "mqtt", 100_000);
        let remount = format!("mount --bind $TOP{directory} $TOP{directory} && mount -o remount,bind,ro $TOP{directory}");
        let run = mounted(&site, &remount, &["sync"]).exits(73);
        let path = site.path(directory).display().to_string();
        run.says(&format!("error:     ReadWritePaths={path}\n"));
        assert_eq!(site.cloud.requests().len(), requests, "{directory}");
    }
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter3");
    assert_eq!(site.status()["run"]["exit_code"], 73);
}

#[test]
fn a_directory_of_another_user_is_refused() {
    if !is_root() {
        return;
    }
    let site = synced();
    std::os::unix::fs::chown(site.set("mqtt"), Some(4711), None).unwrap();
    site.keyferry(&["sync"])
        .exits(73)
        .says("sets/mqtt belongs to user 4711");
    assert_eq!(site.set_status("mqtt")["reason"], "permission");
}

#[test]
fn a_user_without_the_right_to_write_is_told() {
    if !is_root() {
        return;
    }
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.configure(&site.config(one_secret()));
    std::fs::create_dir_all(site.path("run/sets")).unwrap();
    site.give_to(65_534);
    std::os::unix::fs::chown(site.path("run/sets"), Some(0), Some(0)).unwrap();
    std::fs::set_permissions(site.path("run/sets"), PermissionsExt::from_mode(0o755)).unwrap();
    let run = site.run(&mut site.command_as(65_534, &["sync"])).exits(73);
    run.says("Permission denied")
        .says("let the user that runs keyferry write");
}

#[test]
fn an_owner_that_this_user_cannot_give_is_refused_before_any_request() {
    if !is_root() {
        return;
    }
    for (key, value, said) in [
        ("owner", 0, "is to belong to user 0"),
        ("group", 0, "is to belong to group 0"),
    ] {
        let site = Site::new();
        site.seed("mqtt-password", "hunter2");
        let mut config = site.config(one_secret());
        config["sets"]["mqtt"][key] = json!(value);
        site.configure(&config);
        site.give_to(65_534);
        let run = site.run(&mut site.command_as(65_534, &["sync"])).exits(78);
        run.says(said).says("run keyferry as root (CAP_CHOWN)");
        assert_eq!(site.cloud.connections(), 0);
        site.run(&mut site.command_as(65_534, &["check"]))
            .exits(78)
            .says(said);
    }
}

#[test]
fn an_unprivileged_user_serves_sets_of_its_own() {
    if !is_root() {
        return;
    }
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.configure(&site.config(one_secret()));
    site.give_to(65_534);
    site.run(&mut site.command_as(65_534, &["check"])).exits(0);
    for _ in 0..2 {
        site.run(&mut site.command_as(65_534, &["sync"])).exits(0);
    }
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
}
