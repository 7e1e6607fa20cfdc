//! `purge`: what was delivered goes, nothing else, and then it is forgotten.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use cloud::{Action, Fault, Match, Secret};
use serde_json::{json, Value};

use crate::golden;
use crate::namespace::{entered, mounted};
use crate::support::{is_root, program, Run, Site};

const LAYOUTS: [&str; 2] = ["linked", "plain"];

fn files() -> Value {
    json!({"password": {"secret": "mqtt-password"}, "key": {"secret": "mqtt-key"}})
}

/// Two sets, of which `mqtt` lies elsewhere than usual.
fn sets(site: &Site, layout: &str) -> Value {
    json!({
        "mqtt": {"layout": layout, "files": files(), "directory": site.path("srv/mqtt")},
        "web": {"layout": layout, "files": files()},
    })
}

/// A site on which they were delivered twice.
fn delivered(layout: &str) -> Site {
    let site = Site::new();
    site.configure(&site.config(sets(&site, layout)));
    for number in [1, 2] {
        site.seed("mqtt-password", &format!("hunter{number}"));
        site.seed("mqtt-key", &format!("swordfish{number}"));
        site.keyferry(&["sync"]).exits(0);
    }
    site
}

/// All paths below the test's directory but for its configuration.
fn listing(site: &Site) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut paths = vec![site.path("")];
    while let Some(path) = paths.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                paths.push(entry.path());
            }
            found.insert(entry.path());
        }
    }
    found.retain(|path| !path.starts_with(site.path("etc")));
    found
}

/// All content below the test's directory, links as their targets.
fn contents(site: &Site) -> Vec<(PathBuf, String)> {
    let mut paths = listing(site);
    // It says who holds it.
    paths.remove(&site.path("run/lock"));
    let content = |path: PathBuf| {
        let content = match (path.is_symlink(), path.is_file()) {
            (true, _) => fs::read_link(&path).unwrap().display().to_string(),
            (_, true) => String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
            _ => String::new(),
        };
        (path, content)
    };
    paths.into_iter().map(content).collect()
}

fn state(site: &Site) -> Value {
    serde_json::from_slice(&fs::read(site.path("state/state.json")).unwrap()).unwrap()
}

/// Nothing is left that knows the set.
#[track_caller]
fn assert_forgotten(site: &Site, set: &str) {
    let quoted = format!("\"{set}\"");
    for file in ["state/state.json", "run/status.json", "run/seen.json"] {
        let text = fs::read_to_string(site.path(file)).unwrap_or_default();
        assert!(!text.contains(&quoted), "{file}: {text}");
    }
}

#[track_caller]
fn assert_matches(site: &Site, name: &str, run: &Run) {
    golden::matches(site, name, run);
}

#[test]
fn a_set_goes_with_all_that_is_known_of_it_and_comes_back_if_it_is_configured() {
    for layout in LAYOUTS {
        let site = delivered(layout);
        site.cloud.reset_log();
        fs::rename(site.path("etc/device.pem"), site.path("etc/away")).unwrap();
        let run = site.keyferry(&["purge", "web"]).exits(0);
        assert_matches(&site, "purge", &run);
        assert_eq!(site.cloud.connections(), 0, "without network and identity");
        assert!(!site.set("web").exists());
        assert_forgotten(&site, "web");
        let password = fs::read_to_string(site.path("srv/mqtt/password"));
        assert_eq!(password.unwrap(), "hunter2", "the other one stays");
        assert_eq!(site.set_status("mqtt")["state"], "current");
        let tokens = listing(&site);
        let tokens = tokens
            .iter()
            .filter(|path| path.display().to_string().contains("/token-"));
        assert_eq!(tokens.count(), 1);
        fs::rename(site.path("etc/away"), site.path("etc/device.pem")).unwrap();
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(site.delivered("web", "password").unwrap(), "hunter2");
        // Twice is once.
        for _ in 0..2 {
            site.keyferry(&["purge", "web", "web"]).exits(0);
        }
        assert!(!site.set("web").exists());
    }
}

