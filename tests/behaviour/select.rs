//! Selections: one file for each object that a vault lists.

use std::collections::BTreeMap;

use cloud::{Denial, Scope, Secret};
use serde_json::{json, Value};

use crate::authority::{self, Kind, Pair};
use crate::golden;
use crate::support::Site;

/// A set `line3` with the files of a selection by this prefix, at most 40.
pub fn by_prefix(prefix: &str) -> Value {
    json!({"line3": {"files": {
        "${name}.txt": {"select": {"prefix": prefix}, "max_objects": 40},
    }}})
}

pub fn site(sets: &Value) -> Site {
    let site = Site::new();
    site.configure(&site.config(sets.clone()));
    site
}

/// Puts a secret whose value is made of its name into the vault.
pub fn put(site: &Site, name: &str) {
    put_tagged(site, name, &[]);
}

fn put_tagged(site: &Site, name: &str, tags: &[(&str, &str)]) {
    let mut secret = Secret::new(value_of(name));
    let tags = tags.iter();
    secret.tags = tags
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    site.hide(&value_of(name));
    site.vault.set_with(name, secret);
}

pub fn value_of(name: &str) -> String {
    format!("value of {name}")
}

/// The files of a set as a consumer sees them.
pub fn files(site: &Site, set: &str) -> BTreeMap<String, String> {
    let directory = std::fs::read_dir(site.set(set)).unwrap();
    let names = directory.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = names.filter(|name| !name.starts_with('.'));
    names
        .map(|name| (name.clone(), site.delivered(set, &name).unwrap()))
        .collect()
}

#[track_caller]
pub fn are_delivered(site: &Site, names: &[&str]) {
    let expected = names
        .iter()
        .map(|name| (format!("{name}.txt"), value_of(name)));
    assert_eq!(files(site, "line3"), expected.collect());
}

fn lists(site: &Site) -> usize {
    let requests = site.cloud.requests();
    let lists = requests
        .iter()
        .filter(|request| request.path.trim_end_matches('/') == "/secrets");
    lists.count()
}

#[test]
fn what_begins_with_the_prefix_is_delivered() {
    let site = site(&by_prefix("line3-"));
    for name in ["line3-a", "LINE3-b", "line30", "line3", "a-line3-"] {
        put(&site, name);
    }
    site.keyferry(&["sync"]).exits(0);
    are_delivered(&site, &["LINE3-b", "line3-a"]);
    // One list, and a request for each.
    assert_eq!((lists(&site), site.cloud.requests().len()), (1, 4));
    assert_eq!(site.status()["vaults"], json!(["factory7-edge"]));
    put(&site, "line3-c");
    site.keyferry(&["sync"]).exits(0).says("line3-c.txt  - →");
    are_delivered(&site, &["LINE3-b", "line3-a", "line3-c"]);
    site.assert_well_behaved();
}

#[test]
fn tags_decide_together_and_the_device_id_may_stand_in_them() {
    let mut sets = json!({"line3": {"files": {"${name}.txt": {
        "select": {"tags": {"device": "${device_id}", "kind": "password"}, "prefix": "${device_id}-"},
        "max_objects": 5,
    }}}});
    let site = site(&sets);
    let mut config = site.config(sets.clone());
    config["device_id"] = json!("gw-7");
    site.configure(&config);
    let both = [("device", "gw-7"), ("kind", "password")];
    put_tagged(&site, "gw-7-a", &both);
    put_tagged(&site, "gw-8-a", &both);
    put_tagged(&site, "gw-7-b", &both[..1]);
    put_tagged(&site, "gw-7-c", &[("device", "GW-7"), ("kind", "password")]);
    put_tagged(&site, "gw-7-d", &[both[0], both[1], ("more", "of it")]);
    site.keyferry(&["sync"]).exits(0);
    are_delivered(&site, &["gw-7-a", "gw-7-d"]);
    sets["line3"]["files"]["${name}.txt"]["select"] = json!({"tags": {"device": "gw-7"}});
    let mut config = site.config(sets);
    config["device_id"] = json!("gw-7");
    site.configure(&config);
    site.keyferry(&["sync"]).exits(0);
    are_delivered(&site, &["gw-7-a", "gw-7-b", "gw-7-d", "gw-8-a"]);
}

#[test]
fn all_pages_are_read_however_empty_they_are() {
    let site = site(&by_prefix("line3-"));
    let names: Vec<String> = (10..40).map(|number| format!("line3-{number}")).collect();
    for name in &names {
        put(&site, name);
    }
    site.vault.set_empty_pages(3);
    let origin = format!("{}:443", site.vault.url());
    site.vault.set_next_link_origin(Some(&origin));
    site.keyferry(&["sync"]).exits(0);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    are_delivered(&site, &names);
    assert_eq!(lists(&site), 8, "two pages, three empty ones before each");
    site.assert_well_behaved();
}

#[test]
fn a_list_without_end_is_given_up() {
    let site = site(&by_prefix("line3-"));
    put(&site, "line3-a");
    site.keyferry(&["sync"]).exits(0);
    for number in 0..30 {
        put(&site, &format!("line4-{number}"));
    }
    let same = format!("{}/secrets?api-version=7.4", site.vault.url());
    site.vault.set_next_link(Some(&same));
    site.cloud.reset_log();
    site.keyferry(&["sync"])
        .exits(75)
        .says("requests of this run are used up");
    // 20, 100 for the list, 2 for each of 40 objects.
    assert_eq!(lists(&site), 200);
    are_delivered(&site, &["line3-a"]);
}

