//! Tables of at most [`WIDTH`] columns.

use std::time::Duration;

use super::paint::{Colour, Paint};
use crate::clock;
use crate::cloud::{Preset, PRESETS};
use crate::json::Json;
use crate::name;
use crate::state::{Chosen, SetState, SetStatus, Status};

/// The status of the last run, as seen at `now`.
pub fn status_table(status: &Status, now: i64, paint: Paint) -> String {
    let mut rows = vec![["SET", "STATE", "CONFIRMED", "CHANGED", "NEXT STEP"]
        .map(str::to_owned)
        .to_vec()];
    rows.extend(status.sets.iter().map(|set| status_row(set, now)));
    let colours: Vec<Option<Colour>> = std::iter::once(None)
        .chain(status.sets.iter().map(|set| Some(colour(set.state))))
        .collect();
    let mut text = headline(status, now);
    text.push_str(&columns(&rows, &colours, paint));
    for set in &status.sets {
        if let Some((file, end)) = nearest_end(set) {
            let when = match clock::since(now, end) {
                Some(left) => format!("expires in {}", clock::age(left)),
                None => "EXPIRED".to_owned(),
            };
            let line = format!(
                "certificate {}/{file} {when} ({})",
                set.name,
                clock::utc(end)
            );
            text.push_str(&line);
            text.push('\n');
        }
    }
    for orphan in &status.orphaned {
        let (set, directory) = (&orphan.set, orphan.directory.display());
        let command = orphan.purge_command(&status.instance);
        text.push_str(&format!("orphaned {set} in {directory}; next: {command}\n"));
    }
    text
}

/// The file of `set` whose certificate ends first, and when.
fn nearest_end(set: &SetStatus) -> Option<(&str, i64)> {
    // Of files that end together the last one: keys stand first.
    let ends = set
        .files
        .iter()
        .rev()
        .filter_map(|file| Some((file.name.as_str(), file.expires?)));
    ends.min_by_key(|(_, end)| *end)
}

/// The presets, for people.
pub fn clouds_table() -> String {
    let mut rows = vec![["CLOUD", "AUTHORITY", "VAULTS", ""]
        .map(str::to_owned)
        .to_vec()];
    rows.extend(PRESETS.iter().map(cloud_row));
    columns(&rows, &[], Paint::Plain)
}