#[test]
fn a_directory_that_may_be_somebody_elses_stays_empty() {
    for layout in LAYOUTS {
        let site = delivered(layout);
        site.keyferry(&["purge", "mqtt"]).exits(0);
        assert_eq!(fs::read_dir(site.path("srv/mqtt")).unwrap().count(), 0);
        // Of those below the runtime directory nothing is left, whatever the configuration
        // made above it.
        let mut config = site.config(sets(&site, layout));
        config["sets"]["web"]["directory"] = json!(site.path("run/sets/line/7/web"));
        site.configure(&config);
        site.keyferry(&["sync"]).exits(0);
        site.keyferry(&["purge", "web"]).exits(0);
        assert!(!site.path("run/sets/line").exists());
    }
}

#[test]
fn all_directories_of_a_set_go_configured_or_orphaned() {
    for layout in LAYOUTS {
        let site = delivered(layout);
        let mut config = site.config(sets(&site, layout));
        config["sets"]["mqtt"]["directory"] = json!(site.path("srv/other"));
        config["sets"].as_object_mut().unwrap().remove("web");
        site.configure(&config);
        let run = site.keyferry(&["sync"]).exits(0);
        run.says("keyferry purge mqtt").says("keyferry purge web");
        site.keyferry(&["purge", "mqtt", "web"])
            .exits(0)
            .says("delivers mqtt again");
        for path in ["srv/mqtt/password", "srv/other/password", "run/sets/web"] {
            assert!(!site.path(path).exists(), "{layout} {path}");
        }
        assert_eq!(site.status()["orphaned"], json!([]));
        for set in ["mqtt", "web"] {
            assert_forgotten(&site, set);
        }
    }
}

#[test]
fn whatever_keyferry_left_in_a_directory_goes() {
    let id = "0123456789abcdef";
    for layout in LAYOUTS {
        let site = delivered(layout);
        let hold = "run/sets/web/.keyferry";
        for name in [
            format!("{hold}/partial-{id}"),
            format!("{hold}/partial-{id}.json"),
            format!("{hold}/.partial-{id}.json.{id}"),
            format!("{hold}/.current.{id}"),
            format!("{hold}/pending"),
            format!("{hold}/intent"),
            format!("{hold}/{id}/password"),
            format!("run/sets/web/.password.{id}"),
            format!("run/sets/web/.never-configured.{id}"),
        ] {
            site.write(&name, "half", 0o600);
        }
        let link = format!("run/sets/web/.key.{id}");
        symlink(".keyferry/current/key", site.path(&link)).unwrap();
        site.keyferry(&["purge", "web"]).exits(0);
        assert!(!site.set("web").exists(), "{layout}");
    }
}

#[test]
fn what_somebody_else_has_put_there_stays_and_is_told() {
    for layout in LAYOUTS {
        let site = delivered(layout);
        let strange = "read\u{1b}[2Jme";
        for name in ["other", ".keyferry/notes", ".other.0123", strange] {
            site.write(&format!("run/sets/web/{name}"), "mine", 0o600);
        }
        for number in 0..20 {
            site.write(&format!("srv/mqtt/more-{number:02}"), "mine", 0o600);
        }
        let run = site.keyferry(&["purge", "web", "mqtt"]).exits(0);
        assert_matches(&site, "purge_foreign", &run);
        for name in ["other", ".keyferry/notes", ".other.0123", strange] {
            let path = site.set("web").join(name);
            assert_eq!(fs::read_to_string(path).unwrap(), "mine");
        }
        assert_eq!(fs::read_dir(site.set("web")).unwrap().count(), 4);
        assert_eq!(fs::read_dir(site.path("srv/mqtt")).unwrap().count(), 20);
        assert_forgotten(&site, "web");
    }
}

