//! The man pages: written by hand, but for the blocks between `.\" begin: NAME, made from …` and
//! `.\" end`, which are made here.

use keyferry::cli::{self, COMMON, LATER_VERBS, VERBS};
use keyferry::cloud::PRESETS;
use keyferry::config::table::{IDENTITY_TYPES, KEYS};
use keyferry::error::{Class, Reason};

use super::roff::{arguments, code};
use super::{commands, hold, keys, markdown, read};

/// A block of a page: its name, and what stands there.
type Made<'a> = (&'a str, &'a dyn Fn() -> String);

#[test]
fn keyferry_1_has_what_the_tables_say() {
    hold_page(
        "man1/keyferry.1",
        "KEYFERRY 1",
        &[
            ("synopsis", &commands::synopsis),
            ("commands", &commands::commands),
            ("common options", &commands::common),
            ("reasons", &reasons),
        ],
    );
}

#[test]
fn keyferry_json_5_has_what_the_tables_say() {
    hold_page(
        "man5/keyferry.json.5",
        "KEYFERRY.JSON 5",
        &[
            ("example", &|| keys::example("usgov.json", &[])),
            ("drop-in", &|| keys::example("conf.d/20-mqtt.json", &[])),
            ("clouds", &keys::clouds),
            ("own cloud", &|| {
                keys::example("private-cloud.json", &["cloud"])
            }),
            ("private cloud", &|| {
                keys::example("azure-stack.json", &["cloud"])
            }),
            ("two identities", &|| {
                keys::example("two-identities.json", &["identity"])
            }),
            ("proxy", &|| keys::example("proxy.json", &["network"])),
            ("identities", &keys::identities),
            ("sources", &keys::sources),
            ("keys", &keys::keys),
        ],
    );
}

#[test]
fn keyferry_timer_8_has_what_the_tables_say() {
    hold_page("man8/keyferry.timer.8", "KEYFERRY.TIMER 8", &[]);
}

/// Whatever becomes of the blocks.
#[test]
fn the_pages_name_every_option_key_reason_cloud_and_identity() {
    let manual = page("man1/keyferry.1");
    for verb in &VERBS {
        assert!(
            manual.contains(&format!("\n.It Cm {}", verb.name)),
            "{}",
            verb.name
        );
        for flag in verb.options.iter().chain(&COMMON) {
            let item = format!("\n.It {}\n", commands::typed(flag));
            assert!(manual.contains(&item), "--{}", flag.name);
        }
    }
    for reason in Reason::ALL {
        let item = format!("\n.It {}\n", code(reason.as_str()));
        assert!(manual.contains(&item), "{}", reason.as_str());
    }
    let manual = page("man5/keyferry.json.5");
    for key in KEYS.iter().filter(|key| !key.is_later()) {
        let item = format!("\n.It Ic {} ", key.name);
        assert!(manual.contains(&item), "{}", key.name);
    }
    for preset in &PRESETS {
        let item = format!(
            "\n.It {}\n",
            arguments(&code(&format!("\"{}\"", preset.name)))
        );
        assert!(manual.contains(&item), "{}", preset.name);
    }
    for known in IDENTITY_TYPES {
        let item = format!("\n.It {}\n", code(known.name));
        assert!(manual.contains(&item), "{}", known.name);
    }
}

/// Each verb is told of by hand, too: a line in a table is no manual.
#[test]
fn a_text_by_hand_tells_of_every_command() {
    let manual = page("man1/keyferry.1");
    let by_hand = by_hand(&manual);
    for verb in &VERBS {
        let told = by_hand.contains(&format!(".Cm {}", verb.name));
        assert!(told, "write about `{}` in keyferry(1)", verb.name);
    }
}

/// An option that goes leaves no sentence behind.
#[test]
fn texts_by_hand_tell_of_no_other_options() {
    let known: Vec<&str> = VERBS
        .iter()
        .flat_map(|verb| verb.options)
        .chain(&COMMON)
        .map(|flag| flag.name)
        .collect();
    let is_of_later = |line: &&str| {
        LATER_VERBS
            .iter()
            .any(|verb| line.starts_with(&format!(".Cm {verb} ")))
    };
    for path in PAGES {
        let text = by_hand(&page(path));
        for line in text.lines().filter(|line| !is_of_later(line)) {
            for told in line.split("Fl -").skip(1) {
                let name = told.split_whitespace().next().unwrap();
                assert!(known.contains(&name), "{path}: --{name}");
            }
        }
    }
}

#[test]
fn exit_codes_stand_gravest_first() {
    let mut classes = [
        Class::CannotCreate,
        Class::Config,
        Class::Hook,
        Class::InputMissing,
        Class::Internal,
        Class::Io,
        Class::Passing,
        Class::Refused,
        Class::Unusable,
        Class::Usage,
    ];
    classes.sort_by(|one, other| other.cmp(one));
    let mut known: Vec<String> = classes
        .iter()
        .map(|class| class.exit_code().to_string())
        .collect();
    known.dedup();
    known.extend(["75", "0"].map(str::to_owned));
    let manual = page("man1/keyferry.1");
    let section = manual.split("\n.Sh EXIT STATUS\n").nth(1).unwrap();
    let section = section.split("\n.Sh ").next().unwrap();
    let listed = section
        .lines()
        .filter_map(|line| line.strip_prefix(".It Li "));
    assert_eq!(listed.collect::<Vec<_>>(), known);
}

