//! Papers agree with the program: README's lists and examples, and all that is made from its
//! tables: the reference of keys, blocks of the man pages, completions.
//!
//! After a change of a table, `UPDATE=1 cargo test --test house papers` writes anew what is made
//! from it.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test may panic"
)]

mod commands;
mod completions;
mod json;
mod keys;
mod markdown;
mod pages;
mod readme;
mod reference;
mod roff;

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn links_of_the_papers_lead_somewhere() {
    for paper in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/configuration.md",
        "docs/fleet.md",
        "docs/sources.md",
    ] {
        let path = top().join(paper);
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap();
            let found = link.starts_with("https://") || path.parent().unwrap().join(link).exists();
            assert!(found, "{paper}: {link}");
        }
    }
}

/// Holds the file at `path` to what was `made`, or writes it when that is asked for.
fn hold(path: &str, made: &str) {
    let path = top().join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "{} is not what the tables say; run: UPDATE=1 cargo test --test house papers",
        path.display()
    );
}

fn read(path: &str) -> String {
    fs::read_to_string(top().join(path)).unwrap()
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
