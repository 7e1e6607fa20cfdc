//! What openssl says to what is delivered.

use crate::config::CertificatePart;
use crate::render::workshop::{value, Order, Workshop, LEAF};
use crate::render::Chain;

const PARTS: [(CertificatePart, &str); 5] = [
    (CertificatePart::Bundle, "bundle"),
    (CertificatePart::Ca, "ca"),
    (CertificatePart::Cert, "cert"),
    (CertificatePart::Chain, "chain"),
    (CertificatePart::Key, "key"),
];

/// The delivered text of `part`.
fn part(text: &str, part: CertificatePart) -> String {
    let chain = Chain::read(&value(text)).unwrap();
    assert_eq!(chain.warnings(), [""; 0]);
    chain.part(part).unwrap().expose_str().unwrap().to_owned()
}

fn openssl_takes_every_part(kind: &str) {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain(kind);
    let text = workshop.text(&["upper.pem", "leaf.key", "lower.pem", "leaf.pem"]);
    for (form, name) in PARTS {
        workshop.put(name, part(&text, form).as_bytes());
    }
    for (name, files) in [
        (
            "bundle",
            &["leaf.key", "leaf.pem", "lower.pem", "upper.pem"][..],
        ),
        ("ca", &["lower.pem", "upper.pem"]),
        ("cert", &["leaf.pem"]),
        ("chain", &["leaf.pem", "lower.pem", "upper.pem"]),
        ("key", &["leaf.key"]),
    ] {
        assert_eq!(workshop.text(&[name]), workshop.text(files), "{name}");
    }
    // openssl verifies the first certificate of a file.
    for words in [
        "verify -CAfile root.pem -untrusted ca cert",
        "verify -CAfile root.pem -untrusted chain chain",
        "verify -CAfile root.pem -untrusted bundle bundle",
    ] {
        assert!(workshop.openssl(words).ends_with(": OK\n"), "{words}");
    }
    for name in ["key", "bundle"] {
        let checked = workshop.openssl(&format!("pkey -in {name} -check -noout"));
        assert!(checked.contains("is valid"), "{checked}");
    }
    assert_eq!(
        workshop.openssl("pkey -in key -pubout"),
        workshop.openssl("x509 -in chain -noout -pubkey")
    );
    if kind.starts_with("RSA") {
        assert_eq!(
            workshop.openssl("x509 -in chain -noout -modulus"),
            workshop.openssl("rsa -in bundle -noout -modulus")
        );
    }
}

#[test]
fn openssl_takes_every_part_of_p256() {
    openssl_takes_every_part("P-256");
}

#[test]
fn openssl_takes_every_part_of_p384() {
    openssl_takes_every_part("P-384");
}

#[test]
fn openssl_takes_every_part_of_p521() {
    openssl_takes_every_part("P-521");
}

#[test]
fn openssl_takes_every_part_of_rsa_2048() {
    openssl_takes_every_part("RSA:2048");
}

#[test]
fn openssl_takes_every_part_of_rsa_4096() {
    openssl_takes_every_part("RSA:4096");
}

#[test]
fn old_forms_of_keys_become_pkcs8() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    for (kind, label) in [
        ("RSA:2048", "RSA PRIVATE KEY"),
        ("P-256", "EC PRIVATE KEY"),
        ("P-384", "EC PRIVATE KEY"),
        ("P-521", "EC PRIVATE KEY"),
    ] {
        workshop.make_chain(kind);
        let old = workshop.openssl("pkey -in leaf.key -traditional");
        assert!(old.starts_with(&format!("-----BEGIN {label}-----")));
        let text = workshop.text(&["leaf.pem", "lower.pem"]) + &old;
        let made = part(&text, CertificatePart::Key);
        assert!(made.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        workshop.put("made", made.as_bytes());
        workshop.openssl("pkey -in made -check -noout");
        assert_eq!(
            workshop.openssl("pkey -in made"),
            workshop.text(&["leaf.key"])
        );
        // Both forms are one key, and the first is delivered.
        let both = workshop.text(&["leaf.pem", "lower.pem", "leaf.key"]) + &old;
        assert_eq!(
            part(&both, CertificatePart::Key),
            workshop.text(&["leaf.key"])
        );
    }
    // As `openssl ecparam -genkey` writes it, with its parameters in front.
    workshop.openssl("ecparam -name prime256v1 -genkey -out fresh.key");
    workshop.make(Order {
        name: "fresh",
        subject: "fresh",
        issuer: Some("lower"),
        days: 5,
        extensions: LEAF,
    });
    let text = workshop.text(&["fresh.key", "fresh.pem", "lower.pem"]);
    assert!(text.starts_with("-----BEGIN EC PARAMETERS-----"));
    assert!(part(&text, CertificatePart::Bundle).starts_with("-----BEGIN PRIVATE KEY-----\n"));
}

#[test]
fn what_editors_and_openssl_make_of_a_text_changes_nothing() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    let plain = workshop.text(&["leaf.key", "leaf.pem", "lower.pem", "upper.pem"]);
    // Bag attributes before each section, in the container's order.
    workshop.put(
        "above",
        workshop.text(&["upper.pem", "lower.pem"]).as_bytes(),
    );
    workshop.openssl("pkcs12 -export -inkey leaf.key -in leaf.pem -certfile above -passout pass: -name a\\b -out pfx");
    let bags = workshop.openssl("pkcs12 -in pfx -passin pass: -nodes");
    assert!(bags.contains("Bag Attributes"));
    let long = plain.replace('\n', "").replace("-----END", "\n-----END");
    let long = long.replace("-----BEGIN ", "\n-----BEGIN ");
    let long = long.replace("KEY-----M", "KEY-----\nM");
    let long = long.replace("CATE-----M", "CATE-----\nM");
    for text in [
        plain.clone(),
        bags,
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\r"),
        plain.replace("-----\n", "----- \n\n"),
        long,
        plain.trim_end().to_owned(),
        format!("\u{feff}{plain}# the end"),
    ] {
        assert_eq!(part(&text, CertificatePart::Bundle), plain, "{text}");
    }
}
