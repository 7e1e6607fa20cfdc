//! Reads `on_change` of a set.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::json::Node;
use super::object::Object;
use super::problem::{Problem, Problems};
use super::table::Section;
use super::value;
use super::OnChange;

/// Reads it, or gives what holds without it: nothing is done.
pub(super) fn read(node: Option<&Node<'_>>, problems: &mut Problems) -> OnChange {
    let mut on_change = OnChange {
        reload: Vec::new(),
        restart: Vec::new(),
        start: Vec::new(),
        run: Vec::new(),
        timeout: Duration::from_secs(90),
    };
    let object = node.and_then(|node| Object::open(node, Section::OnChange, problems));
    let Some(mut object) = object else {
        return on_change;
    };
    on_change.reload = units(object.take("reload"), problems);
    on_change.restart = units(object.take("restart"), problems);
    on_change.start = units(object.take("start"), problems);
    on_change.run = commands(object.take("run"), problems);
    let timeout = object.take("timeout");
    let timeout = problems.read(timeout, |node| value::duration(node, &TIMEOUT));
    on_change.timeout = timeout.unwrap_or(on_change.timeout);
    object.close(problems);
    on_change
}

fn units(node: Option<Node<'_>>, problems: &mut Problems) -> Vec<String> {
    let items = problems.read(node, |node| bounded(node, "a list of unit names"));
    let units = items.unwrap_or_default().into_iter();
    units
        .filter_map(|item| problems.keep(unit(&item)))
        .collect()
}

/// A unit's name by systemd.unit(5). A leading hyphen is refused, since the name becomes
/// an argument.
fn unit(node: &Node<'_>) -> Result<String, Problem> {
    let text = node.text("a unit's name such as \"mosquitto.service\"")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    let (stem, suffix) = text.rsplit_once('.').unwrap_or((&text, ""));
    if !SUFFIXES.contains(&suffix) {
        return Err(node.problem_with(
            "must be a unit's name with its suffix",
            "write for instance \"mosquitto.service\"",
        ));
    }
    let named = !stem.is_empty() && !stem.starts_with(['-', '@']) && text.len() <= 255;
    if !named || !text.chars().all(plain) {
        return Err(node.problem_with(
            "must be a unit's name: letters, digits and :-_.\\@",
            "write for instance \"mosquitto.service\"",
        ));
    }
    if stem.ends_with('@') {
        return Err(node.problem_with(
            "names a template without an instance",
            "write for instance \"openvpn-client@site.service\"",
        ));
    }
    Ok(text)
}

fn commands(node: Option<Node<'_>>, problems: &mut Problems) -> Vec<Vec<String>> {
    let items = problems.read(node, |node| bounded(node, "a list of lists"));
    let commands = items.unwrap_or_default().into_iter();
    commands
        .filter_map(|item| problems.keep(command(&item)))
        .collect()
}

fn command(node: &Node<'_>) -> Result<Vec<String>, Problem> {
    let advice = "write for instance [[\"/usr/bin/program\", \"argument\"]]";
    let expected = "a list of a program's path and its arguments";
    let items = bounded(node, expected).map_err(|problem| Problem {
        advice: advice.to_owned(),
        ..problem
    })?;
    let mut words = Vec::with_capacity(items.len());
    for item in items {
        let word = item.text("a text")?;
        if word.contains('\0') {
            return Err(item.problem("must not hold a zero byte"));
        }
        words.push(word);
    }
    let program = words.first().and_then(|first| value::normal_path(first));
    match program {
        Some(_) => Ok(words),
        None => Err(node.problem_with("must begin with the absolute path of a program", advice)),
    }
}

fn bounded<'a>(node: &Node<'a>, expected: &str) -> Result<Vec<Node<'a>>, Problem> {
    let items = node.items(expected)?;
    if items.len() > MOST {
        return Err(node.problem(&format!("must hold at most {MOST} entries")));
    }
    Ok(items)
}

const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);
const MOST: usize = 64;
const SUFFIXES: [&str; 11] = [
    "automount",
    "device",
    "mount",
    "path",
    "scope",
    "service",
    "slice",
    "socket",
    "swap",
    "target",
    "timer",
];
