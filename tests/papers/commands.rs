//! What the man pages take from the table of commands.

use keyferry::cli::{Flag, Verb, COMMON, VERBS};

use super::completions::{self, Value};
use super::roff::{filled, sentence};

/// How each command is typed.
pub(super) fn synopsis() -> String {
    let mut made = String::new();
    for verb in &VERBS {
        made.push_str(&format!(".Nm\n.Cm {}\n", verb.name));
        for flag in verb.options {
            made.push_str(&format!(".Op {}\n", typed(flag)));
        }
        if !verb.arguments.is_empty() {
            made.push_str(&format!(".{}\n", arguments(verb)));
        }
        made.push_str(".Op Ar OPTION ...\n");
    }
    made
}

/// Each command with its own options.
pub(super) fn commands() -> String {
    let mut made = ".Bl -tag -width Ds\n".to_owned();
    for verb in &VERBS {
        let arguments = arguments(verb);
        made.push_str(format!(".It Cm {} {arguments}", verb.name).trim_end());
        made.push('\n');
        made.push_str(&filled(&sentence(verb.summary)));
        made.push_str(&options(verb.options));
    }
    made.push_str(".El\n");
    made
}

/// The options of every command.
pub(super) fn common() -> String {
    options(&COMMON)
}

/// An option as the pages write it.
pub(super) fn typed(flag: &Flag) -> String {
    match flag.value {
        Some(value) => format!("Fl -{} Ar {value}", flag.name),
        None => format!("Fl -{}", flag.name),
    }
}

fn options(flags: &[Flag]) -> String {
    let mut made = ".Bl -tag -width Ds\n".to_owned();
    for flag in flags {
        made.push_str(&format!(".It {}\n", typed(flag)));
        made.push_str(&filled(&told(flag)));
    }
    made.push_str(".El\n");
    made
}

/// A value that begins the sentence stays as it is typed.
fn told(flag: &Flag) -> String {
    match flag.value.map(|_| completions::value(flag)) {
        Some(Value::Words(words)) if words.iter().any(|word| flag.summary.starts_with(word)) => {
            format!("{}.", flag.summary)
        }
        _ => sentence(flag.summary),
    }
}

/// `[SET…]` as macros.
fn arguments(verb: &Verb) -> String {
    let words = verb.arguments.split_whitespace().map(|word| {
        let name = word.trim_start_matches('[').trim_end_matches(']');
        let name = name.replace('…', " ...");
        match word.starts_with('[') {
            true => format!("Op Ar {name}"),
            false => format!("Ar {name}"),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