#[test]
fn a_delivered_file_that_somebody_has_changed_stays_and_is_73() {
    let site = delivered("plain");
    let secret = site.path("elsewhere");
    fs::write(&secret, "hunter2").unwrap();
    let password = site.set("web").join("password");
    fs::remove_file(&password).unwrap();
    symlink(&secret, &password).unwrap();
    // As long as it was.
    let key = site.path("srv/mqtt/key");
    fs::remove_file(&key).unwrap();
    fs::write(&key, "swordfish3").unwrap();
    let run = site.keyferry(&["purge", "web", "mqtt"]).exits(73);
    assert_matches(&site, "purge_changed", &run);
    assert!(password.is_symlink() && secret.exists() && key.exists());
    assert!(!site.set("web").join("key").exists());
    // What is somebody else's now is no concern of ours any more.
    assert!(!site.set("web").join(".keyferry").exists());
    for set in ["mqtt", "web"] {
        assert_forgotten(&site, set);
    }
    let site = delivered("linked");
    let password = site.set("web").join("password");
    fs::remove_file(&password).unwrap();
    fs::write(&password, "hunter2").unwrap();
    site.keyferry(&["purge", "web"])
        .exits(73)
        .says("web/password  (changed since it was delivered)");
    assert!(password.exists());
}

#[test]
fn no_link_is_followed() {
    for layout in LAYOUTS {
        let site = delivered(layout);
        fs::rename(site.path("srv/mqtt"), site.path("srv/real")).unwrap();
        symlink("real", site.path("srv/mqtt")).unwrap();
        let hold = site.set("web").join(".keyferry");
        fs::rename(&hold, site.path("hold")).unwrap();
        symlink(site.path("hold"), &hold).unwrap();
        let before = contents(&site);
        let run = site.keyferry(&["purge", "--all"]).exits(73);
        run.says("srv/mqtt is a symbolic link to real")
            .says("web/.keyferry is a symbolic link to ")
            .says("not purged: mqtt, web; purge again when that is put right");
        assert_eq!(contents(&site), before);
    }
}

#[test]
fn a_directory_of_another_instance_or_set_is_left_alone() {
    for layout in LAYOUTS {
        let site = delivered(layout);
        site.configure(&site.config(json!({
            "mqtt": {"files": files(), "directory": site.path("srv/mqtt")},
        })));
        let before = contents(&site);
        let run = site.keyferry(&["purge", "mqtt", "--instance", "line2"]);
        run.exits(0).says("srv/mqtt already belongs to set mqtt");
        let mut after = contents(&site);
        after.retain(|(path, _)| !path.starts_with(site.path("run/line2")));
        assert_eq!(after, before);
    }
}

