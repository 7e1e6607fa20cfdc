//! The reference of all keys, made from the table of keys.

use keyferry::config::table::{Key, Presence, Section, KEYS};

use super::hold;

#[test]
fn the_reference_is_made_from_the_table_of_keys() {
    hold("docs/configuration.md", &reference());
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
pub(super) fn sections() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for key in KEYS.iter() {
        if !sections.contains(&key.section) {
            sections.push(key.section);
        }
    }
    sections
}

pub(super) fn heading(section: Section) -> String {
    let text = section.to_string().replace('"', "`");
    let mut letters = text.chars();
    let first = letters.next().unwrap().to_uppercase();
    first.chain(letters).collect()
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