#[test]
fn a_next_page_elsewhere_gets_no_token() {
    for origin in [
        "https://login.microsoftonline.us",
        "https://other-vault.vault.usgovcloudapi.net",
        "http://factory7-edge.vault.usgovcloudapi.net",
        "https://factory7-edge.vault.usgovcloudapi.net:8443",
        "https://factory7-edge.vault.usgovcloudapi.net@other-vault.vault.usgovcloudapi.net",
    ] {
        let site = site(&by_prefix("line3-"));
        site.cloud.vault("other-vault");
        put(&site, "line3-a");
        site.keyferry(&["sync"]).exits(0);
        for number in 0..30 {
            put(&site, &format!("line3-{number}"));
        }
        site.vault.set_next_link_origin(Some(origin));
        site.cloud.reset_log();
        site.keyferry(&["sync"])
            .exits(65)
            .says("with a next page elsewhere")
            .says("which is refused");
        let hosts = site.cloud.requests().into_iter();
        let hosts: Vec<String> = hosts.map(|request| request.host).collect();
        assert_eq!(hosts, [site.vault.host()], "{origin}");
        are_delivered(&site, &["line3-a"]);
        site.assert_well_behaved();
    }
    let site = site(&by_prefix("line3-"));
    for number in 0..30 {
        put(&site, &format!("line3-{number}"));
    }
    site.vault.set_next_link(Some("https://\u{1b}[2Jevil"));
    let run = site.keyferry(&["sync"]).exits(65);
    golden::matches(&site, "select_next_link", &run);
}

#[test]
fn what_makes_a_selection_unusable_is_told_and_keeps_last_good() {
    let select =
        |prefix: &str, limit: u32| json!({"select": {"prefix": prefix}, "max_objects": limit});
    let long = "x".repeat(120);
    let longest = format!("{}-${{name}}", "y".repeat(100));
    let pattern = longest.as_str();
    let mut told = String::new();
    for (what, files) in [
        ("too many", json!({"${name}.txt": select("line3-", 2)})),
        ("nothing", json!({"${name}.txt": select("line4-", 2)})),
        (
            "a configured file of that name",
            json!({"line3-b": {"secret": "other"}, "${name}": select("line3-", 3)}),
        ),
        (
            "two selections",
            json!({"${name}": select("line3-", 3), "line3-${name}": select("a", 3)}),
        ),
        ("an unfit name", json!({pattern: select("xxx", 3)})),
        ("our own names", json!({".${name}": select("keyferry", 3)})),
    ] {
        let good = json!({"line3": {"files": {"good": {"secret": "other"}}}});
        let site = site(&good);
        for name in [
            "line3-a",
            "line3-b",
            "line3-c",
            "other",
            "a",
            "keyferry-x",
            &long,
        ] {
            put(&site, name);
        }
        site.keyferry(&["sync"]).exits(0);
        let sets = json!({"line3": {"files": files}});
        site.configure(&site.config(sets));
        let run = site.keyferry(&["sync"]).exits(65);
        told.push_str(&format!("{what}\n{}", golden::masked(&site, &run.stderr)));
        assert_eq!(site.delivered("line3", "good").unwrap(), value_of("other"));
        assert_eq!(files_of_status(&site), ["good"]);
        // Nothing is fetched of what is not delivered.
        assert_eq!(lists(&site), 1);
    }
    golden::text_matches("selection_problems", &told);
}

fn files_of_status(site: &Site) -> Vec<String> {
    let status = site.set_status("line3");
    let files = status["files"].as_array().unwrap().iter();
    files
        .map(|file| file["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn certificates_are_selected_and_their_secrets_are_not() {
    let part = |part: &str| json!({"select": {"type": "certificate", "prefix": "web"}, "max_objects": 5, "part": part});
    let sets = json!({
        "web": {"files": {"${name}.key": part("key"), "${name}.crt": part("chain")}},
        "line3": {"files": {"${name}.txt": {"select": {"prefix": "web"}, "max_objects": 5}}},
    });
    let site = site(&sets);
    for (number, name) in ["web1", "web2"].into_iter().enumerate() {
        let pair = Pair::new(Kind::P256, number, name);
        site.hide(pair.mark());
        let certificate = pair.in_vault(number == 0);
        site.vault.set_certificate(name, certificate);
    }
    put(&site, "web-password");
    site.keyferry(&["sync"]).exits(0);
    are_delivered(&site, &["web-password"]);
    for name in ["web1", "web2"] {
        let file = |end: &str| site.set("web").join(format!("{name}.{end}"));
        authority::belong_together(&file("key"), &file("crt"));
        assert_eq!(authority::subjects(&file("crt"))[0], name);
    }
    assert_eq!(files(&site, "web").len(), 4);
    // Two lists, three objects, one conversion.
    assert_eq!(site.cloud.requests().len(), 1 + 2 + 3 + 1);
    site.assert_well_behaved();
}

#[test]
fn a_forbidden_list_says_which_right_it_takes() {
    let of = |kind: &str| {
        let mut file = json!({"select": {"type": kind, "prefix": "a"}, "max_objects": 5});
        if kind == "certificate" {
            file["part"] = json!("cert");
        }
        json!({"line3": {"files": {"${name}": file}}})
    };
    for kind in ["secret", "certificate"] {
        for (denial, word) in [(Denial::Policy, "policy"), (Denial::Rbac, "role")] {
            let site = site(&of(kind));
            put(&site, "a");
            site.vault.deny(denial, Scope::Lists);
            let run = site.keyferry(&["sync"]).exits(77);
            golden::matches(&site, &format!("refused_list_{kind}_{word}"), &run);
            assert_eq!(site.cloud.requests().len(), 2);
        }
    }
}
