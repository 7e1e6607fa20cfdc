//! Readers of single values: durations, modes, paths, choices, accounts.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::{Gid, Uid};

use super::accounts::{self, Accounts};
use super::json::{Kind, Node};
use super::problem::{Problem, Problems};
use super::suggest;
use crate::name::{foreign, Invalid, Mode};

/// A text that `parse` takes.
pub(super) fn parsed<T>(
    node: &Node<'_>,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<T, Problem> {
    let text = node.text("a text")?;
    parse(&text).map_err(|invalid| node.problem(&invalid.0))
}

/// A mode such as `"0440"`.
pub(super) fn mode(node: &Node<'_>) -> Result<Mode, Problem> {
    let text = node.text("a text such as \"0440\"")?;
    Mode::parse(&text).map_err(|invalid| node.problem(&invalid.0))
}

/// A text that `check` finds good, if there is a `node`; nothing and a note for a wrong one.
pub(super) fn text(
    node: Option<Node<'_>>,
    check: &dyn Fn(&str) -> Result<(), Invalid>,
    problems: &mut Problems,
) -> Option<String> {
    let node = node?;
    let text = problems.keep(node.text("a text"))?;
    match check(&text) {
        Ok(()) => Some(text),
        Err(invalid) => {
            problems.add(node.problem(&invalid.0));
            None
        }
    }
}

/// What stands for one of the texts of `choices`, if there is a `node`; nothing and a note
/// for another text.
pub(super) fn choice<T: Copy>(
    node: Option<Node<'_>>,
    choices: &[(&'static str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let name = |place| choices.get(place).map(|(name, _)| *name);
    let place = chosen(&node?, &name, problems)?;
    choices.get(place).map(|(_, value)| *value)
}

/// The place of the text among the names that `name` gives for places.
fn chosen(
    node: &Node<'_>,
    name: &dyn Fn(usize) -> Option<&'static str>,
    problems: &mut Problems,
) -> Option<usize> {
    let names: Vec<&str> = (0..).map_while(name).collect();
    let text = problems.keep(one_of(node, &names))?;
    names.iter().position(|name| *name == text)
}

/// `"a", "b"`.
pub(super) fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    quoted.join(", ")
}

fn one_of(node: &Node<'_>, names: &[&str]) -> Result<String, Problem> {
    let rule = format!("one of {}", quoted(names));
    let text = node.text(&rule)?;
    if names.contains(&text.as_str()) {
        return Ok(text);
    }
    let rule = format!("must be {rule}");
    match suggest::nearest(&text, names.iter().copied()) {
        Some(meant) => Err(node.problem_with(&rule, &format!("write \"{meant}\""))),
        None => Err(node.problem(&rule)),
    }
}

/// A duration such as `"15m"` within `bounds`.
pub(super) fn duration(
    node: &Node<'_>,
    bounds: &RangeInclusive<Duration>,
) -> Result<Duration, Problem> {
    let text = node.text("a text such as \"30s\", \"15m\", \"36h\" or \"7d\"")?;
    let Some(duration) = parse_duration(&text) else {
        return Err(node.problem("must be a duration such as \"30s\", \"15m\", \"36h\" or \"7d\""));
    };
    if !bounds.contains(&duration) {
        let (least, most) = (duration_text(*bounds.start()), duration_text(*bounds.end()));
        return Err(node.problem(&format!("must be {least} to {most}")));
    }
    Ok(duration)
}

/// A duration as the configuration writes it, in the largest unit that fits.
pub(super) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let unit = UNITS
        .iter()
        .rev()
        .find(|(_, length)| seconds >= *length && seconds.checked_rem(*length) == Some(0));
    match unit {
        Some((unit, length)) => {
            format!("{}{unit}", seconds.checked_div(*length).unwrap_or_default())
        }
        None => format!("{seconds}s"),
    }
}

