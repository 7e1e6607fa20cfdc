//! Certificates of a vault as files: every part, whatever the order and the container.

use serde_json::{json, Value};

use crate::authority::{self, Kind, Pair};
use crate::golden;
use crate::support::Site;

/// A set `web` with a file of each part that PEM has.
fn parts() -> Value {
    let part = |part: &str| json!({"certificate": "web", "part": part});
    json!({"web": {"files": {
        "cert.pem": part("cert"),
        "chain.pem": part("chain"),
        "ca.pem": part("ca"),
        "key.pem": part("key"),
        "bundle.pem": part("bundle"),
    }}})
}

/// A set `web` with a file `out` of this part.
fn one_part(part: &str) -> Value {
    json!({"web": {"files": {"out": {"certificate": "web", "part": part}}}})
}

fn site(sets: Value) -> Site {
    let site = Site::new();
    site.configure(&site.config(sets));
    site
}

/// Makes this the certificate `web` and hides its key.
fn put(site: &Site, pair: &Pair, as_pfx: bool) {
    site.hide(pair.mark());
    site.vault.set_certificate("web", pair.in_vault(as_pfx));
}

fn put_text(site: &Site, text: &str) {
    let marks = text.lines().skip_while(|line| !line.contains("PRIVATE"));
    marks.skip(2).take(1).for_each(|line| site.hide(line));
    let leaf = authority::stranger();
    let leaf = authority::openssl(&["x509", "-outform", "DER"], leaf.as_bytes());
    let certificate = cloud::Certificate::pem(text).leaf(&leaf);
    site.vault.set_certificate("web", certificate);
}

#[test]
fn every_part_of_every_kind_of_key_and_container_is_delivered() {
    for kind in Kind::ALL {
        for as_pfx in [false, true] {
            let site = site(parts());
            let pair = Pair::new(kind, 0, "web.factory7.example");
            put(&site, &pair, as_pfx);
            site.keyferry(&["sync"]).exits(0);
            let file = |name: &str| site.set("web").join(name);
            authority::belong_together(&file("key.pem"), &file("cert.pem"));
            authority::belong_together(&file("bundle.pem"), &file("bundle.pem"));
            authority::is_verified(&file("cert.pem"), &file("ca.pem"));
            authority::is_verified(&file("chain.pem"), &file("chain.pem"));
            authority::is_verified(&file("bundle.pem"), &file("bundle.pem"));
            let (leaf, above) = ("web.factory7.example", "Factory Issuing");
            for (name, subjects) in [
                ("cert.pem", &[leaf][..]),
                ("chain.pem", &[leaf, above]),
                ("ca.pem", &[above]),
                ("bundle.pem", &[leaf, above]),
            ] {
                assert_eq!(authority::subjects(&file(name)), subjects, "{name}");
            }
            let bundle = site.delivered("web", "bundle.pem").unwrap();
            assert!(bundle.starts_with("-----BEGIN PRIVATE KEY-----\n"));
            assert!(!site.delivered("web", "chain.pem").unwrap().contains("KEY"));
            site.assert_well_behaved();
        }
    }
}

#[test]
fn a_container_is_delivered_byte_for_byte() {
    let site = site(one_part("pfx"));
    let pair = Pair::new(Kind::Rsa2048, 0, "web");
    let container = pair.pfx();
    let certificate = cloud::Certificate::pfx(container.clone(), pair.pem());
    site.vault.set_certificate("web", certificate);
    // It has to be converted nowhere, and so by no vault.
    site.vault.know_versions_up_to("7.4");
    site.keyferry(&["sync"]).exits(0);
    let file = site.set("web").join("out");
    let delivered = std::fs::read(&file).unwrap();
    assert_eq!(delivered, container);
    let opened = authority::openssl(&["pkcs12", "-nodes", "-passin", "pass:"], &delivered);
    assert!(String::from_utf8(opened).unwrap().contains("PRIVATE KEY"));
    assert_eq!(site.cloud.requests().len(), 2);
    let end = site.set_status("web")["files"][0]["expires"].as_i64();
    assert!(end.is_some(), "the vault says when it ends");
    site.assert_well_behaved();
}

#[test]
fn the_order_in_the_vault_does_not_matter() {
    let pair = Pair::new(Kind::P256, 1, "web");
    let (key, leaf) = (pair.key.as_str(), pair.leaf.as_str());
    let (above, root) = (authority::intermediate(), authority::root());
    let sec1 = authority::openssl(&["ec"], key.as_bytes());
    let sec1 = String::from_utf8(sec1).unwrap();
    let windows = pair.pem().replace('\n', "\r\n");
    let noted = format!("Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n{key}subject=CN = web\n{leaf}{above}");
    for (what, text) in [
        ("key last", [leaf, &above, key].concat()),
        ("reversed", [&above, leaf, key].concat()),
        ("leaf last", [key, &root, &above, leaf].concat()),
        ("key between", [&above, key, &root, leaf].concat()),
        ("twice", [key, leaf, leaf, &above, &above, key].concat()),
        ("CR LF", windows),
        ("with remarks", noted),
        ("a SEC1 key", [sec1.as_str(), leaf, &above].concat()),
        ("no line break at the end", pair.pem().trim_end().to_owned()),
    ] {
        let site = site(parts());
        put_text(&site, &text);
        site.keyferry(&["sync"]).exits(0).never_says("warning");
        let file = |name: &str| site.set("web").join(name);
        authority::belong_together(&file("key.pem"), &file("chain.pem"));
        authority::is_verified(&file("cert.pem"), &file("ca.pem"));
        let subjects = authority::subjects(&file("chain.pem"));
        assert_eq!(subjects[..2], ["web", "Factory Issuing"], "{what}");
        assert_eq!(subjects.len() > 2, text.contains(&root), "{what}");
        for name in ["cert.pem", "chain.pem", "ca.pem", "key.pem", "bundle.pem"] {
            let text = site.delivered("web", name).unwrap();
            assert!(text.ends_with("-----\n") && !text.contains('\r'), "{what}");
        }
    }
}

