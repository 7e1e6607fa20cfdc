//! What a run says: one line a change, one a set switched, one summary.

use super::outcome::End;
use super::work::{Change, Work};
use super::Mode;
use crate::config::{Config, File};
use crate::hook;
use crate::name::{foreign, Version};
use crate::report;
use crate::state::{Run, Status};

/// One line a change, one a set switched, and what failed.
pub(super) fn tell(end: &End<'_>, work: &Work<'_>) {
    if work.commit.is_some() || end.options.mode == Mode::DryRun {
        for change in &work.changes {
            end.options
                .voice
                .say(&change_line(end.config, work, change));
        }
        if !work.changes.is_empty() {
            end.options.voice.say(&switch_line(work));
        }
    }
    if let Some(error) = &work.failure {
        report::failure(Some(work.set.name.as_str()), error);
    }
}

/// `mqtt  password  5f2c… → 91ab…  0440 root:mosquitto`
fn change_line(config: &Config, work: &Work<'_>, change: &Change) -> String {
    let version = |version: &Option<String>| match version.as_deref().map(Version::parse) {
        Some(Ok(version)) => format!("{}…", version.short()),
        // The ETag of a blob.
        Some(Err(_)) => foreign(shown(version), 20),
        None => "-".to_owned(),
    };
    let access = match (
        change.file.and_then(|place| work.files.get(place)),
        &change.new,
    ) {
        (Some(file), Some(_)) => format!("  {} {}", file.mode, owner_names(config, file)),
        _ => "  removed".to_owned(),
    };
    format!(
        "{}  {}  {} → {}{access}",
        work.set.name,
        change.name,
        version(&change.old),
        version(&change.new)
    )
}

fn shown(version: &Option<String>) -> &str {
    version.as_deref().unwrap_or_default().trim_matches('"')
}

fn switch_line(work: &Work<'_>) -> String {
    let count = work.changes.len();
    let files = if count == 1 {
        "1 file".to_owned()
    } else {
        format!("{count} files")
    };
    let hooks = hook::summary(&work.set.on_change).join(", ");
    let then = |word: &str| {
        if hooks.is_empty() {
            String::new()
        } else {
            format!("; {word} {hooks}")
        }
    };
    match &work.commit {
        Some(commit) => format!(
            "{}  switched to {}, {files} changed{}",
            work.set.name,
            commit.id,
            then("then")
        ),
        None => format!(
            "{}  would switch, {files} changed{}",
            work.set.name,
            then("would run")
        ),
    }
}

/// `3 sets: 2 current, 1 refused; 4 requests on 2 connections, 9 kB, 0.41 s`
pub(super) fn summary(status: &Status) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for set in &status.sets {
        match counts
            .iter_mut()
            .find(|(state, _)| *state == set.state.as_str())
        {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counts.push((set.state.as_str(), 1)),
        }
    }
    let states: Vec<String> = counts
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    let run = &status.run;
    let kilobytes = run.sent.saturating_add(run.received).div_ceil(1000);
    format!(
        "{}: {}; {}, {kilobytes} kB, {}.{:02} s",
        plural(status.sets.len(), "set"),
        states.join(", "),
        traffic(run),
        run.milliseconds / 1000,
        run.milliseconds % 1000 / 10
    )
}

/// `root:mosquitto`
fn owner_names(config: &Config, file: &File) -> String {
    format!(
        "{}:{}",
        config.accounts.user_name(file.owner),
        config.accounts.group_name(file.group)
    )
}

fn traffic(run: &Run) -> String {
    let requests = usize::try_from(run.requests).unwrap_or(usize::MAX);
    let connections = usize::try_from(run.connections).unwrap_or(usize::MAX);
    format!(
        "{} on {}",
        plural(requests, "request"),
        plural(connections, "connection")
    )
}

fn plural(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    }
}
