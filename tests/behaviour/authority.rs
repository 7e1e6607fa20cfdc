//! Keys and certificates as an operator makes them: by openssl, which also reads back what was
//! delivered. The code under test has no part in it.
//!
//! Keys take a moment to make, so they are kept for the life of the process; certificates are
//! new each time.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Kinds of keys that a vault has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Rsa2048,
    Rsa4096,
    P256,
    P384,
    P521,
}

/// A key and its certificate, issued by [`intermediate`].
#[derive(Clone, Debug)]
pub struct Pair {
    /// PKCS#8.
    pub key: String,
    pub leaf: String,
}

impl Kind {
    pub const ALL: [Self; 5] = [
        Self::Rsa2048,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
        Self::P521,
    ];

    fn words(self) -> [&'static str; 4] {
        let (algorithm, option) = match self {
            Self::Rsa2048 => ("RSA", "rsa_keygen_bits:2048"),
            Self::Rsa4096 => ("RSA", "rsa_keygen_bits:4096"),
            Self::P256 => ("EC", "ec_paramgen_curve:P-256"),
            Self::P384 => ("EC", "ec_paramgen_curve:P-384"),
            Self::P521 => ("EC", "ec_paramgen_curve:P-521"),
        };
        ["-algorithm", algorithm, "-pkeyopt", option]
    }
}

impl Pair {
    /// A new certificate `CN=NAME` for key `number` of this kind, valid for 90 days.
    pub fn new(kind: Kind, number: usize, name: &str) -> Self {
        Self::ending(kind, number, name, 90)
    }

    /// The same, valid for so many days.
    pub fn ending(kind: Kind, number: usize, name: &str, days: u32) -> Self {
        let key = key(kind, number);
        let (authority, authority_key) = (intermediate(), key_of_intermediate());
        let leaf = certificate(name, &key, Some((&authority, &authority_key)), false, days);
        Self { key, leaf }
    }

    /// As a vault stores it: key, leaf, what is above the leaf.
    pub fn pem(&self) -> String {
        [self.key.as_str(), &self.leaf, &intermediate()].concat()
    }

    /// The same as a PKCS#12 container without password.
    pub fn pfx(&self) -> Vec<u8> {
        let top = tempfile::tempdir().unwrap();
        let words = [
            "pkcs12",
            "-export",
            "-passout",
            "pass:",
            "-inkey",
            "key",
            "-in",
            "leaf",
            "-certfile",
            "above",
        ];
        let files = [
            ("key", self.key.as_str()),
            ("leaf", &self.leaf),
            ("above", &intermediate()),
        ];
        openssl_in(top.path(), &words, &files)
    }

    /// What the pair is in a vault as PEM, or as PFX with the service's conversion.
    pub fn in_vault(&self, as_pfx: bool) -> cloud::Certificate {
        match as_pfx {
            true => cloud::Certificate::pfx(self.pfx(), self.pem()),
            false => cloud::Certificate::pem(self.pem()),
        }
    }

    /// A line of its private key, by which it would be recognised anywhere.
    pub fn mark(&self) -> &str {
        self.key.lines().nth(2).unwrap()
    }
}

/// Key `number` of a kind, PKCS#8.
pub fn key(kind: Kind, number: usize) -> String {
    static KEYS: OnceLock<Mutex<HashMap<(Kind, usize), String>>> = OnceLock::new();
    let mut keys = KEYS.get_or_init(Mutex::default).lock().unwrap();
    let made = keys.entry((kind, number)).or_insert_with(|| {
        let words = [&["genpkey"][..], &kind.words()].concat();
        String::from_utf8(openssl(&words, b"")).unwrap()
    });
    made.clone()
}

/// The certificate of the authority at the top, which issued itself.
pub fn root() -> String {
    static ROOT: OnceLock<String> = OnceLock::new();
    let made =
        ROOT.get_or_init(|| certificate("Factory Root", &key(Kind::P256, 90), None, true, 3650));
    made.clone()
}

