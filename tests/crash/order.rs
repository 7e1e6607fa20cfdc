//! What a power cut would find: the order of the calls of one run.
//!
//! A file is durable when it was fsynced after its last change, a name when its directory
//! was. From the calls alone this says whether anything was made visible, or relied upon,
//! before what it stands on was durable.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::can_trace;
use crate::resumed;
use crate::rotation::{Device, Layout, Rotation};
use crate::trace::{Call, CHANGES};

/// A rule that a run broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A marker was put in place before all it speaks of was.
    MarkerBeforeFiles,
    /// A new file got its mode before its owner.
    ModeBeforeOwner,
    /// Something got its name before its content was durable.
    NameBeforeContent,
    /// Readers were switched before the records that finish a switch were durable.
    SwitchBeforeRecord,
    /// The hook ran, a record was removed or the run ended before all was durable.
    Unsynced,
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
        let first = rotation.new_device("first");
        let broken = of_run(&first, &first.command(&[]));
        assert_eq!(broken, [], "{layout:?}, first delivery");
        let rotation = Rotation::of_forms(layout);
        for is_begun in [false, true] {
            if is_begun {
                resumed::begin(&rotation);
            }
            let device = rotation.device("watched");
            let broken = of_run(&device, &device.command(&[]));
            assert_eq!(broken, [], "{layout:?}, all forms, begun: {is_begun}");
        }
    }
}

/// The rules that a run of `command` breaks, each with the call.
pub fn of_run(device: &Device, command: &Command) -> Vec<(Broken, String)> {
    let calls = format!("{CHANGES},clone,clone3,fork,vfork");
    let traced = device.traced(command, &calls, None);
    assert!(traced.output.status.success(), "{:?}", traced.output);
    let disk = Disk::after(&traced.main, &device.set(), Some(&device.top.join("state")));
    assert!(disk.switched && disk.hooked, "the run did not do its work");
    disk.broken
}

/// The same of calls that deliver the set in `set`, without a program that runs as its hook.
pub fn of_calls(calls: &[Call], set: &Path) -> Vec<(Broken, String)> {
    let disk = Disk::after(calls, set, None);
    assert!(disk.switched, "the run did not do its work");
    disk.broken
}

/// What is not durable yet.
#[derive(Default)]
struct Disk {
    set: PathBuf,
    /// `.keyferry` in it.
    hold: PathBuf,
    /// Files and directories whose content, owner or mode is not.
    contents: BTreeSet<PathBuf>,
    /// Entries of directories, made or gone, that are not.
    names: BTreeSet<PathBuf>,
    /// What was made in this run.
    made: BTreeSet<PathBuf>,
    /// Files of this run that have their mode.
    modes: BTreeSet<PathBuf>,
    switched: bool,
    hooked: bool,
    broken: Vec<(Broken, String)>,
}

impl Disk {
    /// What `calls` leave. Below `set` and `state` nothing may wait for an fsync at the end.
    fn after(calls: &[Call], set: &Path, state: Option<&Path>) -> Self {
        let mut disk = Self {
            set: set.to_owned(),
            hold: set.join(".keyferry"),
            ..Self::default()
        };
        for call in calls.iter().filter(|call| call.succeeded()) {
            disk.take(call);
        }
        let lasting = [Some(set), state].into_iter().flatten();
        let left: Vec<PathBuf> = lasting.flat_map(|top| disk.unsynced_below(top)).collect();
        if !left.is_empty() {
            disk.broken
                .push((Broken::Unsynced, format!("at the end: {left:?}")));
        }
        disk
    }

    fn take(&mut self, call: &Call) {
        if call.line.contains("CLONE_VFORK") || call.name.ends_with("fork") {
            self.hooked = true;
            self.want_durable(Broken::Unsynced, call, None);
        }
        let Some(path) = call.changes() else { return };
        match call.name.as_str() {
            "openat" | "mkdirat" | "symlinkat" | "linkat" => self.create(call, &path),
            "fchmod" | "fchown" => self.set_access(call, path),
            "fsync" | "fdatasync" => {
                self.names.retain(|name| name.parent() != Some(&path));
                self.contents.remove(&path);
            }
            "ftruncate" | "pwrite64" | "write" => {
                self.contents.insert(path);
            }
            "renameat" | "renameat2" => self.rename(call, &path),
            "unlinkat" => self.remove(call, &path),
            _ => {}
        }
    }

