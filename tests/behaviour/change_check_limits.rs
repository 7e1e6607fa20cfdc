//! Where `change_check: "list"` does not help: forbidden and endless lists, shared objects,
//! certificates.

use cloud::{Denial, Scope};
use serde_json::json;

use crate::authority::{self, Kind, Pair};
use crate::change_check::{asked, counts, delivers, many, name, now, put_at, site};
use crate::golden;

#[test]
fn a_forbidden_list_is_a_warning_and_everything_is_fetched() {
    let site = site(many(3), 3);
    asked(&site);
    site.vault.deny(Denial::Rbac, Scope::Lists);
    put_at(&site, 1, "new", 60);
    site.cloud.reset_log();
    let run = site.keyferry(&["sync"]).exits(0);
    golden::matches(&site, "change_check_forbidden", &run);
    assert_eq!(counts(&site.cloud.requests()), (1, 3));
    delivers(&site, 1, "new");
    site.vault.allow_all();
    assert_eq!(asked(&site), (1, 0));
    // A list that cannot be used is no better.
    site.vault.set_empty_pages(1);
    site.vault
        .set_next_link(Some("https://evil.example/secrets?x"));
    site.cloud.reset_log();
    site.keyferry(&["sync"])
        .exits(0)
        .says("warning: factory7-edge.vault.usgovcloudapi.net: sent the list of secrets with a next page elsewhere")
        .says("change_check fetches every object instead");
    assert_eq!(counts(&site.cloud.requests()), (1, 3));
}

#[test]
fn empty_pages_are_read_until_they_cost_as_much_as_the_objects() {
    let site = site(many(4), 4);
    asked(&site);
    site.vault.set_empty_pages(2);
    assert_eq!(asked(&site), (3, 0), "two empty pages, then all of them");
    site.vault.set_empty_pages(3);
    assert_eq!(asked(&site), (4, 0));
    site.vault.set_empty_pages(4);
    assert_eq!(asked(&site), (4, 4), "patience ends, each is fetched");
    site.vault.set_empty_pages(1800);
    assert_eq!(asked(&site), (4, 4));
    site.vault.set_empty_pages(0);
    assert_eq!(asked(&site), (1, 0));
    site.assert_well_behaved();
}

#[test]
fn a_single_object_is_fetched_without_a_list() {
    let site = site(many(1), 1);
    assert_eq!(asked(&site), (0, 1));
    assert_eq!(asked(&site), (0, 1));
}

#[test]
fn one_list_serves_all_sets_and_those_that_do_not_ask_are_as_ever() {
    let mut sets = many(4);
    sets["more"] = many(6)["many"].clone();
    sets["plain"] = json!({"files": {"a": {"secret": name(0)}, "b": {"secret": name(9)}}});
    let site = site(sets, 10);
    asked(&site);
    assert_eq!(asked(&site), (1, 2));
    put_at(&site, 1, "new", 60);
    assert_eq!(asked(&site), (1, 3));
    delivers(&site, 1, "new");
    let more = site.delivered("more", "file01").unwrap();
    assert_eq!(more, "new value of number 1");
    // A set by its name leaves what is known of the others.
    site.keyferry(&["sync", "plain"]).exits(0);
    assert_eq!(asked(&site), (1, 2));
    site.assert_well_behaved();
}

