//! Warnings of certificates that end soon: 30, 14 and 3 days before, and when they have ended.
//!
//! A timer runs often, so each is told once: by the first run past it, and again after a boot,
//! since the last status went with it. `status` shows the nearest end at any time.

use std::time::Duration;

use super::work::Work;
use crate::clock;
use crate::state::{FileStatus, Status};

/// Warns of the certificates in `status` that came nearer to their end since the last run,
/// also of those in sets that this run, of `works`, leaves alone.
pub(super) fn warn(status: &Status, works: &[Work<'_>], before: Option<&Status>) {
    let now = status.run.at;
    for set in &status.sets {
        let work = works.iter().find(|work| work.set.name.as_str() == set.name);
        let mut told: Vec<(&str, i64)> = Vec::new();
        // Keys stand first, but are not what one looks for.
        for file in set.files.iter().rev() {
            let Some(end) = file.expires else {
                continue;
            };
            // Files of one certificate end together.
            let certificate = (file.version.as_str(), end);
            let last_run = before.filter(|before| has(before, &set.name, file));
            let steps_before = last_run.map_or(0, |before| nearness(before.run.at, end));
            if nearness(now, end) <= steps_before || told.contains(&certificate) {
                continue;
            }
            told.push(certificate);
            let subject = subject(work, file);
            let when = clock::utc(end);
            let set = &set.name;
            match clock::since(now, end).filter(|left| !left.is_zero()) {
                Some(left) => log::warn!(
                    "{set}: {subject} expires in {}, on {when}; renew it in the vault",
                    clock::age(left)
                ),
                None => log::warn!("{set}: {subject} expired on {when}; renew it in the vault"),
            }
        }
    }
}

/// Whether `set` had exactly this `file`.
fn has(status: &Status, set: &str, file: &FileStatus) -> bool {
    let set = status.set(set);
    set.is_some_and(|set| set.files.contains(file))
}

/// `certificate web in web.crt`
fn subject(work: Option<&Work<'_>>, file: &FileStatus) -> String {
    let live = work.and_then(|work| work.live());
    let mut files = live.iter().flat_map(|live| &live.files);
    let on_disk = files.find(|on_disk| on_disk.entry.name.as_str() == file.name);
    let source = on_disk.map(|on_disk| on_disk.entry.provenance.source.as_str());
    let object = source.and_then(|source| source.split('?').next());
    let name = object.and_then(|object| Some(object.split_once("/certificates/")?.1));
    match name {
        Some(name) => format!("certificate {name} in {}", file.name),
        None => format!("the certificate in {}", file.name),
    }
}

/// How many of the thresholds lie behind `now`.
fn nearness(now: i64, end: i64) -> usize {
    let left = clock::since(now, end).unwrap_or_default();
    THRESHOLDS.iter().filter(|days| left <= **days).count()
}

const THRESHOLDS: [Duration; 4] = [
    Duration::from_secs(30 * 86_400),
    Duration::from_secs(14 * 86_400),
    Duration::from_secs(3 * 86_400),
    Duration::ZERO,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_comes_nearer_in_four_steps() {
        let end = 100 * 86_400;
        for (days, steps) in [
            (69, 0),
            (70, 1),
            (85, 1),
            (86, 2),
            (97, 3),
            (99, 3),
            (100, 4),
            (101, 4),
        ] {
            assert_eq!(nearness(days * 86_400, end), steps, "day {days}");
        }
    }
}
