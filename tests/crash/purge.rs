//! Purged, and killed or failed at every call by which that changes a file: nothing of the set
//! is left behind the next purge, and a run in its place delivers it whole.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{json, Value};

use crate::can_trace;
use crate::kill;
use crate::points::{self, Point, SET};
use crate::resumed;
use crate::rotation::{Device, Layout, Rotation};
use crate::support::Run;
use crate::trace::{Call, CHANGES};
use crate::verdict;

const LAYOUTS: [Layout; 2] = [Layout::Linked, Layout::Plain];

#[test]
fn killed_anywhere_the_next_purge_finishes() {
    if !can_trace() {
        return;
    }
    for rotation in rotations() {
        let points = points_of(&rotation, &["mqtt"]);
        let wrong = points::try_all(&rotation, &points, |device, point| {
            kill::kill_command(device, point, &purge(device, &["mqtt"]))?;
            run(&purge(device, &["mqtt"]), 0)?;
            is_gone(device)?;
            is_forgotten(device)
        });
        assert!(wrong.is_empty(), "{wrong:#?}");
        told(&rotation, &points);
    }
}

#[test]
fn killed_anywhere_the_next_run_delivers_it_whole() {
    if !can_trace() {
        return;
    }
    for layout in LAYOUTS {
        let rotation = Rotation::prepare(layout);
        let points = points_of(&rotation, &["mqtt"]);
        let wrong = points::try_all(&rotation, &points, |device, point| {
            kill::kill_command(device, point, &purge(device, &["mqtt"]))?;
            let offline = device.sync(&["--offline"]);
            if !matches!(offline.code, 0 | 69) {
                return Err(format!("offline: {} {}", offline.code, offline.stderr));
            }
            run(&device.command(&[]), 0)?;
            match verdict::live(&rotation, device)? {
                "new" => verdict::hook_has_run(&rotation, device),
                old => Err(format!("the {old} version is live")),
            }
        });
        assert!(wrong.is_empty(), "{wrong:#?}");
        told(&rotation, &points);
    }
}

#[test]
fn killed_anywhere_the_next_purge_of_all_leaves_nothing() {
    if !can_trace() {
        return;
    }
    for layout in LAYOUTS {
        let rotation = Rotation::prepare(layout);
        let points = points_of(&rotation, &["--all"]);
        let wrong = points::try_all(&rotation, &points, |device, point| {
            kill::kill_command(device, point, &purge(device, &["--all"]))?;
            run(&purge(device, &["--all"]), 0)?;
            for directory in ["run", "state"] {
                let left = names(&device.top.join(directory));
                if !left.is_empty() {
                    return Err(format!("{directory} holds {left:?}"));
                }
            }
            Ok(())
        });
        assert!(wrong.is_empty(), "{wrong:#?}");
        told(&rotation, &points);
    }
}

#[test]
fn failed_anywhere_it_says_so_and_the_next_purge_finishes() {
    if !can_trace() {
        return;
    }
    for layout in LAYOUTS {
        let rotation = Rotation::prepare(layout);
        let mut points = points_of(&rotation, &["mqtt"]);
        // The lock is a run's own matter: see `failures`.
        points.retain(|point| point.about != "run/lock");
        for error in ["EACCES", "EIO"] {
            let wrong = points::try_all(&rotation, &points, |device, point| {
                let inject = format!("{}:error={error}:when={}", point.call, point.when);
                let command = purge(device, &["mqtt"]);
                let traced = device.traced(&command, CHANGES, Some(&inject));
                points::struck(device, &traced, point)?;
                let stderr = String::from_utf8_lossy(&traced.output.stderr);
                let is_told = stderr.contains(device.top.to_str().unwrap());
                if traced.output.status.code() != Some(73) || !is_told {
                    return Err(format!("{:?}: {stderr}", traced.output.status));
                }
                run(&purge(device, &["mqtt"]), 0)?;
                is_gone(device)?;
                is_forgotten(device)
            });
            assert!(wrong.is_empty(), "{error}: {wrong:#?}");
        }
        told(&rotation, &points);
    }
}

#[test]
fn killed_anywhere_a_first_delivery_can_be_purged_although_nothing_is_configured() {
    if !can_trace() {
        return;
    }
    for layout in LAYOUTS {
        for forms in [false, true] {
            let rotation = match forms {
                false => Rotation::prepare(layout).on_empty(),
                true => Rotation::of_forms(layout).on_empty(),
            };
            let points = points::of_set(&points::of(&rotation, &[]), |_| true);
            let wrong = points::try_all(&rotation, &points, |device, point| {
                kill::kill(device, point, &[])?;
                unconfigure(device);
                run(&purge(device, &["mqtt"]), 0)?;
                is_gone(device)?;
                is_forgotten(device)
            });
            assert!(wrong.is_empty(), "{wrong:#?}");
            told(&rotation, &points);
        }
    }
}