/// The certificate of the authority below it.
pub fn intermediate() -> String {
    static INTERMEDIATE: OnceLock<String> = OnceLock::new();
    let made = INTERMEDIATE.get_or_init(|| {
        let above = (root(), key(Kind::P256, 90));
        let key = key_of_intermediate();
        certificate(
            "Factory Issuing",
            &key,
            Some((&above.0, &above.1)),
            true,
            1825,
        )
    });
    made.clone()
}

/// A certificate that issued itself and has to do with nobody.
pub fn stranger() -> String {
    certificate("Somebody Else", &key(Kind::P256, 92), None, false, 90)
}

/// The file holds a whole key, and it is the one of the certificate in the other file.
#[track_caller]
pub fn belong_together(key: &Path, certificate: &Path) {
    let (key, certificate) = (fs::read(key).unwrap(), fs::read(certificate).unwrap());
    let checked = openssl(&["pkey", "-check", "-noout"], &key);
    assert!(String::from_utf8_lossy(&checked).contains("Key is valid"));
    let of_key = openssl(&["pkey", "-pubout"], &key);
    let of_certificate = openssl(&["x509", "-noout", "-pubkey"], &certificate);
    assert_eq!(
        String::from_utf8(of_key).unwrap(),
        String::from_utf8(of_certificate).unwrap()
    );
}

/// The leaf in the first file is verified by those in the second and the root.
#[track_caller]
pub fn is_verified(leaf: &Path, above: &Path) {
    let top = tempfile::tempdir().unwrap();
    let (leaf, above) = (
        fs::read_to_string(leaf).unwrap(),
        fs::read_to_string(above).unwrap(),
    );
    let words = ["verify", "-CAfile", "root", "-untrusted", "above", "leaf"];
    let files = [("root", root()), ("above", above), ("leaf", leaf)];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    openssl_in(top.path(), &words, &files);
}

/// The common names of the certificates in a file, in its order.
pub fn subjects(file: &Path) -> Vec<String> {
    let words = ["crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin"];
    let all = openssl(&words, &fs::read(file).unwrap());
    let printed = openssl(&["pkcs7", "-print_certs", "-noout"], &all);
    let printed = String::from_utf8(printed).unwrap();
    let subjects = printed
        .lines()
        .filter_map(|line| line.strip_prefix("subject="));
    subjects
        .map(|subject| subject.trim_start_matches("CN").trim_matches([' ', '=']))
        .map(str::to_owned)
        .collect()
}

/// What openssl gives for this input. It must succeed.
#[track_caller]
pub fn openssl(words: &[&str], input: &[u8]) -> Vec<u8> {
    run(Command::new("openssl").args(words), input)
}

#[track_caller]
fn openssl_in(directory: &Path, words: &[&str], files: &[(&str, &str)]) -> Vec<u8> {
    for (name, text) in files {
        fs::write(directory.join(name), text).unwrap();
    }
    run(
        Command::new("openssl").args(words).current_dir(directory),
        b"",
    )
}

#[track_caller]
fn run(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    // What is told here is far below what a pipe holds.
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    output.stdout
}

fn key_of_intermediate() -> String {
    key(Kind::P256, 91)
}

fn certificate(
    name: &str,
    key: &str,
    issuer: Option<(&str, &str)>,
    is_authority: bool,
    days: u32,
) -> String {
    let top = tempfile::tempdir().unwrap();
    let (subject, days) = (format!("/CN={name}"), days.to_string());
    let constraints = match is_authority {
        true => "basicConstraints=critical,CA:TRUE",
        false => "basicConstraints=critical,CA:FALSE",
    };
    let mut words = vec![
        "req",
        "-x509",
        "-new",
        "-config",
        "config",
        "-key",
        "key",
        "-subj",
        &subject,
        "-days",
        &days,
        "-addext",
        constraints,
        "-addext",
        "subjectKeyIdentifier=hash",
    ];
    let mut files = vec![
        ("config", "[req]\ndistinguished_name=name\n[name]\n"),
        ("key", key),
    ];
    if let Some((certificate, key)) = issuer {
        words.extend(["-addext", "authorityKeyIdentifier=keyid"]);
        words.extend(["-CA", "issuer", "-CAkey", "issuer-key"]);
        files.extend([("issuer", certificate), ("issuer-key", key)]);
    }
    String::from_utf8(openssl_in(top.path(), &words, &files)).unwrap()
}
