//! What a power cut would find: the order of the calls of one run.
//!
//! A file is durable when it was fsynced after its last change, a name when its directory
//! was. From the calls alone this says whether anything was made visible, or relied upon,
//! before what it stands on was durable.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::can_trace;
use crate::rotation::{Device, Layout, Rotation};
use crate::trace::{Call, CHANGES};

/// A rule that a run broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// A name was given to content, or replaced, before the content was durable.
    ContentBeforeName,
    /// A mode was set before the owner.
    ModeBeforeOwner,
    /// A marker was begun before all it speaks of was durable.
    MarkerBeforeFiles,
    /// `current`, or a plain file, was switched before the records of it were durable.
    SwitchBeforeRecord,
    /// A record was removed, or the run ended, before what it stands for was durable.
    UnsyncedAtEnd,
}

#[test]
fn a_power_cut_finds_nothing_before_what_it_stands_on() {
    if !can_trace() {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let rotation = Rotation::prepare(layout);
        let device = rotation.device("watched");
        let broken = of_run(&device, &device.command(&[]));
        assert_eq!(broken, [], "{layout:?}");
    }
}

/// The rules that a run of `command` breaks, each with the call.
pub fn of_run(device: &Device, command: &std::process::Command) -> Vec<(Broken, String)> {
    let traced = device.traced(command, CHANGES, None);
    assert!(traced.output.status.success(), "{:?}", traced.output);
    let mut disk = Disk::new(device);
    for call in traced.main.iter().filter(|call| call.succeeded()) {
        disk.take(call);
    }
    disk.end();
    assert!(disk.switches > 0, "the run switched nothing");
    disk.broken
}

/// What is not durable yet.
struct Disk {
    set: PathBuf,
    state: PathBuf,
    /// Files whose content or access is not, and directories whose names are not.
    unsynced: BTreeSet<PathBuf>,
    /// Files that have their mode.
    modes: BTreeSet<PathBuf>,
    /// Files that were made in this run.
    made: BTreeSet<PathBuf>,
    /// Records that stand, durable or not.
    records: BTreeSet<PathBuf>,
    switches: usize,
    broken: Vec<(Broken, String)>,
}

impl Disk {
    fn new(device: &Device) -> Self {
        Self {
            set: device.set(),
            state: device.top.join("state"),
            unsynced: BTreeSet::new(),
            modes: BTreeSet::new(),
            made: BTreeSet::new(),
            records: BTreeSet::new(),
            switches: 0,
            broken: Vec::new(),
        }
    }

    fn take(&mut self, call: &Call) {
        let Some(path) = call.changes() else { return };
        match call.name.as_str() {
            "openat" | "mkdirat" | "symlinkat" => self.create(call, &path),
            "write" | "pwrite64" | "ftruncate" => self.dirty(&path),
            "fchown" | "fchmod" => self.access(call, &path),
            "fsync" | "fdatasync" => {
                self.unsynced.remove(&path);
            }
            "renameat" | "renameat2" => self.rename(call, &path),
            "unlinkat" => self.remove(call, &path),
            _ => {}
        }
    }

    fn create(&mut self, call: &Call, path: &Path) {
        let directory = path.parent().unwrap();
        if is(path, MARKER) && directory != self.hold() && self.is_unsynced_below(directory) {
            self.break_rule(Broken::MarkerBeforeFiles, call);
        }
        let marked = self.made.contains(&directory.join(MARKER));
        if marked && directory != self.hold() {
            self.break_rule(Broken::MarkerBeforeFiles, call);
        }
        self.made.insert(path.to_owned());
        if call.name != "symlinkat" {
            self.dirty(path);
        }
        self.dirty(directory);
    }

    fn access(&mut self, call: &Call, path: &Path) {
        if call.name == "fchmod" {
            self.modes.insert(path.to_owned());
        } else if self.made.contains(path) && self.modes.contains(path) {
            self.break_rule(Broken::ModeBeforeOwner, call);
        }
        self.dirty(path);
    }

    fn rename(&mut self, call: &Call, to: &Path) {
        let from = call.entry(1).unwrap();
        if self.unsynced.remove(&from) {
            self.break_rule(Broken::ContentBeforeName, call);
        }
        let (hold, root) = (self.hold(), self.set.clone());
        if is(to, "current") {
            self.switches += 1;
            // All of the new generation, its name and the pending record.
            if self.is_unsynced_below(&hold) {
                self.break_rule(Broken::ContentBeforeName, call);
            }
            if !self.records.contains(&hold.join("pending")) {
                self.break_rule(Broken::SwitchBeforeRecord, call);
            }
        } else if to.parent() == Some(&root) {
            self.switches += 1;
            let recorded = ["pending", "intent"]
                .iter()
                .all(|name| self.records.contains(&hold.join(name)));
            if !recorded || self.unsynced.contains(&hold) {
                self.break_rule(Broken::SwitchBeforeRecord, call);
            }
        } else if is(to, "intent") && self.is_unsynced_below(&root) {
            // The staged files' names among them; the intent's own stand in the hold.
            let others = self.unsynced.iter().any(|path| *path != hold && path.starts_with(&root));
            if others {
                self.break_rule(Broken::ContentBeforeName, call);
            }
        } else if is(to, MARKER) && self.unsynced.contains(&root) {
            self.break_rule(Broken::MarkerBeforeFiles, call);
        }
        if is(to, "pending") || is(to, "intent") {
            self.records.insert(to.to_owned());
        }
        self.dirty(to.parent().unwrap());
    }

    fn remove(&mut self, call: &Call, path: &Path) {
        if self.records.remove(path) && self.is_unsynced_below(&self.set.clone()) {
            self.break_rule(Broken::UnsyncedAtEnd, call);
        }
        self.unsynced.remove(path);
        self.dirty(path.parent().unwrap());
    }

    fn end(&mut self) {
        let lasting = [&self.set, &self.state];
        let left = self.unsynced.iter();
        let left: Vec<String> = left
            .filter(|path| lasting.iter().any(|top| path.starts_with(top)))
            .map(|path| path.display().to_string())
            .collect();
        self.broken
            .extend(left.into_iter().map(|path| (Broken::UnsyncedAtEnd, path)));
    }

    fn dirty(&mut self, path: &Path) {
        self.unsynced.insert(path.to_owned());
    }

    fn is_unsynced_below(&self, top: &Path) -> bool {
        self.unsynced.iter().any(|path| path.starts_with(top) && path != top)
            || self.unsynced.contains(top)
    }

    fn hold(&self) -> PathBuf {
        self.set.join(".keyferry")
    }

    fn break_rule(&mut self, rule: Broken, call: &Call) {
        self.broken.push((rule, call.line.clone()));
    }
}

fn is(path: &Path, name: &str) -> bool {
    path.ends_with(name)
}

const MARKER: &str = ".keyferry.json";
