//! Failed anywhere: every call that changes a file fails with each error that a full, a
//! broken, a forbidden or a read-only file system gives.

use std::time::Instant;

use crate::can_trace;
use crate::points::{self, Point};
use crate::rotation::{Device, Layout, Rotation};
use crate::trace::CHANGES;
use crate::verdict;
use crate::version::Version;

/// Each error with the exit code that tells of it.
const ERRORS: [(&str, i32); 4] = [("ENOSPC", 74), ("EIO", 74), ("EACCES", 73), ("EROFS", 73)];

/// Calls whose failure may pass, and why.
const IGNORED: [(&str, &str, &str); 4] = [
    ("flock", "run", ONE_AT_A_TIME),
    ("flock", "run/sets", ONE_AT_A_TIME),
    ("ftruncate", "run/lock", PID_IN_LOCK),
    ("pwrite64", "run/lock", PID_IN_LOCK),
];
/// A token that cannot be kept costs a sign-in at the next run, and no more.
const TOKEN_NOT_KEPT: &str = "warning: the token is not kept for the next run: ";
const ONE_AT_A_TIME: &str = "runs that start together make an ancestor one at a time if they can";
const PID_IN_LOCK: &str = "the holder's process id is only for the message of a second run";

#[test]
fn failed_anywhere_a_linked_set_keeps_last_good_and_says_why() {
    failed_anywhere(Layout::Linked, "run/sets/mqtt/.keyferry/current");
}

#[test]
fn failed_anywhere_a_plain_set_keeps_last_good_and_says_why() {
    failed_anywhere(Layout::Plain, "run/sets/mqtt/.keyferry/intent");
}

#[test]
fn failed_anywhere_a_first_delivery_says_why_and_is_made_by_the_next_run() {
    if !can_trace() {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let rotation = Rotation::prepare(layout).on_empty();
        let points = points::of(&rotation, &[]);
        // One of each exit code: here there are more calls, and nothing to keep.
        let errors = [ERRORS[0], ERRORS[3]];
        let wrong = try_all_errors(&rotation, &points, &errors, |device, point, error| {
            fail(&rotation, device, point, error)?;
            let next = device.sync(&[]);
            match next.code {
                0 => verdict::is_delivered(&rotation, device),
                _ => Err(format!("the next run: {} {}", next.code, next.stderr)),
            }
        });
        assert!(wrong.is_empty(), "{wrong:#?}");
        let counts = points::counts(&points);
        eprintln!("{layout:?}, first delivery: {counts}; each with 2 errors");
    }
}

/// Until `switch` is renamed into its place, the old version stays live.
fn failed_anywhere(layout: Layout, switch: &str) {
    if !can_trace() {
        return;
    }
    let began = Instant::now();
    let rotation = Rotation::prepare(layout);
    let points = points::of(&rotation, &[]);
    let switch = points
        .iter()
        .position(|point| point.call.starts_with("rename") && point.about == switch)
        .unwrap();
    let wrong = try_all_errors(&rotation, &points, &ERRORS, |device, point, error| {
        let place = points.iter().position(|other| other == point).unwrap();
        let live = match place <= switch {
            _ if is_ignored(point) => Some(&rotation.new),
            true => Some(&rotation.old),
            false => None,
        };
        fail(&rotation, device, point, error)?;
        keeps(device, live)?;
        heals(&rotation, device)
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
    eprintln!(
        "{layout:?}: {} failed calls ({}; each with 4 errors) in {} s",
        points.len() * ERRORS.len(),
        points::counts(&points),
        began.elapsed().as_secs()
    );
    for (call, path, why) in IGNORED {
        eprintln!("  {call} of {path} may fail: {why}");
    }
}

fn try_all_errors(
    rotation: &Rotation,
    points: &[Point],
    errors: &[(&str, i32)],
    try_it: impl Fn(&Device, &Point, (&str, i32)) -> Result<(), String> + Sync,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for error in errors {
        let failed = points::try_all(rotation, points, |device, point| {
            try_it(device, point, *error)
        });
        let with_error = failed
            .into_iter()
            .map(|why| format!("{} in {why}", error.0));
        wrong.extend(with_error);
    }
    wrong
}

/// Lets one call fail; the run must say so, and leave nothing mixed.
pub fn fail(
    rotation: &Rotation,
    device: &Device,
    point: &Point,
    (error, code): (&str, i32),
) -> Result<(), String> {
    let inject = format!("{}:error={error}:when={}", point.call, point.when);
    let traced = device.traced(&device.command(&[]), CHANGES, Some(&inject));
    points::struck(device, &traced, point)?;
    verdict::nothing_is_mixed(rotation, device)?;
    let stderr = String::from_utf8_lossy(&traced.output.stderr);
    let may_pass = is_ignored(point) || stderr.contains(TOKEN_NOT_KEPT);
    let expected = if may_pass { 0 } else { code };
    if traced.output.status.code() != Some(expected) {
        return Err(format!(
            "{:?}, not {expected}: {stderr}",
            traced.output.status
        ));
    }
    let top = device.top.to_str().unwrap();
    if expected != 0 && !stderr.lines().any(|line| line.contains(top)) {
        return Err(format!("no path is named: {stderr}"));
    }
    Ok(())
}

fn is_ignored(point: &Point) -> bool {
    let mut ignored = IGNORED.iter();
    ignored.any(|(call, path, _)| point.call == *call && point.about == *path)
}

fn keeps(device: &Device, live: Option<&Version>) -> Result<(), String> {
    match live {
        Some(live) if Version::read(&device.set()) != *live => {
            Err("what is live is not what it should be".to_owned())
        }
        _ => Ok(()),
    }
}

/// What is left is put right by the next run.
pub fn heals(rotation: &Rotation, device: &Device) -> Result<(), String> {
    let next = device.sync(&[]);
    if next.code != 0 {
        return Err(format!("the next run: {} {}", next.code, next.stderr));
    }
    verdict::is_healed(rotation, device).map_err(|why| format!("the next run: {why}"))
}
