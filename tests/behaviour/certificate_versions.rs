//! One version: all that is delivered of a certificate belongs together, whatever happens at
//! the vault meanwhile; and no more is asked for than is needed.

use cloud::Logged;
use serde_json::{json, Value};

use crate::authority::{self, Kind, Pair};
use crate::golden;
use crate::support::Site;

fn file(part: &str) -> Value {
    json!({"certificate": "web", "part": part})
}

/// Key and certificate in two files of one set, and in one of another, which writes the name
/// in its own way.
fn two_sets() -> Value {
    json!({
        "web": {"files": {"key": file("key"), "chain": file("chain"), "ca": file("ca")}},
        "proxy": {"files": {"bundle": {"certificate": "WEB", "part": "bundle"}}},
    })
}

fn site(sets: Value, pair: &Pair, as_pfx: bool) -> Site {
    let site = Site::new();
    site.configure(&site.config(sets));
    put(&site, pair, as_pfx);
    site
}

fn put(site: &Site, pair: &Pair, as_pfx: bool) -> String {
    site.hide(pair.mark());
    site.vault.set_certificate("web", pair.in_vault(as_pfx))
}

/// The requests for secrets since the log began.
fn gets(site: &Site) -> Vec<Logged> {
    let requests = site.cloud.requests().into_iter();
    requests
        .filter(|request| request.path.starts_with("/secrets/"))
        .collect()
}

/// Runs once more and gives how many requests for secrets that took.
#[track_caller]
fn gets_of_a_run(site: &Site) -> usize {
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    gets(site).len()
}