/// All facts of one cloud, one a line; a list over as many as it needs, `-` for what is not
/// there.
pub fn cloud_facts(facts: &[(&str, Json)]) -> String {
    let mut text = String::new();
    for (name, fact) in facts {
        let words: Vec<&str> = match fact {
            Json::List(list) => list.iter().filter_map(Json::as_str).collect(),
            fact => fact.as_str().into_iter().collect(),
        };
        let mut line = format!("{name:<25} ");
        for word in if words.is_empty() {
            &["-"]
        } else {
            words.as_slice()
        } {
            let needed = word.chars().count().saturating_add(1);
            if line.chars().count().saturating_add(needed) > WIDTH {
                text.push_str(&line);
                text.push('\n');
                line = format!("{:<25} ", "");
            }
            line.push(' ');
            line.push_str(word);
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn cloud_row(preset: &Preset) -> Vec<String> {
    let vaults = preset
        .vault_suffix
        .map_or("unknown: give vault_suffix".to_owned(), |suffix| {
            format!("*.{suffix}")
        });
    let remark = preset
        .retired
        .and_then(|date| date.split('-').next())
        .map_or(String::new(), |year| format!("retired {year}"));
    vec![
        preset.name.to_owned(),
        preset.authority.to_owned(),
        vaults,
        remark,
    ]
}

/// `usgov  factory7-edge  as certificate gw-0042 (expires in 61 days)   ok, 4 min ago`
fn headline(status: &Status, now: i64) -> String {
    let mut parts = vec![status.cloud.clone(), status.vaults.join(" ")];
    if let Some(chosen) = &status.identity {
        parts.push(format!("as {}", identity(chosen, now)));
    }
    let verdict = match status.run.exit_code {
        0 => "ok".to_owned(),
        75 => "not refreshed, last good".to_owned(),
        code => format!("exit {code}"),
    };
    let right = format!("{verdict}, {}", ago(Some(status.run.at), now));
    let left = parts.join("  ");
    let room = WIDTH
        .saturating_sub(right.chars().count())
        .saturating_sub(2);
    format!("{:<room$}  {right}\n", cut(&left, room))
}

fn identity(chosen: &Chosen, now: i64) -> String {
    let fallback = if chosen.position > 1 { "fallback " } else { "" };
    let expiry = match chosen.expires {
        None => String::new(),
        Some(expires) => match clock::since(now, expires) {
            Some(left) => format!(" (expires in {})", clock::age(left)),
            None => " (EXPIRED)".to_owned(),
        },
    };
    format!("{fallback}{}{expiry}", chosen.text)
}

fn status_row(set: &SetStatus, now: i64) -> Vec<String> {
    let state = match &set.reason {
        Some(reason) if reason != set.state.as_str() => {
            format!("{} ({reason})", set.state.as_str())
        }
        _ => set.state.as_str().to_owned(),
    };
    let soon = |end: i64| clock::since(now, end).is_none_or(|left| left < SOON);
    let next_step = match (&set.next_step, nearest_end(set)) {
        (Some(step), _) => shorten_ids(step),
        (None, Some((file, end))) if soon(end) => format!("renew the certificate of {file}"),
        (None, _) => "-".to_owned(),
    };
    vec![
        set.name.clone(),
        state,
        age(set.confirmed, now),
        age(set.changed, now),
        next_step,
    ]
}

/// GUIDs fill a column; whole they stand in the error and in JSON.
fn shorten_ids(text: &str) -> String {
    let short = |word: &str| match word.get(..2) {
        Some(begin) if name::is_guid(word) => format!("{begin}…"),
        _ => word.to_owned(),
    };
    let words: Vec<String> = text.split(' ').map(short).collect();
    words.join(" ")
}

fn age(then: Option<i64>, now: i64) -> String {
    match then {
        None => "never".to_owned(),
        Some(then) => clock::since(then, now).map_or("unknown".to_owned(), clock::age),
    }
}

fn ago(then: Option<i64>, now: i64) -> String {
    match then.and_then(|then| clock::since(then, now)) {
        Some(age) if age < Duration::from_secs(1) => "just now".to_owned(),
        Some(age) => format!("{} ago", clock::age(age)),
        None => "at an unknown time (the clock went back)".to_owned(),
    }
}

fn colour(state: SetState) -> Colour {
    match state {
        SetState::Current => Colour::Good,
        SetState::Pending | SetState::Stale => Colour::Warning,
        _ => Colour::Bad,
    }
}

/// Rows in aligned columns, two blanks apart; the last column is cut at the width. The
/// second column is painted.
fn columns(rows: &[Vec<String>], colours: &[Option<Colour>], paint: Paint) -> String {
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        let colour = colours.get(place).copied().flatten();
        let mut line = String::new();
        let mut used = 0_usize;
        for (column, cell) in row.iter().enumerate() {
            let last = column.saturating_add(1) == row.len();
            let width = if last { 0 } else { width_of(rows, column) };
            let cell = if last {
                cut(cell, WIDTH.saturating_sub(used))
            } else {
                cell.clone()
            };
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            let painted = match colour {
                Some(colour) if column == 1 => paint.paint(colour, &cell),
                _ => cell,
            };
            line.push_str(&painted);
            line.push_str(&padding);
            line.push_str(if last { "" } else { "  " });
            used = used.saturating_add(width).saturating_add(2);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn width_of(rows: &[Vec<String>], column: usize) -> usize {
    rows.iter()
        .filter_map(|row| row.get(column))
        .map(|cell| cell.chars().count())
        .max()
        .unwrap_or(0)
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut shown: String = text.chars().take(width.saturating_sub(1)).collect();
    shown.push('…');
    shown
}

/// Time before its end in which a certificate should be renewed.
const SOON: Duration = Duration::from_secs(30 * 86_400);
/// Columns of a terminal that nobody has widened much.
const WIDTH: usize = 100;