/// An absolute path without `//`, `.`, `..` and control characters.
pub(super) fn path(node: &Node<'_>) -> Result<PathBuf, Problem> {
    let text = node.text("an absolute path")?;
    normal_path(&text).ok_or_else(|| {
        let rule = "must be an absolute path without \"//\", \".\", \"..\" or a \"/\" at its end";
        node.problem(rule)
    })
}

/// `text` as a path, if it is absolute, normalised, and not the root itself.
pub(super) fn normal_path(text: &str) -> Option<PathBuf> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let below = text.strip_prefix('/')?;
    let good = below.split('/').all(plain) && !text.chars().any(char::is_control);
    (good && text.len() <= LONGEST_PATH).then(|| PathBuf::from(text))
}

/// A user's name or number.
pub(super) fn owner(node: &Node<'_>, accounts: &Accounts) -> Result<Uid, Problem> {
    match account(node, "user")? {
        Account::Id(id) => Ok(Uid::from_raw(id)),
        Account::Name(name) => accounts
            .user(&name)
            .ok_or_else(|| nobody(node, "user", &name, accounts.nearest_user(&name))),
    }
}

/// A group's name or number.
pub(super) fn group(node: &Node<'_>, accounts: &Accounts) -> Result<Gid, Problem> {
    match account(node, "group")? {
        Account::Id(id) => Ok(Gid::from_raw(id)),
        Account::Name(name) => accounts
            .group(&name)
            .ok_or_else(|| nobody(node, "group", &name, accounts.nearest_group(&name))),
    }
}

enum Account {
    Id(u32),
    Name(String),
}

fn account(node: &Node<'_>, what: &str) -> Result<Account, Problem> {
    if node.kind() == Kind::Number {
        let highest = u32::MAX.saturating_sub(1);
        return node.number(0, highest).map(Account::Id);
    }
    let name = node.text(&format!("a {what}'s name or number"))?;
    match name.parse().ok().and_then(accounts::id) {
        Some(id) => Ok(Account::Id(id)),
        None => Ok(Account::Name(name)),
    }
}

fn nobody(node: &Node<'_>, what: &str, name: &str, meant: Option<&str>) -> Problem {
    let name = foreign(name, 64);
    let file = if what == "user" {
        "/etc/passwd"
    } else {
        "/etc/group"
    };
    let rule = format!("names {what} \"{name}\", which is not in {file}");
    let advice = match meant {
        Some(meant) => format!("write \"{meant}\" if that is meant, or create {what} {name}"),
        None => format!("create {what} {name}, or write a number"),
    };
    node.problem_with(&rule, &advice)
}

/// Reads `30s`, `15m`, `36h` or `7d`; nothing else, and nothing that overflows.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (unit, length) = UNITS.iter().find(|(unit, _)| text.ends_with(*unit))?;
    let digits = text.strip_suffix(*unit)?;
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let seconds = digits.parse::<u64>().ok()?.checked_mul(*length)?;
    Some(Duration::from_secs(seconds))
}

const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];

/// What the kernel takes, with room for our own names below.
const LONGEST_PATH: usize = 3000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_unit_and_go_round() {
        for text in ["1s", "90s", "15m", "36h", "7d", "3650d"] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(duration_text(duration), text);
        }
        for bad in [
            "",
            "s",
            "30",
            "-1s",
            "+1s",
            "1.5h",
            "1h30m",
            "1 s",
            "1S",
            "99999999999999999999d",
        ] {
            assert_eq!(parse_duration(bad), None, "{bad:?}");
        }
        assert_eq!(duration_text(Duration::ZERO), "0s");
    }

    #[test]
    fn paths_are_absolute_and_normal() {
        for good in ["/run", "/run/key ferry/ä", "/a/..b/.c"] {
            assert_eq!(normal_path(good), Some(PathBuf::from(good)));
        }
        for bad in [
            "",
            "/",
            "run",
            "./run",
            "/run/",
            "//run",
            "/run/../etc",
            "/run/.",
            "/a\nb",
            "/a\0",
        ] {
            assert_eq!(normal_path(bad), None, "{bad:?}");
        }
        assert_eq!(normal_path(&"/x".repeat(1600)), None);
    }
}
