//! Public parts of a vault's keys as files, read back by openssl.

use cloud::{Denial, Key, Scope};
use serde_json::{json, Value};

use crate::authority::{self, Kind};
use crate::golden;
use crate::support::Site;

/// A set `trust` with the key `signing` in both forms.
fn both_forms() -> Value {
    json!({"trust": {"files": {
        "key.pem": {"key": "signing"},
        "key.jwk": {"key": "signing", "part": "jwk"},
    }}})
}

fn site() -> Site {
    let site = Site::new();
    site.configure(&site.config(both_forms()));
    site
}

/// The public part of key 0 of a kind, as openssl writes it: PEM and DER.
fn public(kind: Kind) -> (String, Vec<u8>) {
    let key = authority::key(kind, 0);
    let pem = authority::openssl(&["pkey", "-pubout"], key.as_bytes());
    let der = authority::openssl(&["pkey", "-pubout", "-outform", "DER"], key.as_bytes());
    (String::from_utf8(pem).unwrap(), der)
}

/// What a number is in base64 without padding, in the alphabet of URLs, by openssl.
fn encoded(number: &[u8]) -> String {
    let text = String::from_utf8(authority::openssl(&["base64", "-A"], number)).unwrap();
    let text = text.trim_end().trim_end_matches('=');
    text.replace('+', "-").replace('/', "_")
}

/// The bytes of the hexadecimal digits behind `label` in what openssl prints of a public key.
fn printed(pem: &str, label: &str) -> Vec<u8> {
    let text = authority::openssl(&["pkey", "-pubin", "-noout", "-text"], pem.as_bytes());
    let text = String::from_utf8(text).unwrap();
    let (_, behind) = text.split_once(&format!("{label}:\n")).unwrap();
    let lines = behind.lines().take_while(|line| line.starts_with(' '));
    let digits: String = lines.map(|line| line.trim().replace(':', "")).collect();
    let pairs = digits.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16));
    bytes.map(Result::unwrap).collect()
}

#[test]
fn rsa_and_elliptic_keys_are_delivered_in_both_forms() {
    for (kind, curve) in [
        (Kind::Rsa2048, None),
        (Kind::Rsa4096, None),
        (Kind::P256, Some("P-256")),
        (Kind::P384, Some("P-384")),
        (Kind::P521, Some("P-521")),
    ] {
        for in_hsm in [false, true] {
            let site = site();
            let (pem, der) = public(kind);
            let key = Key::from_spki(&der);
            let key = if in_hsm { key.in_hsm() } else { key };
            let version = site.vault.set_key("signing", key);
            site.keyferry(&["sync"]).exits(0);
            assert_eq!(site.delivered("trust", "key.pem").unwrap(), pem);
            let text = site.delivered("trust", "key.jwk").unwrap();
            assert!(text.ends_with("}\n") && text.lines().count() == 1);
            let jwk: Value = serde_json::from_str(&text).unwrap();
            let expected = match curve {
                None => {
                    let modulus = printed(&pem, "Modulus");
                    let modulus = modulus.strip_prefix(&[0]).unwrap();
                    json!({"kty": "RSA", "e": "AQAB", "n": encoded(modulus)})
                }
                Some(curve) => {
                    let point = printed(&pem, "pub");
                    let (x, y) = point[1..].split_at(point.len() / 2);
                    json!({"kty": "EC", "crv": curve, "x": encoded(x), "y": encoded(y)})
                }
            };
            assert_eq!(jwk, expected);
            assert_eq!(site.set_status("trust")["files"][0]["version"], *version);
            assert_eq!(site.cloud.requests().len(), 2, "one for both files");
            site.assert_well_behaved();
        }
    }
}

#[test]
fn a_new_version_of_a_key_replaces_the_old_and_a_pinned_one_stays() {
    let site = site();
    let (first, first_der) = public(Kind::P256);
    let version = site.vault.set_key("signing", Key::from_spki(&first_der));
    site.keyferry(&["sync"]).exits(0);
    let (second, second_der) = public(Kind::P384);
    site.vault.set_key("signing", Key::from_spki(&second_der));
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(site.delivered("trust", "key.pem").unwrap(), second);
    let mut config = site.config(both_forms());
    config["sets"]["trust"]["files"]["key.pem"]["version"] = json!(version);
    site.configure(&config);
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(site.delivered("trust", "key.pem").unwrap(), first);
    let jwk = site.delivered("trust", "key.jwk").unwrap();
    assert!(jwk.contains("P-384"), "{jwk}");
}

#[test]
fn the_key_of_a_certificate_is_a_key_like_others() {
    let site = site();
    let pair = authority::Pair::new(Kind::P256, 0, "web");
    site.hide(pair.mark());
    site.vault.set_certificate("signing", pair.in_vault(false));
    site.keyferry(&["sync"]).exits(0);
    let pem = site.delivered("trust", "key.pem").unwrap();
    assert_eq!(pem, public(Kind::P256).0);
}

#[test]
fn what_has_no_public_part_for_others_is_refused_by_its_kind() {
    let elsewhere =
        authority::openssl(&["ecparam", "-name", "secp256k1", "-genkey", "-noout"], b"");
    let elsewhere = authority::openssl(&["pkey", "-pubout", "-outform", "DER"], &elsewhere);
    let mut told = String::new();
    for (what, key) in [
        ("P-256K", Key::from_spki(&elsewhere)),
        ("oct-HSM", Key::symmetric()),
        (
            "an unknown curve",
            Key::ec("P-\u{1b}[2J", &[1; 32], &[2; 32]),
        ),
        ("a point too long", Key::ec("P-256", &[1; 33], &[2; 32])),
        ("no modulus", Key::rsa(&[], &[1, 0, 1])),
    ] {
        let site = site();
        site.vault.set_key("signing", key);
        let run = site.keyferry(&["sync"]).exits(65);
        let errors = run.stderr.lines().filter(|line| line.starts_with("error"));
        told.push_str(&format!(
            "{what}\n{}\n",
            errors.collect::<Vec<_>>().join("\n")
        ));
        assert_eq!(site.delivered("trust", "key.pem"), None);
        site.assert_well_behaved();
    }
    golden::text_matches("key_problems", &told);
}

#[test]
fn a_missing_and_a_forbidden_key_are_told_with_what_it_takes() {
    let site = site();
    site.keyferry(&["sync"])
        .exits(66)
        .says("has no key signing (KeyNotFound)");
    let (pem, der) = public(Kind::P256);
    site.vault.set_key("signing", Key::from_spki(&der));
    // Rights on secrets have nothing to do with it.
    site.vault.deny(Denial::Rbac, Scope::Secrets);
    site.keyferry(&["sync"]).exits(0);
    for (denial, golden) in [
        (Denial::Policy, "refused_key_policy"),
        (Denial::Rbac, "refused_key_role"),
    ] {
        site.vault.deny(denial, Scope::Keys);
        let run = site.keyferry(&["sync"]).exits(77);
        golden::matches(&site, golden, &run);
    }
    assert_eq!(site.delivered("trust", "key.pem").unwrap(), pem);
}
