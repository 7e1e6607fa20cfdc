//! README shows the help, lists what is listed elsewhere, and its configurations load.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use keyferry::cloud::PRESETS;
use keyferry::config::table::IDENTITY_TYPES;
use keyferry::config::{Config, LoadRequest};
use keyferry::error::Reason;

use super::read;

#[test]
fn readme_shows_the_help() {
    let help = keyferry::cli::help();
    assert!(readme().contains(&format!("```\n{help}```\n")), "{help}");
}

#[test]
fn readme_lists_every_reason_with_a_line() {
    let listed = rows("| reason |");
    let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(listed, known);
}

#[test]
fn readme_lists_every_exit_code() {
    let mut listed = rows("| exit |");
    listed.sort_unstable();
    let known = [
        "0", "64", "65", "66", "69", "70", "73", "74", "75", "77", "78",
    ];
    assert_eq!(listed, known);
}

#[test]
fn readme_lists_every_cloud_and_identity() {
    let known: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    assert_eq!(rows("| cloud |"), known);
    let known: Vec<&str> = IDENTITY_TYPES.iter().map(|known| known.name).collect();
    assert_eq!(rows("| type |"), known);
}

#[test]
fn configurations_in_readme_are_good() {
    let readme = readme();
    let texts: Vec<&str> = readme.split("```json\n").skip(1).collect();
    assert!(texts.len() >= 2);
    for text in texts {
        let text = text.split("```").next().unwrap();
        // Not every machine has this group.
        let text = text.replace("\"mosquitto\"", "\"root\"");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut request = LoadRequest::standard(None);
        request.config = path;
        let config = Config::load(&request).unwrap();
        assert!(config.broken_sets.is_empty(), "{text}");
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    }
}

/// First cells, in order, of the README's table whose head begins so; code marks taken off.
fn rows(head: &str) -> Vec<String> {
    let readme = readme();
    let lines = readme.lines().skip_while(|line| !line.starts_with(head));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap().trim().replace('`', ""))
        .collect()
}

fn readme() -> String {
    read("README.md")
}
