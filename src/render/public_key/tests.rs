//! Public keys as openssl knows them, and as they are delivered.

use base64ct::Base64;

use super::*;
use crate::render::workshop::Workshop;

/// The member `key` of a KeyBundle.
fn bundle(members: &[(&str, &str)]) -> Json {
    let mut all = vec![
        ("kid", Json::text("https://v.vault.azure.net/keys/k/0")),
        ("key_ops", Json::texts(&["sign".to_owned()])),
    ];
    all.extend(
        members
            .iter()
            .map(|(key, value)| (*key, Json::text(*value))),
    );
    Json::object(all)
}

fn delivered(jwk: &Json, part: KeyPart) -> String {
    String::from_utf8(public_key(jwk, part).unwrap()).unwrap()
}

fn url(bytes: &[u8]) -> String {
    let text = Base64::encode_string(bytes);
    text.trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_")
}

fn from_hexadecimal(digits: &str) -> Vec<u8> {
    let digits = ["0".repeat(digits.len() % 2).as_str(), digits].concat();
    let digits = digits.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// What openssl says of the public key in `words`.
fn described(workshop: &Workshop, words: &str) -> String {
    workshop.openssl(&format!("{words} -noout -text_pub"))
}

#[test]
fn rsa_keys_are_delivered_as_openssl_has_them() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    for (size, kty, exponent, encoded) in [
        ("2048", "RSA", "65537", "AQAB"),
        ("2050", "RSA-HSM", "3", "Aw"),
        ("4096", "RSA-HSM", "65537", "AQAB"),
    ] {
        workshop.key(
            "rsa",
            &format!("RSA:{size} -pkeyopt rsa_keygen_pubexp:{exponent}"),
        );
        let modulus = workshop.openssl("rsa -in rsa.key -noout -modulus");
        let modulus = from_hexadecimal(modulus.trim().strip_prefix("Modulus=").unwrap());
        let n = url(&modulus);
        let jwk = bundle(&[("kty", kty), ("n", &n), ("e", encoded)]);
        let made = delivered(&jwk, KeyPart::Pem);
        assert_eq!(made, workshop.openssl("pkey -in rsa.key -pubout"), "{size}");
        workshop.put("made", made.as_bytes());
        assert_eq!(
            described(&workshop, "pkey -pubin -in made"),
            described(&workshop, "pkey -in rsa.key")
        );
        let wanted = format!("{{\"e\":\"{encoded}\",\"kty\":\"RSA\",\"n\":\"{n}\"}}\n");
        assert_eq!(delivered(&jwk, KeyPart::Jwk), wanted);
        // A sign byte, which some writers leave in, is no part of the number.
        let signed = bundle(&[
            ("kty", kty),
            ("n", &url(&[&[0], modulus.as_slice()].concat())),
            ("e", encoded),
        ]);
        assert_eq!(delivered(&signed, KeyPart::Jwk), wanted);
        assert_eq!(delivered(&signed, KeyPart::Pem), made);
    }
}

#[test]
fn elliptic_keys_are_delivered_as_openssl_has_them() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    for (curve, kty, size) in [
        ("P-256", "EC", 32),
        ("P-384", "EC-HSM", 48),
        ("P-521", "EC", 66),
    ] {
        workshop.key("ec", curve);
        workshop.openssl("pkey -in ec.key -pubout -outform DER -out der");
        let der = workshop.bytes("der");
        let (x, y) = der[der.len() - 2 * size..].split_at(size);
        let jwk = |x: &[u8], y: &[u8]| {
            bundle(&[("kty", kty), ("crv", curve), ("x", &url(x)), ("y", &url(y))])
        };
        let made = delivered(&jwk(x, y), KeyPart::Pem);
        assert_eq!(made, workshop.openssl("pkey -in ec.key -pubout"));
        workshop.put("made", made.as_bytes());
        assert_eq!(
            described(&workshop, "pkey -pubin -in made"),
            described(&workshop, "pkey -in ec.key")
        );
        let (x64, y64) = (url(x), url(y));
        let wanted =
            format!("{{\"crv\":\"{curve}\",\"kty\":\"EC\",\"x\":\"{x64}\",\"y\":\"{y64}\"}}\n");
        assert_eq!(delivered(&jwk(x, y), KeyPart::Jwk), wanted);
        let longer = jwk(&[&[0, 0], x].concat(), &[&[0], y].concat());
        assert_eq!(delivered(&longer, KeyPart::Jwk), wanted);
        assert_eq!(delivered(&longer, KeyPart::Pem), made);
        let too_long = public_key(&jwk(&[&[1], x].concat(), y), KeyPart::Pem);
        assert_eq!(too_long.unwrap_err(), CertificateProblem::BadPublicKey);
    }
}

