//! Files on disk: modes, owners, layouts, names that come and go, what is in the way.

use std::fs;
use std::os::unix::fs::{symlink, MetadataExt, PermissionsExt};

use serde_json::{json, Value};

use crate::support::{access, is_root, Site};

const LAYOUTS: [&str; 2] = ["linked", "plain"];

fn set(layout: &str, files: Value) -> Value {
    json!({"mqtt": {"layout": layout, "files": files}})
}

fn site(layout: &str) -> Site {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.seed("mqtt-key", "-----BEGIN NOTHING-----\nää\n");
    site.configure(&site.config(set(
        layout,
        json!({"password": {"secret": "mqtt-password"}, "key": {"secret": "mqtt-key", "mode": "0400"}}),
    )));
    site
}

#[test]
fn both_layouts_deliver_byte_for_byte_with_the_configured_modes() {
    for layout in LAYOUTS {
        let site = site(layout);
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
        assert_eq!(
            site.delivered("mqtt", "key").unwrap(),
            "-----BEGIN NOTHING-----\nää\n"
        );
        for (file, mode) in [("password", "100440 "), ("key", "100400 ")] {
            let path = fs::canonicalize(site.set("mqtt").join(file)).unwrap();
            assert!(
                access(&path).starts_with(mode),
                "{layout} {file} {}",
                access(&path)
            );
            let linked = site.set("mqtt").join(file).is_symlink();
            assert_eq!(linked, layout == "linked");
        }
        assert!(access(&site.set("mqtt")).starts_with("40750 "));
        assert!(access(&site.path("run")).starts_with("40755 "));
        assert!(access(&site.path("state")).starts_with("40700 "));
        assert!(access(&site.path("run/status.json")).starts_with("100640 "));
        assert!(access(&site.path("state/state.json")).starts_with("100600 "));
    }
}

#[test]
fn a_rotation_switches_all_files_of_a_set() {
    for layout in LAYOUTS {
        let site = site(layout);
        site.keyferry(&["sync"]).exits(0);
        let before = site.set_status("mqtt")["generation"].clone();
        site.seed("mqtt-password", "hunter3, longer");
        let run = site.keyferry(&["sync"]).exits(0);
        run.says("switched to").says("1 file changed");
        assert_eq!(
            site.delivered("mqtt", "password").unwrap(),
            "hunter3, longer"
        );
        assert_eq!(
            site.delivered("mqtt", "key").unwrap(),
            "-----BEGIN NOTHING-----\nää\n"
        );
        assert_ne!(site.set_status("mqtt")["generation"], before);
    }
}

#[test]
fn files_come_and_go_with_the_configuration() {
    for layout in LAYOUTS {
        let site = site(layout);
        site.keyferry(&["sync"]).exits(0);
        site.configure(&site.config(set(
            layout,
            json!({"password": {"secret": "mqtt-password"}, "second": {"secret": "mqtt-key"}}),
        )));
        site.keyferry(&["sync"])
            .exits(0)
            .says("mqtt  key")
            .says("removed");
        assert!(!site.set("mqtt").join("key").is_symlink());
        assert_eq!(site.delivered("mqtt", "key"), None);
        assert!(site.delivered("mqtt", "second").is_some());
        // What the vault still has is not asked for when only a file goes.
        site.configure(&site.config(set(
            layout,
            json!({"password": {"secret": "mqtt-password"}}),
        )));
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(site.delivered("mqtt", "second"), None);
    }
}

#[test]
fn a_change_of_layout_converts_in_place() {
    for (from, to) in [("linked", "plain"), ("plain", "linked")] {
        let site = site(from);
        site.keyferry(&["sync"]).exits(0);
        let mut config = site.config(set(
            to,
            json!({"password": {"secret": "mqtt-password"}, "key": {"secret": "mqtt-key", "mode": "0400"}}),
        ));
        config["sets"]["mqtt"]["on_change"] = json!({"run": [["/bin/false"]]});
        site.configure(&config);
        site.keyferry(&["sync", "--offline"])
            .exits(0)
            .says("brought into the configured layout");
        let path = site.set("mqtt").join("password");
        assert_eq!(path.is_symlink(), to == "linked");
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    }
}

