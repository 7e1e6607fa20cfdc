//! Papers agree with the program: README's lists and examples, the reference of all keys.
//!
//! After a change of the table of keys, `UPDATE=1 cargo test papers` writes the reference anew.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use keyferry::cloud::PRESETS;
use keyferry::config::table::{Key, Presence, Section, IDENTITY_TYPES, KEYS};
use keyferry::config::{Config, LoadRequest};
use keyferry::error::Reason;

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

#[test]
fn the_reference_is_made_from_the_table_of_keys() {
    let path = top().join("docs/configuration.md");
    let made = reference();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(committed == made, "run: UPDATE=1 cargo test papers");
}

#[test]
fn links_of_the_papers_lead_somewhere() {
    for paper in [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/configuration.md",
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

/// First cells, in order, of the README's table whose head begins so; code marks taken off.
fn rows(head: &str) -> Vec<String> {
    let readme = readme();
    let lines = readme.lines().skip_while(|line| !line.starts_with(head));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap().trim().replace('`', ""))
        .collect()
}

fn reference() -> String {
    let mut text = REFERENCE_HEAD.to_owned();
    for section in sections() {
        text.push_str(&format!(
            "\n## {}\n\n| key | without it | |\n|---|---|---|\n",
            heading(section)
        ));
        for key in KEYS
            .iter()
            .filter(|key| key.section == section && !key.is_later())
        {
            text.push_str(&row(key));
        }
        let later: Vec<String> = KEYS
            .iter()
            .filter(|key| key.section == section && key.is_later())
            .map(|key| format!("`{}`", key.name))
            .collect();
        if !later.is_empty() {
            text.push_str(&format!("\nOf a later version: {}.\n", later.join(", ")));
        }
    }
    text
}

fn row(key: &Key) -> String {
    let without = match key.presence {
        Presence::Default(value) => format!("`{value}`"),
        Presence::Otherwise(words) => words.to_owned(),
        Presence::Required => "must be there".to_owned(),
        Presence::KnownLater | Presence::Optional => "–".to_owned(),
    };
    let example = key.example;
    let shown = if example.len() <= 60 {
        format!(" Example: `{example}`")
    } else {
        String::new()
    };
    let told = format!("{}{shown}", key.text).replace('|', "\\|");
    format!("| `{}` | {without} | {told} |\n", key.name)
}

/// Sections in the order of the table.
fn sections() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for key in KEYS.iter() {
        if !sections.contains(&key.section) {
            sections.push(key.section);
        }
    }
    sections
}

fn heading(section: Section) -> String {
    let text = section.to_string().replace('"', "`");
    let mut letters = text.chars();
    let first = letters.next().unwrap().to_uppercase();
    first.chain(letters).collect()
}

fn readme() -> String {
    fs::read_to_string(top().join("README.md")).unwrap()
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

const REFERENCE_HEAD: &str = "# All keys of the configuration

Made from the program's own table of keys; the JSON Schema beside the examples
([keyferry.schema.json](../packaging/keyferry.schema.json)) comes from the same table.

- Unknown and repeated keys are errors, told with file, line and column.
- `$schema` and `$comment` may stand in every object and are ignored.
- Durations are texts of a number and one of `s`, `m`, `h`, `d`: `\"30s\"`, `\"36h\"`.
- Modes are texts of octal digits: `\"0440\"`. Users and groups are names of /etc/passwd and
  /etc/group, or numbers.
- A credential is the path of its file, or an object with one of `file`, `credential`, `env`.
  Its value never stands in the configuration.
";
