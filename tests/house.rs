//! The house holds: rooms use only rooms below them, and tables agree with what is written.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test plays the operator")]

mod papers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rows, lowest first; rooms of one row are blind to each other, unless one stands in
/// brackets behind another, which may then use it.
const ROWS: [&[&str]; 10] = [
    &["name", "secret"],
    &["json"],
    &["error"],
    &["clock", "harden", "log", "retry"],
    &["cloud", "disk", "http", "keys"],
    &["config"],
    &[
        "blob",
        "discovery",
        "hook",
        "identity",
        "render",
        "report",
        "state",
        "store",
        "vault",
    ],
    &["sync"],
    &["command"],
    &["main"],
];

/// Uses inside a row, or upwards, that are meant: user, used, why.
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    (
        "report",
        "state",
        "the status table shows what state defines",
    ),
    ("command", "cli", "its options are what was typed"),
];

#[test]
fn rooms_use_only_rooms_below_them() {
    let mut wrong = Vec::new();
    for (room, files) in rooms() {
        for (file, text) in files {
            for used in uses(&text) {
                if !may_use(&room, &used) {
                    wrong.push(format!("{}: {room} uses {used}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_stands_in_the_table() {
    for room in rooms().keys() {
        assert!(
            row(room).is_some() || room == "lib" || room == "cli",
            "{room}"
        );
    }
}

fn may_use(room: &str, used: &str) -> bool {
    if room == used || room == "main" || room == "lib" {
        return true;
    }
    let excepted = |(user, what, _): &(&str, &str, &str)| *user == room && *what == used;
    EXCEPTIONS.iter().any(excepted) || row(used) < row(room)
}

/// `cli` stands beside `command`: it reads words, with the types of `config`.
fn row(room: &str) -> Option<usize> {
    let room = if room == "cli" { "command" } else { room };
    ROWS.iter().position(|row| row.contains(&room))
}

/// Each room's files with their text, tests cut off.
fn rooms() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut rooms: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).unwrap();
        let first = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap();
        let room = first.trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&file).unwrap();
        let text = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap()
            .to_owned();
        rooms.entry(room).or_default().push((file, text));
    }
    rooms
}

/// The rooms that a file names behind `crate::`, in code and in grouped imports.
fn uses(text: &str) -> Vec<String> {
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n");
    let mut used = Vec::new();
    for behind in code.split("crate::").skip(1) {
        let names = behind
            .strip_prefix('{')
            .and_then(|group| group.split('}').next())
            .unwrap_or(behind);
        let names: Vec<&str> = if behind.starts_with('{') {
            names.split(',').collect()
        } else {
            vec![names]
        };
        for name in names {
            let word: String = name
                .trim()
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            used.push(word);
        }
    }
    used.retain(|word| !word.is_empty());
    used
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