#[test]
fn drifted_modes_are_repaired_in_place_without_a_hook() {
    for layout in LAYOUTS {
        let site = site(layout);
        let mut config = site.config(set(
            layout,
            json!({"password": {"secret": "mqtt-password"}}),
        ));
        let touched = site.path("hooked");
        config["sets"]["mqtt"]["on_change"] =
            json!({"run": [["/bin/sh", "-c", format!("echo x >> {}", touched.display())]]});
        site.configure(&config);
        site.keyferry(&["sync"]).exits(0);
        let path = fs::canonicalize(site.set("mqtt").join("password")).unwrap();
        let inode = fs::metadata(&path).unwrap().ino();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        site.keyferry(&["sync"]).exits(0).says("put right");
        assert!(access(&path).starts_with("100440 "));
        // The same by the configuration.
        config["sets"]["mqtt"]["files"]["password"]["mode"] = json!("0400");
        site.configure(&config);
        site.keyferry(&["sync"]).exits(0);
        assert!(access(&path).starts_with("100400 "));
        assert_eq!(fs::metadata(&path).unwrap().ino(), inode, "in place");
        assert_eq!(
            fs::read_to_string(&touched).unwrap(),
            "x\n",
            "one hook, of the first sync"
        );
    }
}

#[test]
fn damaged_content_is_fetched_again() {
    for layout in LAYOUTS {
        let site = site(layout);
        site.keyferry(&["sync"]).exits(0);
        let path = fs::canonicalize(site.set("mqtt").join("password")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "hunter!").unwrap();
        site.keyferry(&["sync", "--offline"]).exits(69);
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    }
}

#[test]
fn root_gives_files_to_numeric_owners() {
    if !is_root() {
        return;
    }
    for layout in LAYOUTS {
        let site = site(layout);
        let mut config = site.config(set(
            layout,
            json!({"password": {"secret": "mqtt-password"}}),
        ));
        config["sets"]["mqtt"]["owner"] = json!(4711);
        config["sets"]["mqtt"]["group"] = json!(4712);
        site.configure(&config);
        site.keyferry(&["sync"]).exits(0);
        let path = fs::canonicalize(site.set("mqtt").join("password")).unwrap();
        assert_eq!(access(&path), "100440 4711:4712");
        // Directories stay keyferry's, for the set's group.
        assert_eq!(access(&site.set("mqtt")), "40750 0:4712");
        site.keyferry(&["sync"]).exits(0).never_says("put right");
    }
}

#[test]
fn a_foreign_file_is_named_and_left_alone() {
    for layout in LAYOUTS {
        let site = site(layout);
        site.write("run/sets/mqtt/password", "somebody's", 0o600);
        fs::set_permissions(site.set("mqtt"), fs::Permissions::from_mode(0o755)).unwrap();
        let run = site.keyferry(&["sync"]).exits(73);
        run.says("sets/mqtt/password exists and was not put there by keyferry");
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "somebody's");
        assert_eq!(site.set_status("mqtt")["reason"], "foreign_file");
    }
}

#[test]
fn a_directory_that_others_can_change_is_refused_with_its_rule() {
    let site = site("linked");
    fs::create_dir_all(site.path("run/sets")).unwrap();
    fs::set_permissions(site.path("run/sets"), fs::Permissions::from_mode(0o777)).unwrap();
    let run = site.keyferry(&["sync"]).exits(73);
    run.says("run/sets is writable by its group");
    fs::remove_dir_all(site.path("run/sets")).unwrap();
    fs::create_dir(site.path("elsewhere")).unwrap();
    symlink(site.path("elsewhere"), site.path("run/sets")).unwrap();
    site.keyferry(&["sync"])
        .exits(73)
        .says("run/sets is a symbolic link");
    assert_eq!(fs::read_dir(site.path("elsewhere")).unwrap().count(), 0);
    assert_eq!(site.set_status("mqtt")["reason"], "permission");
}

#[test]
fn a_directory_of_another_set_is_refused() {
    let site = site("linked");
    site.keyferry(&["sync"]).exits(0);
    let other = json!({"vpn": {"directory": site.set("mqtt"), "files": {"password": {"secret": "mqtt-password"}}}});
    site.configure(&site.config(other));
    site.keyferry(&["sync"])
        .exits(78)
        .says("already belongs to set mqtt");
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
}

#[test]
fn state_of_a_later_release_is_left_untouched() {
    let site = site("linked");
    site.keyferry(&["sync"]).exits(0);
    let current = fs::canonicalize(site.set("mqtt").join(".keyferry/current")).unwrap();
    let marker = current.join(".keyferry.json");
    let text = fs::read_to_string(&marker).unwrap();
    fs::write(
        &marker,
        text.replace("\"format\":1", "\"format\":9")
            .replace("\"format\": 1", "\"format\": 9"),
    )
    .unwrap();
    let run = site.keyferry(&["sync"]).exits(65);
    run.says("was written by a later release and is left untouched");
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    fs::write(&marker, text).unwrap();
    site.write("state/state.json", "{\"format\": 9}", 0o600);
    site.keyferry(&["sync"])
        .exits(0)
        .says("state/state.json was written by a later release");
    assert_eq!(
        fs::read_to_string(site.path("state/state.json")).unwrap(),
        "{\"format\": 9}"
    );
}
