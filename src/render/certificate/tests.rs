//! What comes as a certificate's value, and what is wrong with it.

mod delivered;

use proptest::prelude::*;

use super::*;
use crate::clock;
use crate::render::workshop::{value, Workshop};

fn problem(text: &str) -> CertificateProblem {
    Chain::read(&value(text)).unwrap_err()
}

#[test]
fn what_is_no_pem_is_told_apart() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    let plain = workshop.text(&["leaf.key", "leaf.pem"]);
    for text in [
        plain.replace('\n', "\\n"),
        plain.replace('\n', "\\r\\n"),
        plain.replace('\n', " "),
        plain.replace('\n', ""),
    ] {
        assert_eq!(problem(&text), CertificateProblem::FlattenedPem, "{text}");
    }
    let der = Base64::encode_string(&workshop.bytes("leaf.pem"));
    let key = workshop.text(&["leaf.key"]);
    for (text, wanted) in [
        ("", CertificateProblem::NoCertificate),
        (" \n", CertificateProblem::NoCertificate),
        ("hunter2", CertificateProblem::NoCertificate),
        (&der, CertificateProblem::NoCertificate),
        (&key, CertificateProblem::NoCertificate),
        (
            &plain.replace("-----END CERT", "-----BEGIN CERT"),
            CertificateProblem::BadCertificate,
        ),
        (
            &plain.replace("-----END PRIV", "-----BEGIN PRIV"),
            CertificateProblem::BadKey,
        ),
        (&plain.replacen('M', "*", 1), CertificateProblem::BadKey),
        (
            &key.replace("PRIVATE KEY", "CERTIFICATE"),
            CertificateProblem::BadCertificate,
        ),
        (
            &plain.replace("CERTIFICATE", "PRIVATE KEY"),
            CertificateProblem::BadKey,
        ),
    ] {
        assert_eq!(problem(text), wanted, "{text}");
    }
}

#[test]
fn keys_that_cannot_be_used_are_told_apart() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("RSA:2048");
    workshop.key("elliptic", "P-256");
    workshop.openssl("genpkey -algorithm ED25519 -out edwards");
    for (words, wanted) in [
        (
            "pkey -in leaf.key -aes256 -passout pass:x",
            CertificateProblem::EncryptedKey,
        ),
        (
            "pkey -in leaf.key -aes256 -passout pass:x -traditional",
            CertificateProblem::EncryptedKey,
        ),
        ("pkey -in edwards", CertificateProblem::KeyAlgorithm),
        (
            "pkey -in elliptic.key",
            CertificateProblem::KeyOfAnotherCertificate,
        ),
    ] {
        let text = workshop.openssl(words) + &workshop.text(&["leaf.pem"]);
        assert_eq!(problem(&text), wanted, "{words}");
    }
    let key = workshop.text(&["leaf.key"]);
    let foreign = key.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY");
    let text = foreign + &workshop.text(&["leaf.pem"]);
    assert_eq!(problem(&text), CertificateProblem::KeyAlgorithm);
}

#[test]
fn a_key_without_its_public_part_is_told_and_openssl_adds_it() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    for kind in ["P-256", "P-521"] {
        workshop.make_chain(kind);
        workshop.openssl("ec -in leaf.key -no_public -out bare");
        let text = workshop.text(&["bare", "leaf.pem", "lower.pem"]);
        assert_eq!(problem(&text), CertificateProblem::KeyWithoutPublicPart);
        // The advice.
        workshop.openssl("ec -in bare -out whole");
        let whole = workshop.openssl("pkey -in whole");
        let text = whole.clone() + &workshop.text(&["leaf.pem", "lower.pem"]);
        let chain = Chain::read(&value(&text)).unwrap();
        let key = chain.part(CertificatePart::Key).unwrap();
        assert_eq!(key.expose_str(), Some(whole.as_str()));
    }
}

#[test]
fn a_marker_that_lacks_a_hyphen_brings_no_key_into_a_sentence() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    let key = workshop.text(&["leaf.key"]);
    let line = key.lines().nth(1).unwrap();
    for broken in [
        key.replace("PRIVATE KEY-----\nM", "PRIVATE KEY----\nM"),
        key.replacen("PRIVATE KEY-----", "PRIVATE KEY", 1),
    ] {
        for text in [broken.clone(), broken + &workshop.text(&["leaf.pem"])] {
            let told = format!("{:?}", Chain::read(&value(&text)));
            assert!(told.contains("Bad"), "{told}");
            assert!(!told.contains(line), "{told}");
        }
    }
}

