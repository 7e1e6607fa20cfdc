//! What keyferry.json(5) takes from the tables of keys, clouds and identities.

use keyferry::cloud::{Preset, PRESETS};
use keyferry::config::table::{Key, Kind, Presence, IDENTITY_TYPES, KEYS};

use super::json;
use super::markdown;
use super::read;
use super::reference::{heading, sections};
use super::roff::{arguments, display, filled, inline, sentence};

/// Every key, section by section.
pub(super) fn keys() -> String {
    let mut made = String::new();
    for section in sections() {
        let title = arguments(&inline(&heading(section)));
        made.push_str(&format!(".Ss {title}\n.Bl -tag -width Ds\n"));
        let of_section = KEYS.iter().filter(|key| key.section == section);
        for key in of_section.filter(|key| !key.is_later()) {
            made.push_str(&item(key));
        }
        made.push_str(".El\n");
    }
    made
}

/// The clouds that have a name, with their hosts and other names.
pub(super) fn clouds() -> String {
    let rows: Vec<Vec<String>> = PRESETS.iter().map(cloud).collect();
    markdown::list(&rows)
}

/// The types of identity, each with what README says of it.
pub(super) fn identities() -> String {
    let told = markdown::table(&read("README.md"), "| type |");
    let row = |name: &str| {
        let cell = format!("`{name}`");
        let found = told.iter().find(|row| row[0] == cell);
        let row = found.unwrap_or_else(|| panic!("README tells nothing of identity {name}"));
        let text = sentence(&row[1]);
        vec![cell, format!("{text} If it is refused: {}.", row[3])]
    };
    let rows: Vec<Vec<String>> = IDENTITY_TYPES.iter().map(|known| row(known.name)).collect();
    markdown::list(&rows)
}

/// The sources of files, each with its example, as docs/sources.md has them.
pub(super) fn sources() -> String {
    let paper = read("docs/sources.md");
    let table = paper.find("| source |").unwrap();
    markdown::converted(&paper[table..])
}

/// An example of packaging/examples/, or the members of it that are named.
pub(super) fn example(file: &str, members: &[&str]) -> String {
    let text = read(&format!("packaging/examples/{file}"));
    display(&json::members_laid_out(&text, members))
}

fn item(key: &Key) -> String {
    let mut made = format!(".It Ic {} {}\n", key.name, takes(key.kind));
    let mut text = key.text.to_owned();
    match key.presence {
        Presence::Default(value) => text.push_str(&format!(" Default: `{value}`.")),
        Presence::Otherwise(words) => text.push_str(&format!(" Without it: {words}.")),
        Presence::Required => text.push_str(" It must be there."),
        Presence::KnownLater | Presence::Optional => {}
    }
    let example = json::in_one_line(key.example);
    let is_told =
        key.presence == Presence::Default(key.example) || matches!(key.kind, Kind::Choice(_));
    if is_told {
        made.push_str(&filled(&text));
    } else if example.len() <= SHORT || example.starts_with(LONG_ID) {
        made.push_str(&filled(&format!("{text} Example: `{example}`")));
    } else {
        made.push_str(&filled(&format!("{text} Example:")));
        made.push_str(&display(&json::laid_out(key.example)));
    }
    made
}

/// What a key takes, behind its name.
fn takes(kind: Kind) -> String {
    let of = |words: &str| format!("Ar {words}");
    match kind {
        Kind::Account => of("name | number"),
        Kind::Boolean => "Cm true | Cm false".to_owned(),
        Kind::Choice(names) => {
            let names: Vec<String> = names
                .iter()
                .map(|name| format!("Cm \\(dq{name}\\(dq"))
                .collect();
            names.join(" | ")
        }
        Kind::CloudFacts | Kind::DeviceName => of("name | object"),
        Kind::Commands => of("list of lists of texts"),
        Kind::CredentialFile => of("path | object"),
        Kind::Duration => of("duration"),
        Kind::Files => of("object of files by name"),
        Kind::Hosts => of("list of hosts"),
        Kind::Identities => of("object | list of objects"),
        Kind::Later => panic!("keys of later releases are not told"),
        Kind::Mode => of("mode"),
        Kind::Number(least, most) => of(&format!("{least} to {most}")),
        Kind::Object(_) => of("object"),
        Kind::Path => of("path"),
        Kind::ProxyAddress => of("URL | object"),
        Kind::Resolve => of("object of addresses by host"),
        Kind::Sets => of("object of sets by name"),
        Kind::Tags => of("object of texts by tag"),
        Kind::Text(_) => of("text"),
        Kind::Units => of("list of units"),
        Kind::Values => of("object of values by name"),
        Kind::Variables => of("object of variables by name"),
    }
}

fn cloud(preset: &Preset) -> Vec<String> {
    let mut text = sentence(preset.title);
    text.push_str(&format!(" Login host `{}`, ", preset.authority));
    match preset.vault_suffix {
        Some(suffix) => text.push_str(&format!("vaults `*.{suffix}`.")),
        None => text.push_str(
            "the suffix of vaults is not public: give `vault_suffix` in the object form.",
        ),
    }
    if let Some(date) = preset.retired {
        text.push_str(&format!(
            " Closed on {date}: works as ever, with a warning."
        ));
    }
    if !preset.also_called.is_empty() {
        text.push_str(&format!(
            " Also called `{}`.",
            preset.also_called.join("`, `")
        ));
    }
    vec![format!("`\"{}\"`", preset.name), text]
}

/// The begin of an id that no line holds; in a text it can be broken.
const LONG_ID: &str = "\"/subscriptions/";
/// An example of so many characters stands in the text.
const SHORT: usize = 40;