#[test]
fn a_pkcs1_key_is_delivered_as_pkcs8() {
    let site = site(parts());
    let pair = Pair::new(Kind::Rsa2048, 0, "web");
    let pkcs1 = authority::openssl(&["rsa", "-traditional"], pair.key.as_bytes());
    let pkcs1 = String::from_utf8(pkcs1).unwrap();
    assert!(pkcs1.contains("BEGIN RSA PRIVATE KEY"));
    put_text(&site, &[pair.leaf.as_str(), &pkcs1].concat());
    let sets = json!({"web": {"files": {"key": {"certificate": "web", "part": "key"}}}});
    site.configure(&site.config(sets));
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(site.delivered("web", "key").unwrap(), pair.key);
}

#[test]
fn what_is_odd_is_told_once_a_version_and_delivered() {
    let pair = Pair::new(Kind::P256, 1, "web");
    let other = authority::key(Kind::P256, 2);
    let (key, leaf) = (pair.key.as_str(), pair.leaf.as_str());
    let (above, stranger) = (authority::intermediate(), authority::stranger());
    let mut told = String::new();
    for (what, text) in [
        ("missing intermediate", [key, leaf].concat()),
        ("stranger", [key, &stranger, leaf, &above].concat()),
        ("two keys", [&other, key, leaf, &above].concat()),
        (
            "root instead of intermediate",
            [key, leaf, &authority::root()].concat(),
        ),
    ] {
        let site = site(one_part("bundle"));
        site.hide(other.lines().nth(1).unwrap());
        put_text(&site, &text);
        let run = site.keyferry(&["sync"]).exits(0);
        let warnings = run
            .stderr
            .lines()
            .filter(|line| line.starts_with("warning"));
        let warnings: Vec<&str> = warnings.collect();
        assert!(!warnings.is_empty(), "{what}");
        told.push_str(&format!("{what}\n{}\n", warnings.join("\n")));
        let file = site.set("web").join("out");
        authority::belong_together(&file, &file);
        assert!(!authority::subjects(&file).contains(&"Somebody Else".to_owned()));
        site.keyferry(&["sync"]).exits(0).never_says("warning");
    }
    golden::text_matches("certificate_warnings", &told);
}

#[test]
fn a_key_of_another_certificate_keeps_last_good() {
    for as_pfx in [false, true] {
        let site = site(parts());
        let good = Pair::new(Kind::P256, 1, "web");
        put(&site, &good, as_pfx);
        site.keyferry(&["sync"]).exits(0);
        let mixed = Pair {
            key: authority::key(Kind::P256, 2),
            leaf: Pair::new(Kind::P256, 1, "web").leaf,
        };
        site.hide(mixed.mark());
        let certificate = match as_pfx {
            true => cloud::Certificate::pfx(good.pfx(), mixed.pem()),
            false => cloud::Certificate::pem(mixed.pem()),
        };
        site.vault.set_certificate("web", certificate);
        site.keyferry(&["sync"])
            .exits(65)
            .says("holds a private key that belongs to none of its certificates");
        let status = site.set_status("web");
        assert_eq!(
            (&status["state"], &status["exit_code"]),
            (&json!("unusable"), &json!(65))
        );
        assert_eq!(site.delivered("web", "key.pem").unwrap(), good.key);
        assert_eq!(site.delivered("web", "cert.pem").unwrap(), good.leaf);
    }
}

#[test]
fn what_is_not_exportable_is_delivered_but_for_the_key() {
    let sets = |parts: &[&str]| {
        let file = |part: &&str| {
            (
                part.to_string(),
                json!({"certificate": "web", "part": part}),
            )
        };
        json!({"web": {"files": parts.iter().map(file).collect::<serde_json::Map<_, _>>()}})
    };
    let site = site(sets(&["cert", "chain", "ca"]));
    let pair = Pair::new(Kind::Rsa2048, 0, "web");
    put_text(&site, &[authority::intermediate(), pair.leaf].concat());
    site.keyferry(&["sync"]).exits(0);
    let file = |name: &str| site.set("web").join(name);
    authority::is_verified(&file("cert"), &file("ca"));
    assert_eq!(
        authority::subjects(&file("chain")),
        ["web", "Factory Issuing"]
    );
    for part in ["key", "bundle"] {
        site.configure(&site.config(sets(&["cert", part])));
        site.keyferry(&["sync"])
            .exits(65)
            .says("holds no private key, as when its policy says not exportable")
            .says("next: make the key exportable in the policy of certificate web");
    }
}

#[test]
fn a_missing_and_a_forbidden_certificate_are_told_as_such() {
    let site = site(one_part("chain"));
    site.keyferry(&["sync"])
        .exits(66)
        .says("has no certificate web (SecretNotFound)");
    put(&site, &Pair::new(Kind::P256, 1, "web"), false);
    // The certificate itself is not asked for: its secret has all of it.
    site.vault
        .deny(cloud::Denial::Rbac, cloud::Scope::Certificates);
    site.keyferry(&["sync"]).exits(0);
    site.vault.deny(cloud::Denial::Rbac, cloud::Scope::Secrets);
    let run = site.keyferry(&["sync"]).exits(77);
    golden::matches(&site, "refused_certificate", &run);
    assert!(site.delivered("web", "out").is_some());
}
