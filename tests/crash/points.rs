//! Where a run can be struck: every call that changes a file of ours, as an undisturbed
//! run makes them, and two workers that try them all.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use crate::rotation::{Device, Rotation};
use crate::trace::{is_unknown_change, Call, Traced, CHANGES};

/// A call to be struck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    pub call: String,
    /// The how-manieth of its name.
    pub when: usize,
    /// What it is about, ids made equal.
    pub about: String,
}

/// The points of a run of `sync WORDS` with nothing injected, which must do its work.
pub fn of(rotation: &Rotation, words: &[&str]) -> Vec<Point> {
    of_run(&rotation.device("undisturbed"), words)
}

/// The same of a run on this device.
pub fn of_run(device: &Device, words: &[&str]) -> Vec<Point> {
    of_command(device, &device.command(words))
}

/// The same of any command for this device.
pub fn of_command(device: &Device, command: &Command) -> Vec<Point> {
    let traced = device.traced(command, CHANGES, None);
    assert!(traced.output.status.success(), "{:?}", traced.output);
    let other = traced
        .others
        .iter()
        .flatten()
        .find(|call| is_ours(device, call));
    assert!(other.is_none(), "not by the first thread: {other:?}");
    let unknown = traced.main.iter().find(|call| is_unknown_change(call));
    assert!(unknown.is_none(), "a change of a new kind: {unknown:?}");
    let ours = traced.main.iter().filter(|call| is_ours(device, call));
    ours.map(|call| Point {
        call: call.name.clone(),
        when: call.when,
        about: about(device, call),
    })
    .collect()
}

/// Tries every point, two at a time. `try_it` says what was wrong.
pub fn try_all(
    rotation: &Rotation,
    points: &[Point],
    try_it: impl Fn(&Device, &Point) -> Result<(), String> + Sync,
) -> Vec<String> {
    let (left, wrong) = (Mutex::new(points.iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for worker in ["one", "two"] {
            let (left, wrong, try_it) = (&left, &wrong, &try_it);
            scope.spawn(move || {
                let device = rotation.device(worker);
                loop {
                    let Some(point) = left.lock().unwrap().next() else {
                        return;
                    };
                    device.reset(rotation);
                    if let Err(problem) = try_it(&device, point) {
                        let (call, when) = (&point.call, point.when);
                        let line = format!("{call} {when} ({}): {problem}", point.about);
                        wrong.lock().unwrap().push(line);
                    }
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

/// Whether the struck call was the one that was meant.
pub fn struck(device: &Device, traced: &Traced, point: &Point) -> Result<(), String> {
    let same = |call: &&Call| call.name == point.call && call.when == point.when;
    match traced.main.iter().find(same) {
        None => Err("was not reached".to_owned()),
        Some(call) if about(device, call) != point.about => {
            Err(format!("another call was struck: {}", call.line))
        }
        Some(_) => Ok(()),
    }
}

/// Those below the set's directory that `keep` wants.
pub fn of_set(points: &[Point], keep: impl Fn(&Point) -> bool) -> Vec<Point> {
    let mut points = points.to_vec();
    points.retain(|point| point.about.starts_with(SET) && keep(point));
    points
}

/// How many points there are of each call, for people.
pub fn counts(points: &[Point]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for point in points {
        *counts.entry(&point.call).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(call, count)| format!("{call} {count}"))
        .collect();
    counts.join(", ")
}

fn is_ours(device: &Device, call: &Call) -> bool {
    let path = call.changes();
    let ours = ["run", "state"].map(|name| device.top.join(name));
    path.is_some_and(|path| ours.iter().any(|top| path.starts_with(top)))
}

/// The call's path below the device, without what is random in it.
fn about(device: &Device, call: &Call) -> String {
    let path = call.changes().unwrap_or_default();
    let path = path.strip_prefix(&device.top).unwrap_or(Path::new(""));
    let parts = path.iter().map(|part| {
        let part = part.to_str().unwrap();
        match part
            .len()
            .checked_sub(16)
            .and_then(|at| part.split_at_checked(at))
        {
            Some((front, id)) if id.chars().all(|c| c.is_ascii_hexdigit()) => {
                format!("{front}ID")
            }
            _ => part.to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The set's directory below the device's.
pub const SET: &str = "run/sets/mqtt";
