//! Killed or failed anywhere while a large file comes in pieces, is adopted or given back,
//! or while selected files come and go: the store alone, driven by [`crate::driver`].

use std::fs;
use std::ops::RangeInclusive;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::thread;

use keyferry::config::Layout;

use crate::can_trace;
use crate::driver::{self, Place, Task};
use crate::order;
use crate::trace::{self, is_unknown_change, Call, Traced, CHANGES};

/// What happens at a call.
#[derive(Clone, Copy, Debug)]
enum Strike {
    /// It fails with this error.
    Fail(&'static str),
    /// The run is killed before it.
    Kill,
}

#[test]
fn killed_anywhere_a_delivery_in_pieces_is_old_or_new_and_goes_on() {
    struck_anywhere(Task::Deliver, Strike::Kill);
}

#[test]
fn killed_anywhere_a_failed_delivery_leaves_the_old_version_and_goes_on() {
    struck_anywhere(Task::GiveUp, Strike::Kill);
}

#[test]
fn killed_anywhere_a_delivery_with_a_kept_file_is_old_or_new_and_goes_on() {
    struck_anywhere(Task::Keep, Strike::Kill);
}

#[test]
fn failed_anywhere_a_delivery_in_pieces_is_old_or_new_and_fetches_nothing_twice() {
    for error in ["ENOSPC", "EIO"] {
        struck_anywhere(Task::Deliver, Strike::Fail(error));
    }
}

#[test]
fn a_power_cut_finds_no_version_before_its_pieces() {
    if !can_trace() {
        return;
    }
    for layout in driver::LAYOUTS {
        for task in [Task::Deliver, Task::Keep] {
            let top = tempfile::tempdir().unwrap();
            prepare(top.path(), layout);
            let place = place(top.path(), "watched", layout);
            reset(&place);
            let traced = run(&place, task, None);
            assert!(traced.output.status.success(), "{:?}", traced.output);
            let broken = order::of_calls(&work(&place, traced), &place.directory);
            assert_eq!(broken, [], "{layout:?} {task:?}");
        }
    }
}

fn struck_anywhere(task: Task, strike: Strike) {
    if !can_trace() {
        return;
    }
    for layout in driver::LAYOUTS {
        let top = tempfile::tempdir().unwrap();
        prepare(top.path(), layout);
        let points = points(top.path(), layout, task);
        let wrong = thread::scope(|scope| {
            let workers = ["one", "two"].map(|worker| {
                let place = place(top.path(), worker, layout);
                let from = usize::from(worker == "two");
                let points = &points;
                scope.spawn(move || {
                    let mine = (from..points.len()).step_by(2);
                    let tried = mine.map(|at| strike.at(&place, task, points, at));
                    tried.filter_map(Result::err).collect::<Vec<_>>()
                })
            });
            workers.map(|worker| worker.join().unwrap()).concat()
        });
        assert!(
            wrong.is_empty(),
            "{layout:?} {task:?} {strike:?}: {wrong:#?}"
        );
        eprintln!("{layout:?} {task:?} {strike:?}: {} calls", points.len());
    }
}

impl Strike {
    /// Runs `task` and strikes the call `at` this place of `points`; says what was wrong then.
    fn at(self, place: &Place, task: Task, points: &[Call], at: usize) -> Result<(), String> {
        reset(place);
        let (point, before) = (&points[at], durable_pieces(&points[..at]));
        let (inject, pieces) = match self {
            // What is not told apart here: the same attempt, made again, may succeed.
            Self::Fail(error) => (format!("error={error}"), before.came..=driver::PIECES),
            Self::Kill => ("signal=KILL".to_owned(), before.there..=before.there),
        };
        let inject = format!("{}:{inject}:when={}", point.name, point.when);
        let traced = run(place, task, Some(&inject));
        let status = traced.output.status;
        let calls = work(place, traced);
        let is_struck = match self {
            Self::Fail(_) => {
                matches!(status.code(), Some(0 | 101))
                    && calls.iter().any(|call| is_same(call, point))
            }
            Self::Kill => {
                status.signal() == Some(9) && calls.last().is_some_and(|call| is_same(call, point))
            }
        };
        let outcome = match is_struck {
            true => heals(place, task, pieces),
            false => Err(format!("was not struck: {status:?}")),
        };
        outcome.map_err(|problem| format!("{}: {problem}", point.line))
    }
}

/// How many pieces a run has made durable.
struct Pieces {
    /// At all.
    came: usize,
    /// Where a later run finds them, and not in a version.
    there: usize,
}

/// What these calls did.
fn durable_pieces(calls: &[Call]) -> Pieces {
    let (mut came, mut is_there) = (0, true);
    for call in calls.iter().filter(|call| call.name.starts_with("rename")) {
        let is_part = |place: usize, is_record: bool| {
            let path = call.entry(place).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("partial-") && name.ends_with(".json") == is_record
        };
        if is_part(3, true) {
            came += 1;
        } else if is_part(1, false) {
            is_there = false;
        } else if is_part(3, false) {
            is_there = true;
        }
    }
    let there = if is_there { came } else { 0 };
    Pieces { came, there }
}

/// What is left is one version and what had come of the next one, which the next run
/// delivers.
fn heals(place: &Place, task: Task, pieces: RangeInclusive<usize>) -> Result<(), String> {
    let (old, new) = (driver::old(), driver::new(task));
    for (name, file) in place.seen().files {
        let versions = [&old, &new];
        let is_known = versions.map(|version| version.files.get(&name) == Some(&file));
        if !is_known.contains(&true) {
            return Err(format!("{name} is neither old nor new"));
        }
    }
    let _ = fs::remove_dir(place.obstacle());
    let left = driver::pieces_left(&place.open());
    let seen = place.seen();
    if seen != old && (seen != new || task == Task::GiveUp) {
        return Err(format!(
            "healed, it is no one version: {:?}",
            seen.files.keys()
        ));
    }
    if seen == old && !pieces.contains(&left) {
        return Err(format!("{left} pieces are left, not {pieces:?}"));
    }
    if seen == new {
        // Its hook may be pending.
        let _ = fs::remove_file(place.obstacle());
    }
    is_clean(place, if left > 0 { 2 } else { 0 })?;
    let next = if task == Task::GiveUp {
        Task::Deliver
    } else {
        task
    };
    place.run(next);
    if place.seen() != new {
        return Err("the next run has not delivered the new version".to_owned());
    }
    match place.open().repair().unwrap().as_slice() {
        [] => is_clean(place, 0),
        repaired => Err(format!("repaired: {repaired:?}")),
    }
}

/// Nothing lies there but the files, their versions and `parts`.
fn is_clean(place: &Place, parts: usize) -> Result<(), String> {
    let (mut left, found) = leftovers(place)
        .into_iter()
        .partition::<Vec<_>, _>(|name| !name.starts_with("partial-"));
    if found.len() != parts {
        left.extend(found);
    }
    match left.is_empty() {
        true => Ok(()),
        false => Err(format!("left-overs: {left:?}")),
    }
}

/// What is neither a file of the set nor a whole version nor a record of one.
fn leftovers(place: &Place) -> Vec<String> {
    let names = |directory: &Path| {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<Vec<_>>()
    };
    let mut left = names(&place.directory);
    left.retain(|name| name.starts_with('.') && name != ".keyferry");
    let held = names(&place.directory.join(".keyferry"));
    let mut versions = 0;
    for name in held {
        match name.as_str() {
            ".keyferry.json" | "current" => {}
            id if id.len() == 16 && !id.contains(['.', '-']) => versions += 1,
            _ => left.push(name),
        }
    }
    if versions > 2 {
        left.push(format!("{versions} versions"));
    }
    left
}

/// The calls of an undisturbed run that change something.
fn points(top: &Path, layout: Layout, task: Task) -> Vec<Call> {
    let place = place(top, "undisturbed", layout);
    reset(&place);
    let traced = run(&place, task, None);
    assert!(traced.output.status.success(), "{:?}", traced.output);
    let harness = traced.main.clone();
    let calls = work(&place, traced);
    let obstacle = place.obstacle();
    let strange = calls
        .iter()
        .find(|call| is_unknown_change(call) && !call.line.contains(obstacle.to_str().unwrap()));
    assert!(strange.is_none(), "a change of a new kind: {strange:?}");
    let mut points = calls;
    points.retain(|call| is_of(&place, call));
    for point in &points {
        let same = harness.iter().filter(|call| call.name == point.name);
        assert!(
            same.count() < point.when,
            "the harness is struck: {}",
            point.line
        );
    }
    points
}

/// The calls of the thread that did the work.
fn work(place: &Place, traced: Traced) -> Vec<Call> {
    let mut threads = traced.others.into_iter();
    let found = threads.find(|calls| calls.iter().any(|call| is_of(place, call)));
    found.unwrap_or_default()
}

fn is_of(place: &Place, call: &Call) -> bool {
    call.changes()
        .is_some_and(|path| path.starts_with(&place.directory))
}

fn is_same(call: &Call, point: &Call) -> bool {
    call.name == point.name && call.when == point.when
}

fn run(place: &Place, task: Task, inject: Option<&str>) -> Traced {
    let logs = place.directory.with_file_name("trace");
    trace::run(&place.command(task), &logs, CHANGES, inject)
}

fn place(top: &Path, name: &str, layout: Layout) -> Place {
    Place::new(&top.join(name), layout)
}

/// Delivers the old version, to be copied.
fn prepare(top: &Path, layout: Layout) {
    fs::create_dir(top.join("prepared")).unwrap();
    place(top, "prepared", layout).prepare();
}

/// Puts it back to the old version.
fn reset(place: &Place) {
    let here = place.directory.parent().unwrap();
    let _ = fs::remove_dir_all(here);
    let prepared = here.with_file_name("prepared");
    let copied = Command::new("cp")
        .arg("-a")
        .args([&prepared, here])
        .status();
    assert!(copied.unwrap().success());
}
