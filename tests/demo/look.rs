//! What lies on the device's disk, seen from outside: never a value, only its length and digest.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Every path below `top` with all that changes when somebody touches it. Times of access
/// are left out: reading is no change.
pub fn fingerprint(top: &Path) -> io::Result<BTreeMap<PathBuf, String>> {
    let mut found = BTreeMap::new();
    let mut open = vec![top.to_owned()];
    while let Some(path) = open.pop() {
        let facts = fs::symlink_metadata(&path)?;
        if facts.is_dir() {
            for entry in fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        }
        let text = format!(
            "inode {} mode {:o} size {} modified {}.{:09} changed {}.{:09}",
            facts.ino(),
            facts.mode(),
            facts.size(),
            facts.mtime(),
            facts.mtime_nsec(),
            facts.ctime(),
            facts.ctime_nsec()
        );
        found.insert(path, text);
    }
    Ok(found)
}

/// The delivered files as a table: name, mode, length, digest, version in the vault.
pub fn table(sets: &Path, status: &Value) -> io::Result<()> {
    println!(
        "{:<18} {:<5} {:>6}  {:<14} VERSION",
        "FILE", "MODE", "BYTES", "SHA-256"
    );
    for set in list(status, "sets") {
        let name = text(set, "name");
        for file in list(set, "files") {
            let shown = format!("{name}/{}", text(file, "name"));
            let path = sets.join(&shown);
            let content = fs::read(&path)?;
            let version: String = text(file, "version").chars().take(8).collect();
            println!(
                "{shown:<18} {:04o}  {:>6}  {}…  {version}…",
                fs::metadata(&path)?.mode() & 0o7777,
                content.len(),
                digest(&content)
            );
        }
    }
    println!();
    Ok(())
}

/// How many connections and requests the last run counted.
pub fn traffic(status: &Value) -> (u64, u64) {
    let count = |name| status.pointer(name).and_then(Value::as_u64).unwrap_or(0);
    (count("/run/connections"), count("/run/requests"))
}

/// How many bytes the last run received.
pub fn received(status: &Value) -> u64 {
    let count = status.pointer("/run/received").and_then(Value::as_u64);
    count.unwrap_or(0)
}

/// The state of `set` and the reason behind it: `stale (network)`.
pub fn state(status: &Value, set: &str) -> String {
    let found = list(status, "sets")
        .iter()
        .find(|found| text(found, "name") == set);
    let Some(found) = found else {
        return "unknown".to_owned();
    };
    match text(found, "reason") {
        "" => text(found, "state").to_owned(),
        reason => format!("{} ({reason})", text(found, "state")),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let found = value.get(name).and_then(Value::as_array);
    found.map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The first twelve digits.
fn digest(content: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, content);
    let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.take(6).collect()
}
