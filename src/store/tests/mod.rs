//! Claims about sets on disk. What a kill leaves is made by hand here; the crash tests of
//! `tests/` kill the program at every system call.

mod commit;
mod heal;
mod pieces;
mod purge;
mod refuse;
mod select;

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Gid, Uid};
use tempfile::TempDir;

use super::*;
use crate::config::{ChangeCheck, File, IfMissing, OnChange, Source};
use crate::name::{Mode, SetName};

/// A directory for one set.
struct Device {
    top: TempDir,
}

impl Device {
    fn new() -> Self {
        let top = tempfile::tempdir().unwrap();
        Self { top }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.top.path().join("sets/mqtt").join(name)
    }

    fn set(&self, layout: Layout, names: &[&str]) -> Set {
        Set {
            name: SetName::parse("mqtt").unwrap(),
            directory: self.top.path().join("sets/mqtt"),
            layout,
            directory_mode: Mode::new(0o750).unwrap(),
            group: Gid::from_raw(rustix::process::getegid().as_raw()),
            files: names.iter().map(|name| configured_file(name)).collect(),
            selections: Vec::new(),
            change_check: ChangeCheck::Get,
            on_change: OnChange {
                reload: Vec::new(),
                restart: Vec::new(),
                start: Vec::new(),
                run: Vec::new(),
                timeout: Duration::from_secs(90),
            },
            max_stale: Duration::from_secs(60),
            required: true,
        }
    }

    /// Delivers `files` as a run does, without a hook.
    fn deliver(&self, layout: Layout, files: &[(&str, &str)]) -> Commit {
        self.deliver_with(layout, files, Hook::Skip)
    }

    fn deliver_with(&self, layout: Layout, files: &[(&str, &str)], hook: Hook) -> Commit {
        let names: Vec<&str> = files.iter().map(|file| file.0).collect();
        let mut store = Store::open(&self.set(layout, &names), "").unwrap();
        heal(&mut store).unwrap();
        let mut staging = store.stage().unwrap();
        put_all(&mut staging, files);
        staging.commit(hook, 1000).unwrap()
    }

    fn healed(&self, layout: Layout, names: &[&str]) -> (Store, Vec<Healed>) {
        let mut store = Store::open(&self.set(layout, names), "").unwrap();
        let healed = heal(&mut store).unwrap();
        (store, healed)
    }

    /// Everything below the set's directory, with all that a write would change.
    fn listing(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        list(&self.path(""), &mut found);
        found
    }

    fn contents(&self, names: &[&str]) -> Vec<String> {
        let read = |name: &&str| std::fs::read_to_string(self.path(name)).unwrap();
        names.iter().map(read).collect()
    }

    fn visible(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != HOLD)
            .collect();
        names.sort();
        names
    }

    fn generations(&self) -> usize {
        let entries = std::fs::read_dir(self.path(HOLD)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names.filter(|name| is_id(name.to_str().unwrap())).count()
    }
}

const BOTH: [Layout; 2] = [Layout::Linked, Layout::Plain];
const PAIR: [(&str, &str); 2] = [("client.key", "key 1"), ("client.crt", "certificate 1")];
const NEXT: [(&str, &str); 2] = [("client.key", "key 2"), ("client.crt", "certificate 2")];
const NAMES: [&str; 2] = ["client.key", "client.crt"];

/// What a run leaves that is killed when its intent is durable and nothing is renamed yet.
fn leave_intent(device: &Device, hook: Hook) -> String {
    let (mut store, _) = device.healed(Layout::Plain, &NAMES);
    let mut staging = store.stage().unwrap();
    put_all(&mut staging, &NEXT);
    let (record, id) = (staging.record(2000), staging.id.clone());
    std::mem::forget(staging);
    let hold = store.hold().unwrap();
    if hook == Hook::Run {
        record::write_pending(hold, &id).unwrap();
    }
    hold.replace_small(INTENT, &record.to_json(), &Access::PRIVATE)
        .unwrap();
    id
}

fn put_all(staging: &mut Staging<'_>, files: &[(&str, &str)]) {
    let provenance = Provenance {
        source: "secret vault/name".to_owned(),
        version: "v".to_owned(),
        expires: None,
    };
    for (called, content) in files {
        staging
            .put(&name(called), &provenance, content.as_bytes())
            .unwrap();
    }
}

fn configured_file(called: &str) -> File {
    File {
        name: name(called),
        source: Source::EnvFile(Vec::new()),
        mode: Mode::new(0o440).unwrap(),
        owner: Uid::from_raw(rustix::process::geteuid().as_raw()),
        group: Gid::from_raw(rustix::process::getegid().as_raw()),
        if_missing: IfMissing::Fail,
        pattern: None,
    }
}

/// Heals, as soon as nobody holds the lock: a test beside this one may be starting a program,
/// which has the descriptor of the lock until it runs.
fn heal(store: &mut Store) -> Result<Vec<Healed>, Error> {
    loop {
        match store.heal() {
            Err(Error::Locked { .. }) => std::thread::yield_now(),
            outcome => return outcome,
        }
    }
}

fn name(text: &str) -> FileName {
    FileName::parse(text).unwrap()
}

fn list(path: &Path, found: &mut BTreeMap<PathBuf, String>) {
    let stat = std::fs::symlink_metadata(path).unwrap();
    let times = (
        stat.mtime(),
        stat.mtime_nsec(),
        stat.ctime(),
        stat.ctime_nsec(),
    );
    let facts = (stat.ino(), stat.mode(), stat.uid(), stat.gid(), times);
    found.insert(path.to_owned(), format!("{facts:?}"));
    if stat.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            list(&entry.unwrap().path(), found);
        }
    }
}

fn mode_of(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o7777
}

#[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
fn write(path: &Path, content: &str) {
    std::fs::write(path, content).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
fn make_dir(path: &Path) {
    std::fs::create_dir_all(path).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
fn rename(from: &Path, to: &Path) {
    std::fs::rename(from, to).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
fn link(target: &str, path: &Path) {
    std::os::unix::fs::symlink(target, path).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
fn chown(path: &Path, owner: u32) {
    std::os::unix::fs::chown(path, Some(owner), None).unwrap();
}