#[test]
fn what_a_later_release_wrote_can_be_purged() {
    for layout in LAYOUTS {
        let site = delivered(layout);
        let hold = site.set("web").join(".keyferry");
        let marker = match layout {
            "linked" => fs::canonicalize(hold.join("current")).unwrap(),
            _ => hold,
        };
        let marker = marker.join(".keyferry.json");
        let text = fs::read_to_string(&marker).unwrap();
        fs::write(&marker, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
        site.keyferry(&["sync"])
            .exits(65)
            .says("or purge the set and let this one fetch it");
        site.keyferry(&["purge", "web"]).exits(0);
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(site.delivered("web", "password").unwrap(), "hunter2");
    }
}

#[test]
fn a_pending_hook_goes_with_its_set() {
    for layout in LAYOUTS {
        let site = delivered(layout);
        let mut config = site.config(sets(&site, layout));
        config["sets"]["web"]["on_change"] = json!({"run": [["/bin/false"]]});
        site.configure(&config);
        site.seed("mqtt-key", "sardine");
        site.keyferry(&["sync"]).exits(69);
        assert!(site.set("web").join(".keyferry/pending").exists());
        site.keyferry(&["purge", "web"]).exits(0);
        config["sets"]["web"]["on_change"] = json!({"run": [["/bin/true"]]});
        site.configure(&config);
        site.keyferry(&["sync"])
            .exits(0)
            .never_says("is pending and is tried again");
    }
}

#[test]
fn what_was_seen_of_a_set_is_forgotten_and_of_others_is_not() {
    let site = Site::new();
    for name in ["mqtt-password", "mqtt-key"] {
        let mut secret = Secret::new("hunter2");
        secret.created = Some(1_000_000_000);
        site.vault.set_with(name, secret);
    }
    let mut config = site.config(sets(&site, "linked"));
    for set in ["mqtt", "web"] {
        config["sets"][set]["change_check"] = json!("list");
    }
    site.configure(&config);
    site.keyferry(&["sync"]).exits(0);
    let seen = || fs::read_to_string(site.path("run/seen.json")).unwrap();
    assert!(seen().contains("\"web\"") && seen().contains("\"mqtt\""));
    site.keyferry(&["purge", "web"]).exits(0);
    assert!(!seen().contains("\"web\"") && seen().contains("\"mqtt\""));
}

#[test]
fn a_blob_that_came_in_part_goes_too() {
    let site = Site::new();
    let account = site.cloud.storage_account("plant7store");
    account.add_container("firmware");
    account.put("firmware", "gw.bin", vec![b'x'; 100_000]);
    let blob =
        json!({"blob": {"account": "plant7store", "container": "firmware", "name": "gw.bin"}});
    let mut config = site.config(json!({"image": {"files": {"gw.bin": blob}}}));
    config.as_object_mut().unwrap().remove("vault");
    let host = site.cloud.blob_host("plant7store");
    config["network"]["resolve"][host] = json!(site.cloud.address().to_string());
    config["network"]["max_requests"] = json!(2);
    site.configure(&config);
    site.cloud.fault(Fault {
        matching: Match::Path("/firmware/gw.bin".to_owned()),
        action: Action::CutAfter(50_000),
        times: 9,
    });
    let code = site.keyferry(&["sync"]).code;
    assert_ne!(code, 0);
    let hold = site.set("image").join(".keyferry");
    let names = fs::read_dir(hold).unwrap();
    let names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        names.iter().any(|name| name.starts_with("partial-")),
        "{names:?}"
    );
    site.keyferry(&["purge", "image"]).exits(0);
    assert!(!site.set("image").exists());
}

#[test]
fn a_dry_run_names_exactly_what_would_go_and_changes_nothing() {
    for layout in LAYOUTS {
        for words in [&["purge", "web", "mqtt"][..], &["purge", "--all"]] {
            let site = delivered(layout);
            let old = json!({"old": {"layout": layout, "files": files()}});
            site.configure(&site.config(old));
            site.keyferry(&["sync"]).exits(0);
            site.write("run/sets/web/notes", "mine", 0o600);
            let (before, paths) = (contents(&site), listing(&site));
            let mut dry = words.to_vec();
            dry.push("--dry-run");
            let run = site.keyferry(&dry).exits(0);
            assert_eq!(contents(&site), before);
            let told = run.stdout.lines();
            let told: Vec<PathBuf> = told
                .filter_map(|line| line.strip_prefix("    "))
                .map(PathBuf::from)
                .collect();
            if words.len() == 2 && layout == "plain" {
                assert_matches(&site, "purge_dry_run", &run);
            }
            site.keyferry(words).exits(0);
            let left = listing(&site);
            let gone: BTreeSet<PathBuf> = paths.difference(&left).cloned().collect();
            assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), gone);
            assert_eq!(told.len(), gone.len());
        }
    }
}

#[test]
fn a_dry_run_needs_no_directories() {
    let site = Site::with_one_secret();
    for words in [
        &["purge", "--dry-run", "mqtt"][..],
        &["purge", "--dry-run", "--all"],
    ] {
        site.keyferry(words).exits(0).says("mqtt  nothing there");
    }
    assert!(listing(&site).is_empty());
}

#[test]
fn all_leaves_nothing_but_the_directories_and_what_is_not_ours() {
    for layout in LAYOUTS {
        let site = delivered(layout);
        site.write("state/keyferry", "the package's", 0o600);
        site.write("state/.state.json.0123456789abcdef", "half", 0o600);
        for unfinished in ["run", "run/sets", "state"] {
            let name = format!("{unfinished}/.keyferry.0123456789abcdef");
            fs::create_dir(site.path(&name)).unwrap();
        }
        site.write("run/token-0123456789abcdeg.json", "mine", 0o600);
        let run = site.keyferry(&["purge", "--all"]).exits(0);
        assert_matches(&site, "purge_all", &run);
        let left: BTreeSet<PathBuf> = [
            "run",
            "run/token-0123456789abcdeg.json",
            "srv",
            "srv/mqtt",
            "state",
            "state/keyferry",
        ]
        .map(|name| site.path(name))
        .into();
        assert_eq!(listing(&site), left);
        site.keyferry(&["purge", "--all"]).exits(0);
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(site.delivered("web", "password").unwrap(), "hunter2");
    }
}