#[test]
fn a_coordinate_that_lost_its_zeros_gets_them_back() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    // The first byte of a coordinate of P-521 is 0 or 1: one key in two is such a one.
    let x = loop {
        workshop.key("ec", "P-521");
        workshop.openssl("pkey -in ec.key -pubout -outform DER -out der");
        let der = workshop.bytes("der");
        if der[der.len() - 132] == 0 {
            break der[der.len() - 132..].to_vec();
        }
    };
    let (x, y) = x.split_at(66);
    let (short, y) = (url(&x[1..]), url(y));
    let jwk = bundle(&[("kty", "EC"), ("crv", "P-521"), ("x", &short), ("y", &y)]);
    let made = delivered(&jwk, KeyPart::Pem);
    assert_eq!(made, workshop.openssl("pkey -in ec.key -pubout"));
    assert!(delivered(&jwk, KeyPart::Jwk).contains(&format!("\"x\":\"{}\"", url(x))));
}

/// RFC 7638, 3.1: the thumbprint is the hash of exactly these members in exactly this form.
#[test]
fn a_web_key_has_the_form_that_is_hashed() {
    let jwk = bundle(&[("kty", "RSA"), ("n", RFC_7638_N), ("e", "AQAB")]);
    let made = delivered(&jwk, KeyPart::Jwk);
    let hashed = made.strip_suffix('\n').unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, hashed.as_bytes());
    assert_eq!(
        url(digest.as_ref()),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn what_is_no_such_key_is_told() {
    let kind = |kind: &str| CertificateProblem::KeyKind {
        kind: kind.to_owned(),
    };
    let bad = CertificateProblem::BadPublicKey;
    for (members, wanted) in [
        (&[("kty", "oct-HSM")][..], kind("oct-HSM")),
        (&[("kty", "oct")], kind("oct")),
        (&[("kty", "OKP\u{1b}")], kind("OKP\\u{1b}")),
        (&[("kty", "EC"), ("crv", "P-256K")], kind("P-256K")),
        (&[("kty", "EC-HSM"), ("crv", "Ed25519")], kind("Ed25519")),
        (&[], bad.clone()),
        (&[("kty", "EC")], bad.clone()),
        (&[("kty", "EC"), ("crv", "P-256"), ("x", "AQ")], bad.clone()),
        (&[("kty", "RSA"), ("n", "AQ")], bad.clone()),
        (&[("kty", "RSA"), ("n", ""), ("e", "AQAB")], bad.clone()),
        (&[("kty", "RSA"), ("n", "AA"), ("e", "AQAB")], bad.clone()),
        (&[("kty", "RSA"), ("n", "A*"), ("e", "AQAB")], bad.clone()),
        (&[("kty", "RSA"), ("n", "AQ\""), ("e", "AQAB")], bad),
    ] {
        for part in [KeyPart::Jwk, KeyPart::Pem] {
            assert_eq!(public_key(&bundle(members), part).unwrap_err(), wanted);
        }
    }
    let number = Json::object(vec![("kty", Json::Number(1))]);
    assert!(public_key(&number, KeyPart::Pem).is_err());
    assert!(public_key(&Json::Null, KeyPart::Pem).is_err());
}

#[test]
fn nothing_private_is_delivered() {
    let jwk = bundle(&[
        ("kty", "RSA"),
        ("n", "3Q"),
        ("e", "AQAB"),
        ("d", "cHJpdmF0ZQ"),
    ]);
    assert_eq!(
        delivered(&jwk, KeyPart::Jwk),
        "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"3Q\"}\n"
    );
}

const RFC_7638_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
