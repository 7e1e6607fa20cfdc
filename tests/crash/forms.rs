//! A set of all forms that a file may have: a certificate's chain and its key, an env file,
//! selected files of which one appears and one vanishes, and a blob that comes in pieces.
//!
//! Keys and certificates are openssl's. What is delivered of them is written down here, too.

use cloud::{Certificate, StorageAccount, Vault};
use serde_json::{json, Value};

use crate::authority::{self, Kind, Pair};
use crate::version::{text, File, Version};

/// Three versions of the set.
pub fn versions() -> [Version; 3] {
    let peers = [
        ["peer-a", "peer-b"],
        ["peer-a", "peer-b"],
        ["peer-b", "peer-c"],
    ];
    let words = ["before", "old", "new"].into_iter().zip(peers).enumerate();
    let versions = words.map(|(number, (word, peers))| {
        let length = usize::try_from(IMAGE_LENGTH).unwrap();
        let pair = Pair::new(Kind::P256, number, word);
        let (user, password) = (text("user", word, 30), text("password", word, 40));
        let mut files = vec![
            (IMAGE, text(IMAGE, word, length), 0o440),
            (
                ENV,
                format!("PASSWORD=\"{password}\"\nUSER=\"{user}\"\n"),
                0o440,
            ),
            (
                CHAIN,
                [pair.leaf, authority::intermediate()].concat(),
                0o440,
            ),
            (KEY, pair.key, 0o440),
        ];
        files.extend(peers.map(|peer| (peer, text(peer, word, 200), 0o440)));
        Version::of(&files)
    });
    versions.collect::<Vec<_>>().try_into().unwrap()
}

/// How a configuration says where they come from.
pub fn files() -> Value {
    json!({
        IMAGE: {"blob": {"account": ACCOUNT, "container": CONTAINER, "name": IMAGE}},
        ENV: {"env_file": {
            "PASSWORD": {"secret": "service-password"},
            "USER": {"secret": "service-user"},
        }},
        CHAIN: {"certificate": "tls", "part": "chain"},
        KEY: {"certificate": "tls", "part": "key"},
        "${name}": {"select": {"prefix": "peer-"}, "max_objects": 9, "if_missing": "skip"},
    })
}

/// Puts `version` into the cloud. No value in it wants quotes in an env file.
pub fn fill(vault: &Vault, account: &StorageAccount, version: &Version) {
    let content = |name: &str| version.files[name].content.as_str();
    let pem = [content(KEY), content(CHAIN)].concat();
    vault.set_certificate("tls", Certificate::pem(pem));
    for line in content(ENV).lines() {
        let (name, value) = line.split_once('=').unwrap();
        let secret = format!("service-{}", name.to_lowercase());
        vault.set(&secret, value.trim_matches('"'));
    }
    for peer in ["peer-a", "peer-b", "peer-c"] {
        match version.files.get(peer) {
            Some(file) => drop(vault.set(peer, &file.content)),
            None if peer == "peer-a" => vault.delete(peer),
            None => {}
        }
    }
    put_image(account, content(IMAGE));
}

/// What shows that somewhere stands a value of this file; nothing for a certificate.
pub fn mark<'a>(name: &'a str, file: &'a File) -> Option<(&'a str, &'a str)> {
    let content = file.content.as_str();
    let mark = match name {
        CHAIN => return None,
        ENV => content.split('"').nth(1).unwrap(),
        KEY => content.lines().nth(2).unwrap(),
        _ => &content[..10],
    };
    Some((name, mark))
}

/// Puts another image into the cloud.
pub fn put_image(account: &StorageAccount, content: &str) {
    account.put(CONTAINER, IMAGE, content);
}

pub const ACCOUNT: &str = "factory7";
const CONTAINER: &str = "devices";
/// Where the account has the image.
pub const IMAGE_PATH: &str = "/devices/image";
/// A blob that takes several writes.
pub const IMAGE: &str = "image";
pub const IMAGE_LENGTH: u64 = 100_000;
const ENV: &str = "service.env";
pub const CHAIN: &str = "tls.chain";
pub const KEY: &str = "tls.key";