#[test]
fn composed_files_and_keys_are_settled_by_lists_too() {
    let mut sets = many(3);
    sets["many"]["files"]["env"] = json!({"env_file": {
        "A": {"secret": name(0)}, "B": {"secret": name(4)},
    }});
    sets["many"]["files"]["one"] = json!({"key": "signing"});
    sets["many"]["files"]["two"] = json!({"key": "sealing"});
    let site = site(sets, 5);
    let key = authority::key(Kind::P256, 0);
    let key = authority::openssl(&["pkey", "-pubout", "-outform", "DER"], key.as_bytes());
    let old = cloud::Properties::new().created(now() - 3600);
    for name in ["signing", "sealing"] {
        let key = cloud::Key::from_spki(&key).with(old.clone());
        site.vault.set_key(name, key);
    }
    asked(&site);
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    let requests = site.cloud.requests();
    let mut paths: Vec<&str> = requests.iter().map(|asked| asked.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/keys", "/secrets"]);
    // A value that two files share brings both.
    put_at(&site, 0, "new", 60);
    assert_eq!(
        asked(&site).1,
        2 + 1,
        "both of the env file, and a list of keys"
    );
    let env = site.delivered("many", "env").unwrap();
    assert!(env.contains("A=\"new value") && env.contains("B=\"old value"));
    delivers(&site, 0, "new");
    site.assert_well_behaved();
}

#[test]
fn a_pair_is_never_mixed_though_the_list_was_read_before_the_new_version() {
    for as_pfx in [false, true] {
        let mut sets = many(3);
        let part = |part: &str| json!({"certificate": "web", "part": part});
        let files = &mut sets["many"]["files"];
        (files["key"], files["chain"], files["ca"]) = (part("key"), part("chain"), part("ca"));
        let site = site(sets, 3);
        let [old, new] = [1, 2].map(|key| Pair::new(Kind::P256, key, "web"));
        for pair in [&old, &new] {
            site.hide(pair.mark());
        }
        let properties = cloud::Properties::new().created(now() - 3600);
        site.vault
            .set_certificate("web", old.in_vault(as_pfx).with(properties));
        asked(&site);
        assert_eq!(asked(&site), (1, 0));
        // The list says unchanged, one file is damaged, and then comes a new version.
        let file = |name: &str| site.set("many").join(name);
        site.damage("many", "chain");
        let vault = site.vault.clone();
        let certificate = new.in_vault(as_pfx);
        let list = cloud::Match::Path("/secrets".to_owned());
        site.cloud.after(1, list, move || {
            vault.set_certificate("web", certificate);
        });
        assert_eq!(asked(&site), (1, 1 + usize::from(as_pfx)));
        authority::belong_together(&file("key"), &file("chain"));
        assert_eq!(site.delivered("many", "key").unwrap(), new.key);
        site.assert_well_behaved();
    }
}

#[test]
fn a_selection_reads_all_of_the_list_and_serves_the_check() {
    let mut sets = many(0);
    sets["many"]["files"] = json!({"${name}": {"select": {"prefix": "secret"}, "max_objects": 50}});
    let site = site(sets, 30);
    assert_eq!(asked(&site), (2, 30));
    assert_eq!(asked(&site), (2, 0));
    site.vault.set_empty_pages(20);
    assert_eq!(asked(&site), (42, 0), "it has to know all of them");
    site.vault.set_empty_pages(0);
    put_at(&site, 30, "new", 60);
    assert_eq!(asked(&site), (2, 1));
    put_at(&site, 4, "newer", 60);
    assert_eq!(asked(&site), (2, 1));
    let delivered = site.delivered("many", &name(4)).unwrap();
    assert_eq!(delivered, "newer value of number 4");
    site.assert_well_behaved();
}

#[test]
fn selected_certificates_are_settled_by_the_list_of_secrets() {
    let part = |part: &str| json!({"select": {"type": "certificate", "prefix": "web"}, "max_objects": 5, "part": part});
    let mut sets = many(0);
    sets["many"]["files"] = json!({"${name}.key": part("key"), "${name}.crt": part("chain")});
    let site = site(sets, 0);
    let put = |name: &str, key: usize, ago: i64| {
        let pair = Pair::new(Kind::P256, key, name);
        site.hide(pair.mark());
        let properties = cloud::Properties::new().created(now() - ago);
        let certificate = pair.in_vault(true).with(properties);
        site.vault.set_certificate(name, certificate);
        pair
    };
    for number in 1..4 {
        put(&format!("web{number}"), number, 3600);
    }
    assert_eq!(asked(&site), (0, 1 + 6), "certificates, conversions");
    assert_eq!(asked(&site), (1, 1), "both lists");
    let new = put("web2", 4, 60);
    assert_eq!(asked(&site), (1, 1 + 2));
    assert_eq!(site.delivered("many", "web2.key").unwrap(), new.key);
    assert_eq!(asked(&site), (1, 1));
    put("web4", 5, 60);
    assert_eq!(asked(&site), (1, 1 + 2));
    assert_eq!(asked(&site), (1, 1));
    site.vault.deny(Denial::Rbac, Scope::Secrets);
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(77);
    site.assert_well_behaved();
}