fn versions(site: &Site, set: &str) -> Vec<String> {
    let status = site.set_status(set);
    let files = status["files"].as_array().unwrap().iter();
    files
        .map(|file| file["version"].as_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn is_delivered(site: &Site, pair: &Pair) {
    let web = site.set("web");
    authority::belong_together(&web.join("key"), &web.join("chain"));
    assert_eq!(site.delivered("web", "key").unwrap(), pair.key);
    let chain = site.delivered("web", "chain").unwrap();
    assert_eq!(
        chain,
        [pair.leaf.as_str(), &authority::intermediate()].concat()
    );
    let bundle = site.delivered("proxy", "bundle").unwrap();
    assert_eq!(bundle, pair.pem());
}

#[test]
fn a_version_that_appears_between_two_requests_waits_for_the_next_run() {
    for as_pfx in [false, true] {
        let [old, new] =
            [(1, "old"), (2, "new")].map(|(key, name)| Pair::new(Kind::P256, key, name));
        let site = site(two_sets(), &old, as_pfx);
        site.hide(new.mark());
        let id = site
            .vault
            .replace_after_next_read("web", new.in_vault(as_pfx));
        site.keyferry(&["sync"]).exits(0);
        is_delivered(&site, &old);
        for set in ["web", "proxy"] {
            assert!(!versions(&site, set).contains(&id), "{set}");
        }
        let asked = gets(&site);
        assert_eq!(asked.len(), 1 + usize::from(as_pfx));
        if as_pfx {
            // Which version is to be converted is said.
            assert!(
                asked[1].path.len() > "/secrets/web/".len(),
                "{}",
                asked[1].path
            );
        }
        site.keyferry(&["sync"]).exits(0);
        is_delivered(&site, &new);
        assert_eq!(versions(&site, "web"), [id.as_str(); 3]);
        assert_eq!(versions(&site, "proxy"), [id.as_str()]);
        site.assert_well_behaved();
    }
}

#[test]
fn a_new_version_during_a_renewal_never_mixes_with_it() {
    for as_pfx in [false, true] {
        let pairs = [1, 2, 3].map(|key| Pair::new(Kind::P256, key, &format!("web {key}")));
        let site = site(two_sets(), &pairs[0], as_pfx);
        site.keyferry(&["sync"]).exits(0);
        put(&site, &pairs[1], as_pfx);
        site.hide(pairs[2].mark());
        site.vault
            .replace_after_next_read("web", pairs[2].in_vault(as_pfx));
        site.keyferry(&["sync"]).exits(0);
        is_delivered(&site, &pairs[1]);
        site.keyferry(&["sync"]).exits(0);
        is_delivered(&site, &pairs[2]);
    }
}

#[test]
fn a_certificate_takes_one_request_a_run_and_a_conversion_a_version() {
    for (as_pfx, first) in [(false, 1), (true, 2)] {
        let site = site(two_sets(), &Pair::new(Kind::P256, 1, "web"), as_pfx);
        assert_eq!(gets_of_a_run(&site), first);
        assert_eq!(gets_of_a_run(&site), 1);
        // Renewed: the certificate above it stays what it was.
        put(&site, &Pair::new(Kind::P256, 2, "web"), as_pfx);
        assert_eq!(gets_of_a_run(&site), first);
        assert_eq!(gets_of_a_run(&site), 1, "nothing changed since");
        // A file that was damaged wants its part again.
        site.damage("web", "key");
        assert_eq!(gets_of_a_run(&site), first);
        authority::belong_together(&site.set("web").join("key"), &site.set("web").join("chain"));
        assert_eq!(gets_of_a_run(&site), 1);
        site.assert_well_behaved();
    }
}

#[test]
fn a_renewal_that_changes_no_byte_of_a_set_runs_no_hook() {
    for as_pfx in [false, true] {
        let mut sets = json!({"trust": {"files": {"ca": file("ca")}}});
        let site = site(sets.clone(), &Pair::new(Kind::P256, 1, "web"), as_pfx);
        site.keyferry(&["sync"]).exits(0);
        sets["trust"]["on_change"] = json!({"run": [["/bin/false"]]});
        site.configure(&site.config(sets));
        let renewed = put(&site, &Pair::ending(Kind::P256, 2, "web", 60), as_pfx);
        site.keyferry(&["sync", "--dry-run"])
            .exits(0)
            .never_says("would");
        assert_eq!(gets_of_a_run(&site), 1 + usize::from(as_pfx));
        assert_eq!(versions(&site, "trust"), [renewed]);
        let end = site.set_status("trust")["files"][0]["expires"].as_u64();
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let days = (end.unwrap() - now).div_ceil(86_400);
        assert_eq!(days, 60, "its end is that of the new one");
        assert_eq!(gets_of_a_run(&site), 1);
    }
}

#[test]
fn a_pinned_version_is_the_one_that_is_converted() {
    let old = Pair::new(Kind::P256, 1, "old");
    let site = site(json!({}), &Pair::new(Kind::P256, 3, "oldest"), true);
    let id = put(&site, &old, true);
    put(&site, &Pair::new(Kind::P256, 2, "new"), true);
    let file = json!({"certificate": "web", "part": "bundle", "version": id});
    site.configure(&site.config(json!({"web": {"files": {"bundle": file}}})));
    assert_eq!(gets_of_a_run(&site), 2);
    assert_eq!(site.delivered("web", "bundle").unwrap(), old.pem());
    assert_eq!(gets_of_a_run(&site), 0, "it is there and cannot change");
    site.assert_well_behaved();
}

#[test]
fn a_vault_that_does_not_convert_says_what_can_be_done() {
    let pair = Pair::new(Kind::P256, 1, "web");
    let sets = json!({"web": {"files": {"key": file("key"), "chain": file("chain")}}});
    let site = site(sets, &pair, true);
    site.vault.know_versions_up_to("7.4");
    let run = site.keyferry(&["sync"]).exits(65);
    golden::matches(&site, "certificate_not_converted", &run);
    assert_eq!(site.delivered("web", "key"), None);
    // A container needs no conversion, nor does PEM.
    let sets = json!({"web": {"files": {"web.pfx": file("pfx")}}});
    site.configure(&site.config(sets));
    site.keyferry(&["sync"]).exits(0);
    put(&site, &pair, false);
    let sets = json!({"web": {"files": {"key": file("key"), "chain": file("chain")}}});
    site.configure(&site.config(sets));
    site.keyferry(&["sync"]).exits(0);
    site.assert_well_behaved();
}

#[test]
fn a_vault_that_gives_the_container_again_is_told_the_same() {
    let pair = Pair::new(Kind::P256, 1, "web");
    let site = site(
        json!({"web": {"files": {"key": file("key")}}}),
        &pair,
        false,
    );
    let container = authority::openssl(&["base64", "-A"], &pair.pfx());
    let container = String::from_utf8(container).unwrap();
    site.hide(&container[100..140]);
    // As PEM by its type, and by no means PEM; the conversion is refused.
    let leaf = authority::openssl(&["x509", "-outform", "DER"], pair.leaf.as_bytes());
    let certificate = cloud::Certificate::pem(container).leaf(&leaf);
    site.vault.set_certificate("web", certificate);
    site.keyferry(&["sync"])
        .exits(65)
        .says("came as PKCS#12, which this vault does not convert to PEM");
}
