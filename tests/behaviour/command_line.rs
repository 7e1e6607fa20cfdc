//! Words on the command line, and that help, README and the table of flags agree.

use keyferry::cli::{COMMON, VERBS};
use keyferry::error::Reason;

use crate::golden;
use crate::support::{program, Run, Site};

fn keyferry(words: &[&str]) -> Run {
    Run::of(program().args(words).output().unwrap())
}

fn readme() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn help_and_version_are_as_written() {
    let site = Site::new();
    for words in [
        &["--help"][..],
        &["-h"],
        &["sync", "--help"],
        &["--help", "status"],
    ] {
        golden::matches(&site, "help", &keyferry(words));
    }
    for words in [&["--version"][..], &["-V"]] {
        golden::matches(&site, "version", &keyferry(words));
    }
}

#[test]
fn clouds_are_as_written() {
    let site = Site::new();
    let run = keyferry(&["clouds"]);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100));
    golden::matches(&site, "clouds", &run);
    golden::matches(&site, "clouds_json", &keyferry(&["clouds", "--json"]));
}

#[test]
fn a_wrong_command_line_is_64_and_told() {
    for (words, said) in [
        (&[][..], "no command is given"),
        (&["snyc"], "unknown command snyc; did you mean sync?"),
        (&["rollback"], "rollback is known to a later version"),
        (
            &["purge", "--all", "mqtt"],
            "--all stands for every set: no names go with it",
        ),
        (&["purge", "m/q"], "set name \"m/q\" must be"),
        (
            &["check", "--root", "/", "--online"],
            "--online and --root exclude each other",
        ),
        (&["check", "--root"], "root"),
        (
            &["check", "--root", "/nowhere"],
            "--root /nowhere: No such file",
        ),
        (
            &["check", "--root", "/dev/null"],
            "--root /dev/null: not a directory",
        ),
        (
            &["sync", "--root", "/"],
            "--root stands behind the command: check",
        ),
        (&["sync", "--fast"], "unknown option --fast"),
        (&["sync", "-x"], "unknown option -x"),
        (
            &["--offline", "sync"],
            "--offline stands behind the command: sync",
        ),
        (&["sync", "--offline", "--dry-run"], "exclude each other"),
        (&["check", "more"], "check takes no arguments"),
        (&["sync", "--log", "loud"], "--log must be"),
        (&["sync", "--config"], "config"),
        (&["sync", "--instance", "a/b"], "--instance"),
    ] {
        let run = keyferry(words).exits(64).says(said);
        run.says("error:   next: see `keyferry --help`");
    }
}

#[test]
fn help_names_every_verb_and_option() {
    let help = keyferry(&["--help"]).exits(0).stdout;
    for word in every_word() {
        assert!(help.contains(&word), "{word}");
    }
}

#[test]
fn the_readme_names_every_verb_and_option() {
    let readme = readme();
    let missing: Vec<String> = every_word()
        .into_iter()
        .filter(|word| !readme.contains(word.as_str()))
        .collect();
    assert!(missing.is_empty(), "README.md lacks {missing:?}");
}

#[test]
fn the_readme_lists_the_reasons_and_exit_codes_and_no_others() {
    let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(first_cells("## Reasons"), known);
    let mut codes = first_cells("## Exit codes");
    codes.sort();
    assert_eq!(
        codes,
        ["0", "64", "65", "66", "69", "70", "73", "74", "75", "77", "78"]
    );
}

/// The first cell of each row of the table below `heading`, without its quotes.
fn first_cells(heading: &str) -> Vec<String> {
    let readme = readme();
    let section = readme.split(heading).nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" |").next());
    cells
        .skip(1)
        .map(|cell| cell.trim_matches('`').to_owned())
        .collect()
}

fn every_word() -> Vec<String> {
    let verbs = VERBS.iter().map(|verb| verb.name.to_owned());
    let options = VERBS.iter().flat_map(|verb| verb.options).chain(&COMMON);
    verbs
        .chain(options.map(|flag| format!("--{}", flag.name)))
        .collect()
}
