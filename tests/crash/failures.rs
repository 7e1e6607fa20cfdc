//! Failed anywhere: every call that changes a file fails with each error that a full, a
//! broken, a forbidden or a read-only file system gives.

use std::time::Instant;

use crate::can_trace;
use crate::points::{self, Point};
use crate::rotation::{Device, Layout, Rotation, Version};
use crate::trace::CHANGES;
use crate::verdict;

/// Each error with the exit code that tells of it.
const ERRORS: [(&str, i32); 4] = [("ENOSPC", 74), ("EIO", 74), ("EACCES", 73), ("EROFS", 73)];

/// Calls whose failure may pass, and why.
const IGNORED: [(&str, &str, &str); 2] = [
    ("ftruncate", "run/lock", PID_IN_LOCK),
    ("pwrite64", "run/lock", PID_IN_LOCK),
];
const PID_IN_LOCK: &str = "the holder's process id is only for the message of a second run";

#[test]
fn failed_anywhere_a_linked_set_keeps_last_good_and_says_why() {
    failed_anywhere(Layout::Linked, "run/sets/mqtt/.keyferry/current");
}

#[test]
fn failed_anywhere_a_plain_set_keeps_last_good_and_says_why() {
    failed_anywhere(Layout::Plain, "run/sets/mqtt/.keyferry/intent");
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
    let mut tries = 0;
    let mut wrong = Vec::new();
    for (error, code) in ERRORS {
        let failed = points::try_all(&rotation, &points, |device, point| {
            let place = points.iter().position(|other| other == point).unwrap();
            let live = match place <= switch {
                _ if is_ignored(point) => Some(&rotation.new),
                true => Some(&rotation.old),
                false => None,
            };
            fail(&rotation, device, point, (error, code))
                .and_then(|()| keeps(device, live))
                .and_then(|()| heals(&rotation, device))
        });
        wrong.extend(failed.into_iter().map(|why| format!("{error} in {why}")));
        tries += points.len();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    eprintln!(
        "{layout:?}: {tries} failed calls ({}; each with 4 errors) in {} s",
        points::counts(&points),
        began.elapsed().as_secs()
    );
    for (call, path, why) in IGNORED {
        eprintln!("  {call} of {path} may fail: {why}");
    }
}

/// Lets one call fail; the run must say so, and leave nothing mixed.
fn fail(
    rotation: &Rotation,
    device: &Device,
    point: &Point,
    (error, code): (&str, i32),
) -> Result<(), String> {
    let inject = format!("{}:error={error}:when={}", point.call, point.when);
    let traced = device.traced(&device.command(&[]), CHANGES, Some(&inject));
    points::struck(device, &traced, point)?;
    verdict::nothing_is_mixed(rotation, device)?;
    let expected = if is_ignored(point) { 0 } else { code };
    let stderr = String::from_utf8_lossy(&traced.output.stderr);
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
fn heals(rotation: &Rotation, device: &Device) -> Result<(), String> {
    let next = device.sync(&[]);
    if next.code != 0 {
        return Err(format!("the next run: {} {}", next.code, next.stderr));
    }
    verdict::is_healed(rotation, device).map_err(|why| format!("the next run: {why}"))
}
