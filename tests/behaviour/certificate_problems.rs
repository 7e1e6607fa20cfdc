//! What a vault may hold under the name of a certificate, and what is told of it.

use serde_json::json;

use crate::authority::{self, Kind, Pair};
use crate::golden;
use crate::support::Site;

/// A site that wants this part, in whose vault the certificate is this text.
fn site(part: &str, text: &str) -> Site {
    let site = Site::new();
    let file = json!({"certificate": "web", "part": part});
    site.configure(&site.config(json!({"web": {"files": {"out": file}}})));
    for line in text.lines().filter(|line| line.len() == 64) {
        site.hide(line);
    }
    let leaf = authority::stranger();
    let leaf = authority::openssl(&["x509", "-outform", "DER"], leaf.as_bytes());
    let certificate = cloud::Certificate::pem(text).leaf(&leaf);
    site.vault.set_certificate("web", certificate);
    site
}

fn made(words: &[&str], input: &str) -> String {
    String::from_utf8(authority::openssl(words, input.as_bytes())).unwrap()
}

#[test]
fn what_cannot_be_delivered_of_a_certificate_is_told_with_what_to_do() {
    let pair = Pair::new(Kind::P256, 1, "web");
    let other = Pair::new(Kind::P256, 2, "other");
    let (key, leaf) = (pair.key.as_str(), pair.leaf.as_str());
    let nonsense = |label: &str| {
        let begin = key.replace("PRIVATE KEY", label);
        begin.replace("MIG", "AAA")
    };
    let encrypted = made(&["pkey", "-aes-256-cbc", "-passout", "pass:x"], key);
    let edwards = made(&["genpkey", "-algorithm", "ED25519"], "");
    let alone = made(&["ec", "-no_public"], key);
    let container = base64(&pair.pfx());
    let mut told = String::new();
    for (what, part, text) in [
        (
            "BadCertificate",
            "cert",
            key.to_owned() + &nonsense("CERTIFICATE"),
        ),
        ("BadKey", "key", nonsense("PRIVATE KEY") + leaf),
        ("EncryptedKey", "key", encrypted + leaf),
        ("FlattenedPem", "chain", pair.pem().replace('\n', " ")),
        (
            "FlattenedPem, literally",
            "chain",
            pair.pem().replace('\n', "\\n"),
        ),
        ("KeyAlgorithm", "bundle", edwards + leaf),
        ("KeyOfAnotherCertificate", "chain", other.key.clone() + leaf),
        ("KeyWithoutPublicPart", "key", alone + leaf),
        ("NoCertificate", "key", key.to_owned()),
        ("NoCertificate, empty", "cert", String::new()),
        ("NoCertificate, other text", "cert", "hunter2".to_owned()),
        ("NoIssuer", "ca", key.to_owned() + leaf),
        ("NoKey", "key", leaf.to_owned()),
        ("Pem", "pfx", pair.pem()),
        ("Pkcs12", "chain", container),
        ("SeveralKeys", "bundle", pair.pem() + &other.pem()),
        ("SeveralLeaves", "cert", pair.leaf.clone() + &other.leaf),
    ] {
        let site = site(part, &text);
        let run = site.keyferry(&["sync"]).exits(65);
        told.push_str(&format!("{what}\n{}", golden::masked(&site, &run.stderr)));
        assert_eq!(site.delivered("web", "out"), None, "{what}");
        let status = site.set_status("web");
        assert_eq!(
            (&status["state"], &status["reason"]),
            (&json!("unusable"), &json!("reply"))
        );
        assert!(status["next_step"].is_string());
        site.assert_well_behaved();
    }
    golden::text_matches("certificate_problems", &told);
}

fn base64(bytes: &[u8]) -> String {
    String::from_utf8(authority::openssl(&["base64", "-A"], bytes)).unwrap()
}

#[test]
fn names_from_certificates_are_escaped_and_cut() {
    let hostile = format!("\u{1b}[2J{}", "x".repeat(50));
    let pair = Pair::new(Kind::P256, 1, &hostile);
    let site = site("bundle", &[pair.key.as_str(), &pair.leaf].concat());
    site.keyferry(&["sync", "--log", "debug"])
        .exits(0)
        .says("has a gap above CN=\\u{1b}[2Jxxx")
        .never_says("\u{1b}");
}
