//! Golden files: what a run tells, whole, without what differs from run to run.
//!
//! `UPDATE_GOLDEN=1` writes them anew; read the difference before it is committed.

use std::fs;
use std::path::PathBuf;

use crate::support::{Run, Site};

/// Compares exit code and both outputs of `run` with `golden/NAME.txt`.
#[track_caller]
pub fn matches(site: &Site, name: &str, run: &Run) {
    let told = format!(
        "exit {}\n--- standard output\n{}--- standard error\n{}",
        run.code, run.stdout, run.stderr
    );
    text_matches(name, &masked(site, &told));
}

/// Compares `text` with `golden/NAME.txt`.
#[track_caller]
pub fn text_matches(name: &str, text: &str) {
    // At run time: a copy of the tests may run where the tree cannot be read.
    let top = std::env::var("CARGO_MANIFEST_DIR");
    let path = PathBuf::from(top.as_deref().unwrap_or(env!("CARGO_MANIFEST_DIR")))
        .join("tests/behaviour/golden")
        .join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == text,
        "golden/{name}.txt differs (UPDATE_GOLDEN=1 writes it anew); this run:\n{text}"
    );
}

/// `text` with stand-ins for the ids, paths, times and figures of this run.
pub fn masked(site: &Site, text: &str) -> String {
    // As musl says it.
    let mut text = text.replace(": Resource busy (os", ": Device or resource busy (os");
    for (what, stand_in) in [
        (site.path("").display().to_string(), "/SITE/"),
        (site.cloud.tenant(), "TENANT"),
        (site.app.client_id.clone(), "APP"),
        (site.app.object_id.clone(), "OBJECT-ID"),
        (env!("CARGO_PKG_VERSION").to_owned(), "RELEASE"),
    ] {
        text = text.replace(&what, stand_in);
    }
    for (pattern, stand_in) in PATTERNS {
        text = mask(&text, pattern, stand_in);
    }
    for (before, stand_in) in [("127.0.0.1:", "PORT"), ("(process ", "PID")] {
        text = mask_digits(&text, before, stand_in);
    }
    text.lines().map(|line| masked_line(line) + "\n").collect()
}

/// The figures of a run's summary, and who runs the tests.
fn masked_line(line: &str) -> String {
    if let (Some((head, _)), true) = (line.split_once(" connection"), line.ends_with(" s")) {
        return format!("{head} connection(s), N kB, T s");
    }
    for mode in ["  0440 ", "  0400 "] {
        if let Some((head, _)) = line.split_once(mode) {
            return format!("{head}{mode}OWNER:GROUP");
        }
    }
    for (key, stand_in) in [("\"owner\": ", "\"OWNER\","), ("\"group\": ", "\"GROUP\",")] {
        if let Some((head, _)) = line.split_once(key) {
            return format!("{head}{key}{stand_in}");
        }
    }
    line.to_owned()
}

/// Puts `stand_in` in place of what fits `pattern`: `0` is a digit, `x` a hexadecimal
/// digit, the rest itself; letters and digits must not stand around it.
fn mask(text: &str, pattern: &str, stand_in: &str) -> String {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let fits = |at: usize| {
        let part = text.get(at..at + pattern.len())?;
        let same = part
            .iter()
            .zip(&pattern)
            .all(|(found, wanted)| match wanted {
                '0' => found.is_ascii_digit(),
                'x' => matches!(found, '0'..='9' | 'a'..='f'),
                wanted => found == wanted,
            });
        let free = |at: Option<&char>| !at.is_some_and(|c| c.is_ascii_alphanumeric());
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        (same && free(before) && free(text.get(at + pattern.len()))).then_some(())
    };
    let (mut masked, mut at) = (String::new(), 0);
    while at < text.len() {
        if fits(at).is_some() {
            masked.push_str(stand_in);
            at += pattern.len();
        } else {
            masked.push(text[at]);
            at += 1;
        }
    }
    masked
}

fn mask_digits(text: &str, before: &str, stand_in: &str) -> String {
    let mut parts = text.split(before);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        masked.push_str(before);
        masked.push_str(stand_in);
        masked.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    masked
}

const PATTERNS: [(&str, &str); 6] = [
    ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "GUID"),
    ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "VERSION"),
    ("xxxxxxxxxxxxxxxx", "GENERATION"),
    ("0000-00-00T00:00:00Z", "TIME"),
    ("0000-00-00 00:00:00Z", "TIME"),
    ("xxxx…", "HEX…"),
];
