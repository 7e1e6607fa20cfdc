//! How the checks are told: lines for people, JSON for programs.

use super::finding::{Check, Findings, Outcome};
use crate::json::Json;
use crate::report::{self, Colour, Paint};

/// One line a check, what to do below it, and a line that counts.
pub(super) fn text(findings: &Findings, paint: Paint) -> String {
    let mut text = String::new();
    for check in &findings.0 {
        let (word, colour) = word(&check.outcome);
        let padded = format!("{word:<8}");
        let painted = colour.map_or(padded.clone(), |colour| paint.paint(colour, &padded));
        let id = check.id.as_str();
        text.push_str(&format!("{painted} {id:<10} {}\n", sentence(check)));
        for line in below(&check.outcome) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text.push_str(&count(findings));
    text
}

/// `{"ok": …, "checks": […]}`
pub(super) fn json(findings: &Findings) -> Json {
    Json::object(vec![
        ("checks", Json::List(findings.0.iter().map(check).collect())),
        ("ok", Json::Boolean(findings.exit_code() == 0)),
    ])
}

fn check(check: &Check) -> Json {
    let (error, next, because) = match &check.outcome {
        Outcome::Failed(error) => (Some(error), Some(error.advice()), None),
        Outcome::Ok(_) => (None, None, None),
        Outcome::Skipped(because) => (None, None, Some(because)),
        Outcome::Warning { next, .. } => (None, Some(next.clone()), None),
    };
    let outcome = word(&check.outcome).0.to_ascii_lowercase();
    let exit_code = error.map(|error| Json::Number(error.class().exit_code().into()));
    Json::object(vec![
        ("because", Json::text_or_null(because.map(String::as_str))),
        ("detail", Json::text_or_null(detail(&check.outcome))),
        ("exit_code", exit_code.unwrap_or(Json::Null)),
        ("id", Json::text(check.id.as_str())),
        ("next_step", Json::text_or_null(next)),
        ("outcome", Json::text(outcome)),
        (
            "reason",
            Json::text_or_null(error.map(|error| error.reason().as_str())),
        ),
        ("title", Json::text(title(check))),
    ])
}

fn title(check: &Check) -> String {
    match check.subject.as_str() {
        "" => check.id.title().to_owned(),
        subject => format!("{}: {subject}", check.id.title()),
    }
}

fn word(outcome: &Outcome) -> (&'static str, Option<Colour>) {
    match outcome {
        Outcome::Failed(_) => ("FAILED", Some(Colour::Bad)),
        Outcome::Ok(_) => ("ok", Some(Colour::Good)),
        Outcome::Skipped(_) => ("skipped", None),
        Outcome::Warning { .. } => ("warning", Some(Colour::Warning)),
    }
}

fn sentence(check: &Check) -> String {
    match (&check.outcome, check.subject.as_str()) {
        (Outcome::Skipped(because), "") => format!("because {because}"),
        (Outcome::Skipped(because), subject) => format!("{subject}, because {because}"),
        (outcome, _) => detail(outcome).unwrap_or_default(),
    }
}

fn detail(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Failed(error) => Some(error.to_string()),
        Outcome::Ok(what) | Outcome::Warning { what, .. } => Some(what.clone()),
        Outcome::Skipped(_) => None,
    }
}

fn below(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Failed(error) => report::explanation(error),
        Outcome::Warning { next, .. } => vec![format!("  next: {next}")],
        Outcome::Ok(_) | Outcome::Skipped(_) => Vec::new(),
    }
}

/// `19 checks: 9 ok, 1 warning, 1 failed, 8 skipped`
fn count(findings: &Findings) -> String {
    let mut counts = Vec::new();
    for wanted in ["ok", "warning", "FAILED", "skipped"] {
        let checks = findings.0.iter();
        let found = checks
            .filter(|check| word(&check.outcome).0 == wanted)
            .count();
        if found > 0 {
            counts.push(format!("{found} {}", wanted.to_ascii_lowercase()));
        }
    }
    format!("{} checks: {}\n", findings.0.len(), counts.join(", "))
}