#[test]
fn all_takes_the_pin_of_a_private_cloud_along() {
    let site = delivered("linked");
    site.write("state/cloud.json", "{\"format\": 1}", 0o600);
    site.keyferry(&["purge", "--all"]).exits(0);
    assert_eq!(fs::read_dir(site.path("state")).unwrap().count(), 0);
}

#[test]
fn an_instance_goes_alone_and_whole() {
    let site = delivered("linked");
    site.configure(&site.config(json!({"web": {"files": files()}})));
    site.keyferry(&["sync", "--instance", "line2"]).exits(0);
    let left = listing(&site);
    site.keyferry(&["purge", "--all", "--instance", "line2"])
        .exits(0);
    for path in ["run/line2", "state/line2"] {
        assert!(!site.path(path).exists(), "{path}");
    }
    let left: BTreeSet<PathBuf> = left
        .into_iter()
        .filter(|path| !path.display().to_string().contains("/line2"))
        .collect();
    assert_eq!(listing(&site), left);
    // The other way round: an instance is not the main one's to remove.
    site.keyferry(&["sync", "--instance", "line2"]).exits(0);
    let run = site.keyferry(&["purge", "--all"]).exits(0);
    run.says("run/line2  (not ours to remove)")
        .says("state/line2  (not ours to remove)");
    let own = site.path("run/line2/sets/web/password");
    assert_eq!(fs::read_to_string(own).unwrap(), "hunter2");
}

#[test]
fn a_configuration_that_cannot_be_used_is_no_obstacle_to_what_is_remembered() {
    for words in [&["purge", "mqtt", "web"][..], &["purge", "--all"]] {
        let site = delivered("linked");
        let mut config = site.config(sets(&site, "linked"));
        config["identity"]["client_id"] = json!("no guid");
        config["sets"]["vpn"] = json!({"files": files()});
        site.configure(&config);
        site.keyferry(&["purge", "vpn"])
            .exits(64)
            .says("the configuration does not count: ")
            .says("no set vpn is known; known sets: mqtt, web");
        site.keyferry(words)
            .exits(0)
            .says("the configuration does not count: ")
            .never_says("still configured");
        assert!(!site.set("web").exists());
        assert_eq!(fs::read_dir(site.path("srv/mqtt")).unwrap().count(), 0);
    }
    // A broken set is known by its name.
    let site = delivered("linked");
    let mut config = site.config(sets(&site, "linked"));
    config["sets"]["web"] = json!({"flies": {}});
    site.configure(&config);
    let run = site.keyferry(&["purge", "web"]).exits(0);
    run.says("the next sync delivers web again");
    assert!(!site.set("web").exists());
}