#[test]
fn a_directory_is_remembered_durably_before_anything_gets_there() {
    if !can_trace() {
        return;
    }
    for layout in LAYOUTS {
        let rotation = Rotation::prepare(layout).on_empty();
        let device = rotation.device("watched");
        let traced = device.traced(&device.command(&[]), CHANGES, None);
        let state = device.top.join("state");
        let renamed = place(&traced.main, "renameat", &state.join("state.json"));
        let synced = place(&traced.main[renamed..], "fsync", &state) + renamed;
        let sets = device.top.join("run/sets");
        let is_of_set = |call: &Call| call.changes().is_some_and(|path| path.starts_with(&sets));
        let first = traced.main.iter().position(is_of_set).unwrap();
        assert!(synced < first, "{layout:?}: {}", traced.main[first].line);
    }
}

#[test]
fn a_power_cut_finds_a_marker_as_long_as_there_is_a_file() {
    if !can_trace() {
        return;
    }
    for rotation in rotations() {
        let device = rotation.device("watched");
        let traced = device.traced(&purge(&device, &["mqtt"]), CHANGES, None);
        assert!(traced.output.status.success(), "{:?}", traced.output);
        let mut unsynced: Vec<&Path> = Vec::new();
        let paths: Vec<_> = traced.main.iter().map(|call| call.changes()).collect();
        let mut markers = 0;
        for (call, path) in traced.main.iter().zip(&paths) {
            let Some(path) = path else { continue };
            let is_marker = path.ends_with(".keyferry.json");
            match call.name.as_str() {
                "fsync" => unsynced.retain(|gone| gone.parent() != Some(path)),
                "unlinkat" if is_marker => {
                    markers += 1;
                    let beside = path.parent().unwrap();
                    let of_plain = beside.ends_with(".keyferry");
                    let covered = if of_plain {
                        device.set()
                    } else {
                        beside.to_owned()
                    };
                    let left = unsynced.iter().find(|gone| gone.starts_with(&covered));
                    // A removed generation is in its hold, whose own fsync comes before.
                    assert_eq!(left, None, "{}", call.line);
                }
                "unlinkat" if path.starts_with(device.set()) => unsynced.push(path),
                _ => {}
            }
        }
        assert!(markers > 0);
    }
}

fn rotations() -> Vec<Rotation> {
    let mut rotations: Vec<Rotation> = LAYOUTS.into_iter().map(Rotation::prepare).collect();
    for layout in LAYOUTS {
        let rotation = Rotation::of_forms(layout);
        resumed::begin(&rotation);
        rotations.push(rotation);
    }
    rotations
}

fn purge(device: &Device, words: &[&str]) -> Command {
    device.keyferry("purge", words)
}

fn points_of(rotation: &Rotation, words: &[&str]) -> Vec<Point> {
    let device = rotation.device("undisturbed");
    let points = points::of_command(&device, &purge(&device, words));
    assert!(points.iter().any(|point| point.about.starts_with(SET)));
    is_gone(&device).unwrap();
    points
}

fn run(command: &Command, code: i32) -> Result<Run, String> {
    let mut again = Command::new(command.get_program());
    again.args(command.get_args()).env_clear();
    again.env("PATH", std::env::var("PATH").unwrap());
    let run = Run::of(again.output().unwrap());
    match run.code == code {
        true => Ok(run),
        false => Err(format!("{}: {}{}", run.code, run.stdout, run.stderr)),
    }
}

/// Nothing of the set is left.
fn is_gone(device: &Device) -> Result<(), String> {
    let left = names(&device.top.join("run/sets"));
    match left.iter().find(|name| !name.starts_with(".keyferry.")) {
        None => Ok(()),
        Some(_) => Err(format!("there is still {left:?}")),
    }
}

/// Nobody knows the set any more, and no left-over of that lies about.
fn is_forgotten(device: &Device) -> Result<(), String> {
    for file in ["run/status.json", "run/seen.json", "state/state.json"] {
        let path = device.top.join(file);
        let Ok(text) = fs::read(&path) else { continue };
        let json: Value = serde_json::from_slice(&text).unwrap();
        let empty = [json!([]), json!({}), Value::Null];
        for list in ["sets", "orphaned", "directories", "files"] {
            if !empty.contains(&json[list]) {
                return Err(format!("{file} knows {}", json[list]));
            }
        }
    }
    let left = [
        names(&device.top.join("run")),
        names(&device.top.join("state")),
    ]
    .concat();
    match left
        .iter()
        .find(|name| name.starts_with('.') && !name.starts_with(".keyferry."))
    {
        None => Ok(()),
        Some(left) => Err(format!("{left} is left over")),
    }
}

fn unconfigure(device: &Device) {
    let path = device.top.join("etc/config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config["sets"] = json!({});
    fs::write(path, config.to_string()).unwrap();
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn place(calls: &[Call], name: &str, path: &Path) -> usize {
    let mut calls = calls.iter();
    let found = calls.position(|call| call.name == name && call.changes().as_deref() == Some(path));
    found.unwrap_or_else(|| panic!("no {name} of {}", path.display()))
}

fn told(rotation: &Rotation, points: &[Point]) {
    let (layout, number) = (rotation.layout, points.len());
    eprintln!(
        "{layout:?}, purge: {number} points ({})",
        points::counts(points)
    );
}
