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
        (&["purge"], "purge is known to a later version"),
        (
            &["sync", "--sign-in"],
            "--sign-in is known to a later version",
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
fn the_readme_lists_every_reason_and_exit_code() {
    let readme = readme();
    let lacks = |text: &String| !readme.contains(text.as_str());
    let reasons = Reason::ALL
        .iter()
        .map(|reason| format!("`{}`", reason.as_str()));
    let missing: Vec<String> = reasons.filter(lacks).collect();
    assert!(
        missing.is_empty(),
        "README.md lacks the reasons {missing:?}"
    );
    let codes = [0, 64, 65, 66, 69, 70, 73, 74, 75, 77, 78].map(|code: u8| code.to_string());
    let missing: Vec<&String> = codes.iter().filter(|code| lacks(code)).collect();
    assert!(
        missing.is_empty(),
        "README.md lacks the exit codes {missing:?}"
    );
}

fn every_word() -> Vec<String> {
    let verbs = VERBS.iter().map(|verb| verb.name.to_owned());
    let options = VERBS.iter().flat_map(|verb| verb.options).chain(&COMMON);
    verbs
        .chain(options.map(|flag| format!("--{}", flag.name)))
        .collect()
}