    fn create(&mut self, call: &Call, path: &Path) {
        let directory = path.parent().unwrap();
        let is_generation = directory != self.hold && directory.starts_with(&self.hold);
        let begun = self
            .contents
            .iter()
            .any(|file| file.parent() == Some(directory));
        let is_marker = path.ends_with(MARKER);
        let marked = self.made.contains(&directory.join(MARKER));
        if is_generation && (is_marker && begun || marked) {
            self.break_rule(Broken::MarkerBeforeFiles, call);
        }
        if call.name == "openat" {
            self.contents.insert(path.to_owned());
        }
        self.made.insert(path.to_owned());
        self.names.insert(path.to_owned());
    }

    fn set_access(&mut self, call: &Call, path: PathBuf) {
        if call.name == "fchmod" {
            self.modes.insert(path.clone());
        } else if self.made.contains(&path) && self.modes.contains(&path) {
            self.break_rule(Broken::ModeBeforeOwner, call);
        }
        self.contents.insert(path);
    }

    fn rename(&mut self, call: &Call, to: &Path) {
        let from = call.entry(1).unwrap();
        if self.contents.remove(&from) {
            self.break_rule(Broken::NameBeforeContent, call);
        }
        self.names.remove(&from);
        if to == self.hold.join("current") {
            self.switched = true;
            self.want_records(call, &["pending"]);
        } else if [to, &from].map(Path::parent) == [Some(&*self.set); 2] {
            if self.made.contains(&self.hold.join(MARKER)) {
                self.break_rule(Broken::MarkerBeforeFiles, call);
            }
            self.switched = true;
            self.want_records(call, &["intent", "pending"]);
        } else if to == self.hold.join("intent") {
            self.want_durable(Broken::NameBeforeContent, call, None);
        } else if self.contents.contains(&to.with_extension("")) {
            // The record of a part says what is durable of it.
            self.break_rule(Broken::NameBeforeContent, call);
        } else if to == self.hold.join(MARKER) {
            self.want_durable(Broken::MarkerBeforeFiles, call, None);
        }
        self.made.insert(to.to_owned());
        self.names.insert(to.to_owned());
    }

    fn remove(&mut self, call: &Call, path: &Path) {
        if path == self.hold.join("pending") || path == self.hold.join("intent") {
            self.want_durable(Broken::Unsynced, call, None);
        }
        self.made.retain(|made| !made.starts_with(path));
        self.contents.retain(|file| !file.starts_with(path));
        self.names.retain(|name| !name.starts_with(path));
        self.names.insert(path.to_owned());
    }

    /// A switch needs its records, and everything of ours behind it.
    fn want_records(&mut self, call: &Call, records: &[&str]) {
        let hold = self.hold.clone();
        if !records
            .iter()
            .all(|name| self.made.contains(&hold.join(name)))
        {
            self.break_rule(Broken::SwitchBeforeRecord, call);
        }
        self.want_durable(Broken::SwitchBeforeRecord, call, Some(&hold));
    }

    /// Nothing below `top` (the set) may wait for an fsync.
    fn want_durable(&mut self, rule: Broken, call: &Call, top: Option<&Path>) {
        let waiting = self.unsynced_below(top.unwrap_or(&self.set));
        if !waiting.is_empty() {
            self.broken
                .push((rule, format!("{} {waiting:?}", call.line)));
        }
    }

    fn unsynced_below(&self, top: &Path) -> Vec<PathBuf> {
        let waiting = self.contents.iter().chain(&self.names);
        waiting
            .filter(|path| path.starts_with(top))
            .cloned()
            .collect()
    }

    fn break_rule(&mut self, rule: Broken, call: &Call) {
        self.broken.push((rule, call.line.clone()));
    }
}

const MARKER: &str = ".keyferry.json";
