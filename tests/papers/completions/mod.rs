//! Completions for three shells, made from the table of commands alone.
//!
//! The names of sets come from `keyferry status --json`, which reads the configuration and the
//! last run's status, sends nothing and waits for nobody. Whatever it has to complain of is
//! dropped. `packaging/check-papers` presses the keys.

mod bash;
mod fish;
mod zsh;

use keyferry::cli::{self, Flag, Verb, COMMON, VERBS};
use keyferry::cloud::PRESETS;
use keyferry::config::table::{Kind, Section, KEYS};

use super::hold;

#[test]
fn bash_completes_what_the_table_has() {
    hold(
        "packaging/root/usr/share/bash-completion/completions/keyferry",
        &bash::completion(),
    );
}

#[test]
fn zsh_completes_what_the_table_has() {
    hold(
        "packaging/root/usr/share/zsh/vendor-completions/_keyferry",
        &zsh::completion(),
    );
}

#[test]
fn fish_completes_what_the_table_has() {
    hold(
        "packaging/root/usr/share/fish/vendor_completions.d/keyferry.fish",
        &fish::completion(),
    );
}

/// The parser takes each word that is offered, and help tells of it.
#[test]
fn offered_values_are_taken() {
    for flag in with_value() {
        let Value::Words(words) = value(flag) else {
            continue;
        };
        let owner = VERBS
            .iter()
            .find(|verb| verb.options.iter().any(|own| own.name == flag.name));
        let verb = owner.map_or("status", |verb| verb.name);
        for word in words {
            let typed = [verb, &format!("--{}", flag.name), &word].map(Into::into);
            assert!(cli::parse(typed).is_ok(), "{verb} --{} {word}", flag.name);
            assert!(
                flag.summary.contains(&word),
                "help does not tell of --{} {word}",
                flag.name
            );
        }
    }
}

/// What may stand in the place of an option's value or of an argument.
pub(super) enum Value {
    /// The name of a set of the last run, or of one that was delivered once.
    Delivered,
    /// A directory.
    Directory,
    /// A path.
    File,
    /// What nobody can guess.
    Free,
    /// The name of a directory below /etc/keyferry/instances.
    Instance,
    /// The name of a set of the last run.
    Set,
    /// One of these.
    Words(Vec<String>),
}

/// What the option takes.
pub(super) fn value(flag: &Flag) -> Value {
    match flag.name {
        "accept" | "account" | "max-age" => Value::Free,
        "config" => Value::File,
        "for" => Value::Words(
            ["vault", "arm", "graph", "storage"]
                .map(str::to_owned)
                .to_vec(),
        ),
        "instance" => Value::Instance,
        "log" => Value::Words(levels()),
        "root" => Value::Directory,
        name => panic!("say in tests/papers/completions/mod.rs what --{name} takes"),
    }
}

/// What may stand behind the verb.
fn argument(verb: &Verb) -> Option<Value> {
    match verb.arguments {
        "" => None,
        "[SET…]" if verb.name == "purge" => Some(Value::Delivered),
        "[SET…]" => Some(Value::Set),
        "[NAME]" if verb.name == "clouds" => {
            let names = PRESETS.iter().map(|preset| preset.name.to_owned());
            Some(Value::Words(names.collect()))
        }
        other => panic!(
            "say in tests/papers/completions/mod.rs what {} {other} takes",
            verb.name
        ),
    }
}

/// The options of all verbs, each once, that have a value.
fn with_value() -> Vec<&'static Flag> {
    let all = VERBS.iter().flat_map(|verb| verb.options).chain(&COMMON);
    let mut flags: Vec<&Flag> = Vec::new();
    for flag in all.filter(|flag| flag.value.is_some()) {
        if !flags.iter().any(|known| known.name == flag.name) {
            flags.push(flag);
        }
    }
    flags
}

/// Those of the key `log`.
fn levels() -> Vec<String> {
    let key = KEYS
        .iter()
        .find(|key| key.section == Section::Top && key.name == "log");
    let Some(Kind::Choice(levels)) = key.map(|key| key.kind) else {
        panic!("the key \"log\" is a choice");
    };
    levels.iter().map(|level| (*level).to_owned()).collect()
}

/// Fills a shell's template: each `@NAME@` is replaced.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in values {
        let place = format!("@{name}@");
        assert!(text.contains(&place), "{name} has no place");
        text = text.replace(&place, value);
    }
    text
}

/// What sed(1) finds the names of sets with in the JSON of `status`: those of files stand deeper.
/// What is no name of a set, a broken file say, is left out.
const SETS: &str =
    r#"/^  "sets": \[/,/^  \]/s/^      "name": "\([0-9A-Za-z][0-9A-Za-z._-]*\)",*$/\1/p"#;
/// The same for sets that are configured no more.
const ORPHANED: &str =
    r#"/^  "orphaned": \[/,/^  \]/s/^      "set": "\([0-9A-Za-z][0-9A-Za-z._-]*\)",*$/\1/p"#;
const MADE: &str = "# Made from the program's table of commands by tests/papers/completions; written anew by\n# UPDATE=1 cargo test --test house papers\n";
