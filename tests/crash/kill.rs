//! Killed anywhere: before every single call that changes a file.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Instant;

use crate::can_trace;
use crate::points::{self, Point};
use crate::rotation::{Device, Layout, Rotation};
use crate::trace::CHANGES;
use crate::verdict;

#[test]
fn killed_anywhere_a_linked_set_is_old_or_new_and_heals() {
    killed_anywhere(Layout::Linked);
}

#[test]
fn killed_anywhere_a_plain_set_is_old_or_new_and_heals() {
    killed_anywhere(Layout::Plain);
}

#[test]
fn killed_anywhere_a_first_delivery_is_made_by_the_next_run() {
    if !can_trace() {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let rotation = Rotation::prepare(layout).on_empty();
        let points = points::of(&rotation, &[]);
        killed_on_empty(&rotation, &points);
    }
}

#[test]
fn killed_anywhere_a_first_delivery_of_all_forms_is_made_by_the_next_run() {
    if !can_trace() {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let rotation = Rotation::of_forms(layout).on_empty();
        let points = points::of(&rotation, &[]);
        // Each file is written as any other is.
        let kinds = ["mkdirat", "renameat", "symlinkat", "unlinkat"];
        let points = points::of_set(&points, |point| kinds.contains(&&*point.call));
        killed_on_empty(&rotation, &points);
    }
}

fn killed_on_empty(rotation: &Rotation, points: &[Point]) {
    let wrong = points::try_all(rotation, points, |device, point| {
        kill(device, point, &[])?;
        let offline = device.sync(&["--offline"]);
        let online = device.sync(&[]);
        if !matches!((offline.code, online.code), (0 | 69, 0)) {
            return Err(format!("{} {}", offline.stderr, online.stderr));
        }
        verdict::is_delivered(rotation, device)
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (number, counts) = (points.len(), points::counts(points));
    eprintln!(
        "{:?}, first delivery: {number} kill points ({counts})",
        rotation.layout
    );
}

fn killed_anywhere(layout: Layout) {
    if !can_trace() {
        return;
    }
    let began = Instant::now();
    let rotation = Rotation::prepare(layout);
    let points = points::of(&rotation, &[]);
    let wrong = points::try_all(&rotation, &points, |device, point| {
        kill(device, point, &[])?;
        heals(&rotation, device)
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
    eprintln!(
        "{layout:?}: {} kill points ({}) in {} s",
        points.len(),
        points::counts(&points),
        began.elapsed().as_secs()
    );
}

/// Kills a run of `sync WORDS` at `point`, and only there.
pub fn kill(device: &Device, point: &Point, words: &[&str]) -> Result<(), String> {
    kill_command(device, point, &device.command(words))
}

/// The same of any command for this device.
pub fn kill_command(device: &Device, point: &Point, command: &Command) -> Result<(), String> {
    let inject = format!("{}:signal=KILL:when={}", point.call, point.when);
    let traced = device.traced(command, CHANGES, Some(&inject));
    if traced.output.status.signal() != Some(9) {
        return Err(format!("was not killed: {:?}", traced.output));
    }
    points::struck(device, &traced, point)
}

/// What the kill left is sound, and the next runs heal it.
pub fn heals(rotation: &Rotation, device: &Device) -> Result<(), String> {
    verdict::nothing_is_mixed(rotation, device)?;
    let offline = device.sync(&["--offline"]);
    if offline.code != 0 {
        return Err(format!("offline: {} {}", offline.code, offline.stderr));
    }
    verdict::is_healed_offline(rotation, device).map_err(|why| format!("offline: {why}"))?;
    let online = device.sync(&[]);
    if online.code != 0 {
        return Err(format!("online: {} {}", online.code, online.stderr));
    }
    verdict::is_healed(rotation, device).map_err(|why| format!("online: {why}"))
}