/// What the program reads of its environment, as far as its source names it.
#[test]
fn every_variable_that_is_read_stands_in_the_manual() {
    let manual = page("man1/keyferry.1");
    let mut found = 0;
    for (file, text) in crate::rooms().into_values().flatten() {
        let reads = text.contains("env::var") || text.contains(".env(\"");
        let is_product = !file.ends_with("disk/mutant.rs")
            && !file
                .iter()
                .any(|part| part == "tests" || part == "tests.rs");
        if !reads || !is_product {
            continue;
        }
        for name in text.split('"').filter(|part| is_variable(part)) {
            found += 1;
            assert!(
                manual.contains(&format!(" {name}")),
                "{name} of {}",
                file.display()
            );
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn pages_are_ascii_and_short_of_line() {
    for path in PAGES {
        let mut is_display = false;
        for line in page(path).lines() {
            is_display = (is_display || line.starts_with(".Bd")) && line != ".Ed";
            assert!(line.is_ascii() && line.trim_end() == line, "{path}: {line}");
            let may_be_long = is_display || line.starts_with('.') || !line.contains(' ');
            assert!(may_be_long || line.len() <= 80, "{path}: {line}");
        }
    }
}

/// Names under which people look for a page lead to it.
#[test]
fn other_names_lead_to_pages() {
    for alias in ALIASES {
        let target = page(alias);
        let target = target.strip_prefix(".so ").unwrap().trim_end();
        assert!(PAGES.contains(&target), "{alias}: {target}");
    }
}

fn hold_page(path: &str, title: &str, blocks: &[Made]) {
    let page = page(path);
    let head = || head(title, &page);
    let mut made = String::new();
    let mut lines = page.lines();
    let mut wanted: Vec<&Made> = blocks.iter().collect();
    let head: Made = ("date and version", &head);
    wanted.push(&head);
    while let Some(line) = lines.next() {
        made.push_str(line);
        made.push('\n');
        let Some(name) = line.strip_prefix(BEGIN) else {
            continue;
        };
        let name = name.split(", ").next().unwrap();
        let block = wanted.iter().position(|(known, _)| *known == name);
        let block =
            block.unwrap_or_else(|| panic!("{path}: block \"{name}\" is unknown, or there twice"));
        made.push_str(&wanted.remove(block).1());
        let end = lines.find(|line| *line == END);
        made.push_str(end.unwrap_or_else(|| panic!("{path}: \"{name}\" has no end")));
        made.push('\n');
    }
    let lacking: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
    assert!(lacking.is_empty(), "{path} has no blocks {lacking:?}");
    hold(&format!("{DIRECTORY}/{path}"), &made);
}

/// Until a release has a date in CHANGELOG, the page keeps the one that it has.
fn head(title: &str, page: &str) -> String {
    let changes = read("CHANGELOG.md");
    let newest = changes
        .lines()
        .find_map(|line| line.strip_prefix("## "))
        .unwrap();
    let (version, date) = newest.split_once(" (").unwrap();
    assert_eq!(
        version,
        cli::version(),
        "the newest release of CHANGELOG.md"
    );
    let date = match date.trim_end_matches(')') {
        "unreleased" => {
            let date = page.lines().find_map(|line| line.strip_prefix(".Dd "));
            date.expect("a line .Dd").to_owned()
        }
        date => in_words(date),
    };
    format!(".Dd {date}\n.Dt {title}\n.Os keyferry {version}\n")
}

/// `2026-12-01` as mdoc(7) wants it.
fn in_words(date: &str) -> String {
    let numbers: Vec<usize> = date
        .split('-')
        .map(|number| number.parse().unwrap())
        .collect();
    let [year, month, day] = numbers[..] else {
        panic!("CHANGELOG.md: {date} is no date");
    };
    format!("{} {day}, {year}", MONTHS[month - 1])
}

fn reasons() -> String {
    markdown::list(&markdown::table(&read("README.md"), "| reason |"))
}

/// The page without its made blocks.
fn by_hand(page: &str) -> String {
    let mut is_made = false;
    let mut text = String::new();
    for line in page.lines() {
        is_made = (is_made || line.starts_with(BEGIN)) && line != END;
        if !is_made {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn is_variable(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_uppercase() || c == '_';
    text.len() > 3 && text.chars().all(fits)
}

fn page(path: &str) -> String {
    read(&format!("{DIRECTORY}/{path}"))
}

const DIRECTORY: &str = "packaging/root/usr/share/man";
const PAGES: [&str; 3] = [
    "man1/keyferry.1",
    "man5/keyferry.json.5",
    "man8/keyferry.timer.8",
];
const ALIASES: [&str; 3] = [
    "man8/keyferry.service.8",
    "man8/keyferry-restore.service.8",
    "man8/keyferry-ready.target.8",
];
const BEGIN: &str = ".\\\" begin: ";
const END: &str = ".\\\" end";
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
