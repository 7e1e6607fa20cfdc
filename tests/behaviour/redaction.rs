//! Values of every source, and what is made of them, stand in the files and nowhere else.

use std::path::Path;

use cloud::Secret;
use serde_json::{json, Value};

use crate::authority::{self, Kind, Pair};
use crate::support::Site;

/// A set with a file of each source, and the marks by which its values would be recognised.
fn every_source(site: &Site) -> (Value, Vec<String>) {
    let pair = Pair::new(Kind::P256, 1, "web");
    site.vault.set_certificate("web", pair.in_vault(true));
    let key = authority::openssl(&["pkey", "-pubout", "-outform", "DER"], pair.key.as_bytes());
    site.vault.set_key("signing", cloud::Key::from_spki(&key));
    let marks = [
        "marker-plain",
        "marker-decoded",
        "marker in json",
        "marker-hex",
        "marker$env",
        "marker/url",
        "marker-select",
    ];
    let encoded = authority::openssl(&["base64"], marks[1].as_bytes());
    let encoded = String::from_utf8(encoded).unwrap();
    let hex: String = marks[3].bytes().map(|byte| format!("{byte:02x}")).collect();
    let document = format!("{{\"a\": \"{}\"}}", marks[2]);
    for (name, value) in [
        ("plain", marks[0]),
        ("encoded", &encoded),
        ("document", &document),
        ("hex", &hex),
        ("env", marks[4]),
        ("url", marks[5]),
        ("line3-a", marks[6]),
    ] {
        let mut secret = Secret::new(value);
        secret.created = Some(1_000_000_000);
        site.vault.set_with(name, secret);
    }
    let sets = json!({"all": {"change_check": "list", "files": {
        "plain": {"secret": "plain", "newline": "ensure"},
        "decoded": {"secret": "encoded", "encoding": "base64"},
        "part": {"secret": "document", "json": "/a"},
        "hex": {"secret": "hex", "encoding": "hex"},
        "key": {"certificate": "web", "part": "key"},
        "pfx": {"certificate": "web", "part": "pfx"},
        "public": {"key": "signing"},
        "env": {"env_file": {"A": {"secret": "env"}, "B": {"compose": {
            "text": "https://${a|url}/", "values": {"a": {"secret": "url"}},
        }}}},
        "conf": {"compose": {"text": "${a|base64} ${a|json}", "values": {"a": {"secret": "plain"}}}},
        "${name}": {"select": {"prefix": "line3-"}, "max_objects": 3},
    }}});
    let mut hidden: Vec<String> = marks.iter().map(|mark| (*mark).to_owned()).collect();
    let filtered = authority::openssl(&["base64", "-A"], marks[0].as_bytes());
    hidden.extend([
        pair.mark().to_owned(),
        encoded.trim().to_owned(),
        hex,
        "marker\\$env".to_owned(),
        "marker%2Furl".to_owned(),
        String::from_utf8(filtered).unwrap(),
    ]);
    (sets, hidden)
}

/// All files below a directory with their bytes, but for those that are delivered.
fn remembered(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            found.extend(remembered(&path));
        } else if name.contains('.') || !path.to_str().unwrap().contains("/sets/") {
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
    found
}

#[test]
fn what_is_told_and_remembered_of_every_source_holds_no_value() {
    let site = Site::new();
    let (sets, hidden) = every_source(&site);
    hidden.iter().for_each(|value| site.hide(value));
    site.configure(&site.config(sets));
    for words in [
        &["check"][..],
        &["sync", "--dry-run", "--log", "debug"],
        &["sync", "--log", "debug", "--json"],
        &["sync", "--log", "debug"],
        &["sync", "--offline", "--log", "debug"],
        &["status"],
        &["status", "--json"],
        &["check", "--online", "--log", "debug"],
    ] {
        site.keyferry(words).exits(0);
    }
    let mut names = Vec::new();
    for top in ["run", "state"] {
        for (name, bytes) in remembered(&site.path(top)) {
            let text = String::from_utf8_lossy(&bytes);
            for value in &hidden {
                assert!(!text.contains(value.as_str()), "{value} is in {name}");
            }
            names.push(name);
        }
    }
    for expected in ["status.json", "seen.json", "state.json", ".keyferry.json"] {
        assert!(names.iter().any(|name| name == expected), "{names:?}");
    }
    // They do stand where they belong.
    let delivered = |file: &str| site.delivered("all", file).unwrap();
    assert_eq!(
        delivered("env"),
        "A=\"marker\\$env\"\nB=\"https://marker%2Furl/\"\n"
    );
    assert_eq!(delivered("line3-a"), "marker-select");
    site.assert_well_behaved();
}