#[test]
fn a_part_that_is_not_there_is_an_error() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    let public = Chain::read(&value(&workshop.text(&["lower.pem", "leaf.pem"]))).unwrap();
    let alone = Chain::read(&value(&workshop.text(&["leaf.key", "leaf.pem"]))).unwrap();
    for (chain, form, wanted) in [
        (&public, CertificatePart::Key, CertificateProblem::NoKey),
        (&public, CertificatePart::Bundle, CertificateProblem::NoKey),
        (&public, CertificatePart::Pfx, CertificateProblem::Pem),
        (&alone, CertificatePart::Ca, CertificateProblem::NoIssuer),
    ] {
        assert_eq!(chain.part(form).unwrap_err(), wanted);
    }
    let ca = public.part(CertificatePart::Ca).unwrap();
    assert_eq!(ca.expose(), workshop.bytes("lower.pem"));
    assert!(!format!("{alone:?}").contains("PRIVATE"));
}

#[test]
fn the_time_of_the_leaf_is_told() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    let chain = Chain::read(&value(&workshop.text(&[
        "lower.pem",
        "leaf.key",
        "leaf.pem",
    ])))
    .unwrap();
    let told = workshop.openssl("x509 -in leaf.pem -noout -enddate -dateopt iso_8601");
    let told = told.trim().replace(' ', "T");
    assert_eq!(told, format!("notAfter={}", clock::utc(chain.expires())));
}

#[test]
fn what_is_neither_key_nor_certificate_is_dropped_with_a_warning() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    let public = workshop.openssl("pkey -in leaf.key -pubout");
    let request = workshop
        .text(&["leaf.csr"])
        .replace("CERTIFICATE REQUEST", "DH PARAMETERS");
    let text = workshop.text(&["leaf.key", "leaf.pem", "lower.pem"]) + &public + &request;
    let chain = Chain::read(&value(&text)).unwrap();
    assert_eq!(chain.warnings(), ["holds \"PUBLIC KEY\", which is dropped"]);
}

#[test]
fn a_name_forges_no_line_of_a_log() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    let key = rcgen::KeyPair::generate().unwrap();
    let mut stranger = rcgen::CertificateParams::default();
    let names = &mut stranger.distinguished_name;
    names.push(rcgen::DnType::CommonName, "x\nerror: \u{1b}[2Jsent");
    let stranger = stranger.self_signed(&key).unwrap().pem();
    let text = workshop.text(&["leaf.key", "leaf.pem", "lower.pem"]) + &stranger;
    let chain = Chain::read(&value(&text)).unwrap();
    let told = "holds a stranger, CN=x\\nerror: \\u{1b}[2Jsent, which is dropped";
    assert!(chain.warnings().iter().any(|warning| warning == told));
}

#[test]
fn containers_are_known_by_how_they_begin() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    for words in [
        "",
        "-keypbe NONE -certpbe NONE",
        "-nomac -certfile lower.pem",
    ] {
        workshop.openssl(&format!(
            "pkcs12 -export -inkey leaf.key -in leaf.pem -passout pass: {words} -out pfx"
        ));
        let text = Base64::encode_string(&workshop.bytes("pfx"));
        assert!(is_pkcs12(&value(&text)), "{words}");
        assert_eq!(problem(&text), CertificateProblem::Pkcs12);
        let (begin, end) = text.split_at(10);
        assert!(is_pkcs12(&value(&format!(" {begin}\r\n{end}\n"))));
    }
    let indefinite = Base64::encode_string(b"\x30\x80\x02\x01\x03\x30\x80\x06\x09\x2a\x86\x48");
    assert!(is_pkcs12(&value(&indefinite)));
    workshop.openssl("pkey -in leaf.key -outform DER -out der");
    let der = Base64::encode_string(&workshop.bytes("der"));
    let text = workshop.text(&["leaf.key", "leaf.pem"]);
    for other in [
        der.as_str(),
        &text,
        "",
        "MIIB",
        "hunter2hunter2hunter2",
        "AgEDAgEDAgEDAgED",
    ] {
        assert!(!is_pkcs12(&value(other)), "{other}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Chain::read(&Secret::copy_of(&bytes));
        let _ = is_pkcs12(&Secret::copy_of(&bytes));
        for label in ["CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            let _ = Chain::read(&keys::write(&[(label, &bytes)]));
        }
    }
}

#[test]
fn any_changed_byte_is_read_or_refused() {
    let Some(workshop) = Workshop::open() else {
        return;
    };
    workshop.make_chain("P-256");
    workshop.openssl("pkey -in leaf.key -outform DER -out key");
    workshop.openssl("ec -in leaf.key -outform DER -out old");
    workshop.openssl("x509 -in leaf.pem -outform DER -out certificate");
    let names = [
        ("key", "PRIVATE KEY"),
        ("old", "EC PRIVATE KEY"),
        ("certificate", "CERTIFICATE"),
    ];
    for (changed, label) in names {
        let der = workshop.bytes(changed);
        let certificate = workshop.bytes("certificate");
        let read = |der: &[u8]| {
            let _ = Chain::read(&keys::write(&[(label, der), ("CERTIFICATE", &certificate)]));
        };
        for place in 0..der.len() {
            read(&der[..place]);
            for change in [0x01, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[place] ^= change;
                read(&changed);
            }
        }
    }
}