#[test]
fn all_purges_the_usual_directories_where_no_configuration_names_others() {
    let name = "purge::all_purges_the_usual_directories_where_no_configuration_names_others";
    let script =
        "for directory in /run /var/lib; do mount -t tmpfs -o mode=755 none $directory; done";
    if !entered(name, script) {
        return;
    }
    for instance in [None, Some("line2")] {
        let site = Site::new();
        site.seed("mqtt-password", "hunter2");
        site.seed("mqtt-key", "swordfish");
        let mut config = site.config(sets(&site, "plain"));
        for key in ["runtime_directory", "state_directory"] {
            config.as_object_mut().unwrap().remove(key);
        }
        site.configure(&config);
        let mut words = vec!["sync"];
        words.extend(instance.map(|_| "--instance"));
        words.extend(instance);
        site.keyferry(&words).exits(0);
        let below = |top: &str| Path::new(top).join("keyferry").join(instance.unwrap_or(""));
        let password = below("/run").join("sets/web/password");
        assert!(password.exists() && below("/var/lib").join("state.json").exists());
        // Nobody remembers one of them, or there is only the memory.
        let state = below("/var/lib").join("state.json");
        let text = fs::read_to_string(&state).unwrap();
        let mut memory: Value = serde_json::from_str(&text).unwrap();
        memory["sets"].as_object_mut().unwrap().remove("web");
        memory["directories"].as_array_mut().unwrap().pop();
        fs::write(&state, memory.to_string()).unwrap();
        fs::remove_dir_all(site.path("etc")).unwrap();
        words[0] = "purge";
        words.push("--all");
        let mut command = program();
        let run = site.run(command.args(&words)).exits(0);
        run.says("config.json: does not exist");
        assert_eq!(fs::read_dir(site.path("srv/mqtt")).unwrap().count(), 0);
        for top in ["/run", "/var/lib"] {
            let left = fs::read_dir(below(top)).map_or(0, Iterator::count);
            assert_eq!(left, 0, "{top}");
            assert_eq!(below(top).exists(), instance.is_none());
        }
    }
}

#[test]
fn which_sets_there_are_is_told_to_those_who_name_none_or_a_wrong_one() {
    let site = Site::with_one_secret();
    let text = "purge wants the names of sets, or --all; known sets: ";
    site.keyferry(&["purge"])
        .exits(64)
        .says(&format!("{text}mqtt\n"));
    assert!(listing(&site).is_empty(), "a question writes nothing");
    site.configure(&site.config(json!({})));
    site.keyferry(&["purge", "--dry-run"])
        .exits(64)
        .says(&format!("{text}none\n"));
    let site = delivered("linked");
    site.configure(&site.config(json!({"web": {"files": files()}})));
    site.keyferry(&["sync"]).exits(0);
    let before = contents(&site);
    site.keyferry(&["purge"])
        .exits(64)
        .says(&format!("{text}web, mqtt (orphaned)\n"));
    site.keyferry(&["purge", "mqtt", "wbe"])
        .exits(64)
        .says("no set wbe is known; did you mean web?; known sets: web, mqtt (orphaned)\n");
    assert_eq!(contents(&site), before, "nothing of the others went");
}

#[test]
fn another_run_is_waited_for() {
    let site = delivered("linked");
    let lock = fs::File::options()
        .write(true)
        .open(site.path("run/lock"))
        .unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    site.write("run/lock", "4711\n", 0o600);
    let mut config = site.config(sets(&site, "linked"));
    config["network"]["timeout"] = json!("1s");
    config["network"]["deadline"] = json!("1s");
    site.configure(&config);
    for words in [
        &["purge", "web"][..],
        &["purge", "--all"],
        &["purge", "web", "--dry-run"],
    ] {
        site.keyferry(words)
            .exits(75)
            .says("another run (process 4711) holds");
    }
    assert_eq!(site.delivered("web", "password").unwrap(), "hunter2");
    drop(lock);
    site.keyferry(&["purge", "web"]).exits(0);
}

#[test]
fn what_cannot_be_removed_is_73_and_stays_known_until_it_can() {
    if !is_root() {
        return;
    }
    for words in [&["purge", "web", "mqtt"][..], &["purge", "--all"]] {
        let site = delivered("plain");
        let busy = "cp $TOPrun/sets/web/password $TOPcopy; mount --bind $TOPcopy $TOPrun/sets/web/password";
        let run = mounted(&site, busy, words).exits(73);
        assert_matches(&site, &format!("purge_busy_{}", words.len()), &run);
        let remembered = state(&site);
        assert_eq!(remembered["directories"].as_array().unwrap().len(), 1);
        assert_eq!(remembered["directories"][0]["set"], "web");
        assert_eq!(site.set_status("web")["state"], "current");
        assert!(!site.path("srv/mqtt/password").exists());
        site.keyferry(words).exits(0);
        assert!(!site.set("web").exists());
    }
}
