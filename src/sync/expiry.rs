//! Warnings of certificates that end soon: 30, 14 and 3 days before, and when they have ended.
//!
//! A timer runs often, so each is told once: by the first run past it, and again after a boot,
//! since the last status went with it. `status` shows the nearest end at any time.

use std::time::Duration;

use super::work::Work;
use crate::clock;
use crate::state::Status;

/// Warns of the certificates of `work` that came nearer to their end since the last run.
pub(super) fn warn(work: &Work<'_>, before: Option<&Status>, now: i64) {
    let Some(live) = work.live() else {
        return;
    };
    let set = &work.set.name;
    let last_run = before.filter(|status| status.set(set.as_str()).is_some());
    let last_run = last_run.map(|status| status.run.at);
    let mut told: Vec<&str> = Vec::new();
    for on_disk in &live.files {
        let provenance = &on_disk.entry.provenance;
        let Some(end) = provenance.expires else {
            continue;
        };
        // Files of one certificate end together.
        let object = provenance.source.split('?').next().unwrap_or_default();
        let is_new = work.commit.is_some();
        let before = last_run
            .filter(|_| !is_new)
            .map_or(0, |at| nearness(at, end));
        if nearness(now, end) <= before || told.contains(&object) {
            continue;
        }
        told.push(object);
        let name = object.rsplit('/').next().unwrap_or_default();
        let file = &on_disk.entry.name;
        let when = clock::utc(end);
        match clock::since(now, end).filter(|left| !left.is_zero()) {
            Some(left) => log::warn!(
                "{set}: {name} in {file} expires in {}, on {when}; renew it in the vault",
                clock::age(left)
            ),
            None => log::warn!("{set}: {name} in {file} expired on {when}; renew it in the vault"),
        }
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
