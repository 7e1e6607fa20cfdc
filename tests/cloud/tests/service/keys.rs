//! Keys: their public halves as JSON Web Keys.

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};
use cloud::{Key, Properties};
use rsa::pkcs8::EncodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey};
use serde_json::Value;

use crate::client::Bench;

fn read(bench: &Bench, name: &str) -> Value {
    bench.read(&format!("/keys/{name}?api-version=7.4")).json()
}

/// A modulus like any: odd, of 2048 bits.
fn modulus() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=255).rev().collect();
    bytes[255] = 1;
    bytes
}

#[test]
fn an_rsa_key_is_modulus_and_exponent() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    let public = RsaPublicKey::new(BigUint::from_bytes_be(&modulus()), 65_537_u32.into()).unwrap();
    let spki = public.to_public_key_der().unwrap();
    let exponent = public.e().to_bytes_be();
    let keys = [
        (Key::from_spki(spki.as_bytes()), "RSA"),
        (Key::rsa(&modulus(), &exponent), "RSA"),
        (Key::rsa(&modulus(), &exponent).in_hsm(), "RSA-HSM"),
    ];
    for (key, kind) in keys {
        let version = vault.set_key("signing", key);
        let json = read(&bench, "signing");
        let id = format!("{}/keys/signing/{version}", vault.url());
        assert_eq!(json["key"]["kid"], id);
        assert_eq!(json["key"]["kty"], kind);
        assert_eq!(json["key"]["n"], BASE64_URL_SAFE_NO_PAD.encode(modulus()));
        assert_eq!(json["key"]["e"], "AQAB");
        assert!(json["key"]["key_ops"].as_array().unwrap().len() == 6);
        assert!(json.get("managed").is_none() && json.get("tags").is_none());
        assert_eq!(json["attributes"]["recoverableDays"], 90);
    }
    let versions = bench.read("/keys/signing/versions?api-version=7.4").json();
    assert_eq!(versions["value"].as_array().unwrap().len(), 3);
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn an_elliptic_key_is_a_point_on_its_curve() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    // RFC 5480: algorithm, curve, an uncompressed point.
    let curves: [(&str, &[u8], usize); 4] = [
        ("P-256", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 32),
        ("P-384", b"\x06\x05\x2b\x81\x04\x00\x22", 48),
        ("P-521", b"\x06\x05\x2b\x81\x04\x00\x23", 66),
        ("P-256K", b"\x06\x05\x2b\x81\x04\x00\x0a", 32),
    ];
    for (curve, oid, size) in curves {
        let point: Vec<u8> = (0..2 * u8::try_from(size).unwrap()).collect();
        let algorithm = [b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", oid].concat();
        let bits = [&[0, 4], &point[..]].concat();
        let info = [sequence(0x30, &algorithm), sequence(0x03, &bits)].concat();
        vault.set_key("curve", Key::from_spki(&sequence(0x30, &info)));
        let json = read(&bench, "curve");
        assert_eq!(json["key"]["kty"], "EC", "{curve}");
        assert_eq!(json["key"]["crv"], curve);
        let (x, y) = point.split_at(size);
        assert_eq!(json["key"]["x"], BASE64_URL_SAFE_NO_PAD.encode(x));
        assert_eq!(json["key"]["y"], BASE64_URL_SAFE_NO_PAD.encode(y));
    }
    let strange = Key::ec("P-999", b"x", b"y").in_hsm();
    vault.set_key("strange", strange);
    let json = read(&bench, "strange");
    assert_eq!(json["key"]["kty"], "EC-HSM");
    assert_eq!(
        (&json["key"]["crv"], &json["key"]["x"]),
        (&"P-999".into(), &"eA".into())
    );
    vault.set_key("symmetric", Key::symmetric());
    let json = read(&bench, "symmetric");
    assert_eq!(json["key"]["kty"], "oct-HSM");
    assert!(json["key"].get("n").is_none());
}

#[test]
fn keys_are_listed_without_their_numbers() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    let properties = Properties::new().tag("line", "7").expires(4_102_444_800);
    vault.set_key("a", Key::rsa(&modulus(), &[1, 0, 1]).with(properties));
    vault.set("a", "a secret of the same name");
    let json = bench.read("/keys?api-version=7.4").json();
    let item = &json["value"][0];
    assert_eq!(item["kid"], format!("{}/keys/a", vault.url()));
    assert_eq!(item["tags"]["line"], "7");
    assert_eq!(item["attributes"]["exp"], 4_102_444_800_i64);
    assert!(item.get("key").is_none() && item.get("n").is_none());
    assert_eq!(json["value"].as_array().unwrap().len(), 1);
    let missing = bench.read("/keys/never?api-version=7.4");
    assert_eq!(missing.refusal(), "404 KeyNotFound");
    let never = "A key with (name/id) never was not found in this key vault.";
    assert!(missing.body.contains(never));
}

/// A DER value with a length in its shortest form.
fn sequence(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let head = match length {
        0..=127 => vec![tag, length],
        _ => vec![tag, 0x81, length],
    };
    [head, content.to_vec()].concat()
}
