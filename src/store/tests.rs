//! Claims about sets on disk. What a kill leaves is made by hand here; the crash tests of
//! `tests/` kill the program at every system call.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Gid, Uid};
use tempfile::TempDir;

use super::*;
use crate::config::{IfMissing, OnChange, Source};
use crate::name::{HostName, Mode, ObjectName, SetName};

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
        store.heal().unwrap();
        let mut staging = store.stage().unwrap();
        put_all(&mut staging, files);
        staging.commit(hook, 1000).unwrap()
    }

    fn healed(&self, layout: Layout, names: &[&str]) -> (Store, Vec<Healed>) {
        let mut store = Store::open(&self.set(layout, names), "").unwrap();
        let healed = store.heal().unwrap();
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

#[test]
fn a_commit_is_read_back_whole_in_both_layouts() {
    for layout in BOTH {
        let device = Device::new();
        let commit = device.deliver(layout, &PAIR);
        assert_eq!(commit.changes.added.len(), 2);
        assert_eq!(device.contents(&NAMES), ["key 1", "certificate 1"]);
        let (store, healed) = device.healed(layout, &NAMES);
        assert_eq!(healed, []);
        let live = store.live().unwrap();
        assert_eq!((live.id.as_str(), live.when), (commit.id.as_str(), 1000));
        assert!(live
            .files
            .iter()
            .all(|file| file.state == FileState::Intact));
        assert_eq!(
            live.file(&name("client.key"))
                .unwrap()
                .entry
                .provenance
                .version,
            "v"
        );
    }
}

#[test]
fn an_unchanged_run_touches_nothing() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &PAIR);
        device.deliver(layout, &NEXT);
        let before = device.listing();
        let (mut store, healed) = device.healed(layout, &NAMES);
        assert_eq!((healed, store.repair().unwrap()), (vec![], vec![]));
        assert_eq!(device.listing(), before);
    }
}

#[test]
fn opening_creates_nothing() {
    let device = Device::new();
    let (store, _) = device.healed(Layout::Linked, &NAMES);
    assert!(store.live().is_none());
    assert!(!device.path("").exists());
}

#[test]
fn a_commit_says_what_changed_and_keeps_one_generation_before() {
    let device = Device::new();
    device.deliver(Layout::Linked, &[("a", "1"), ("b", "1"), ("c", "1")]);
    let commit = device.deliver(Layout::Linked, &[("a", "1"), ("b", "2"), ("d", "1")]);
    assert_eq!(commit.changes.added, [name("d")]);
    assert_eq!(commit.changes.changed, [name("b")]);
    assert_eq!(commit.changes.removed, [name("c")]);
    assert_eq!(device.visible(), ["a", "b", "d"]);
    assert_eq!(device.generations(), 2);
    device.deliver(Layout::Linked, &[("a", "3")]);
    assert_eq!(
        (device.visible(), device.generations()),
        (vec!["a".to_owned()], 2)
    );
}

#[test]
fn a_plain_commit_leaves_equal_files_alone() {
    let device = Device::new();
    device.deliver(Layout::Plain, &[("a", "1"), ("b", "1"), ("c", "1")]);
    let before = device.listing();
    let commit = device.deliver(Layout::Plain, &[("a", "1"), ("b", "2")]);
    let after = device.listing();
    assert_eq!(before[&device.path("a")], after[&device.path("a")]);
    assert_eq!(commit.changes.removed, [name("c")]);
    assert_eq!(device.visible(), ["a", "b"]);
    assert_eq!(device.contents(&["b"]), ["2"]);
}

#[test]
fn modes_are_as_configured() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &PAIR);
        for (path, mode) in [
            ("", 0o750),
            (HOLD, 0o750),
            ("client.key", 0o440),
            ("..", 0o755),
        ] {
            assert_eq!(mode_of(&device.path(path)), mode, "{path}");
        }
    }
    let device = Device::new();
    device.deliver(Layout::Linked, &PAIR);
    assert_eq!(
        mode_of(&device.path(".keyferry/current/.keyferry.json")),
        0o600
    );
    assert_eq!(mode_of(&device.path(".keyferry/current")), 0o750);
}

#[test]
fn a_dropped_staging_leaves_nothing() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &PAIR);
        let before: Vec<PathBuf> = device.listing().into_keys().collect();
        let (mut store, _) = device.healed(layout, &NAMES);
        let mut staging = store.stage().unwrap();
        put_all(&mut staging, &NEXT);
        drop(staging);
        assert_eq!(device.listing().into_keys().collect::<Vec<_>>(), before);
    }
}

#[test]
fn what_a_kill_left_while_staging_is_removed() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &PAIR);
        let before: Vec<PathBuf> = device.listing().into_keys().collect();
        let (mut store, _) = device.healed(layout, &NAMES);
        let mut staging = store.stage().unwrap();
        put_all(&mut staging, &NEXT);
        std::mem::forget(staging);
        drop(store);
        for name in [
            ".keyferry/.pending.0123456789abcdef",
            ".keyferry/.intent.0123456789abcdef",
        ] {
            write(&device.path(name), "half");
        }
        let (store, healed) = device.healed(layout, &NAMES);
        assert!(healed.len() >= 3, "{healed:?}");
        assert!(store.live().unwrap().is_whole());
        assert_eq!(device.listing().into_keys().collect::<Vec<_>>(), before);
    }
}

#[test]
fn left_overs_of_others_stay() {
    let device = Device::new();
    device.deliver(Layout::Linked, &PAIR);
    let foreign = [
        ".client.key.backup",
        "client.key.0123456789abcdef",
        ".keyferry/notes",
    ];
    for name in foreign {
        write(&device.path(name), "mine");
    }
    link("/etc/passwd", &device.path(".client.key.0123456789abcdef"));
    let (_, healed) = device.healed(Layout::Linked, &NAMES);
    assert_eq!(healed, []);
}

#[test]
fn links_are_finished_after_a_kill_between_switch_and_links() {
    let device = Device::new();
    device.deliver(Layout::Linked, &PAIR);
    remove(&device.path("client.crt"));
    link(".keyferry/current/old", &device.path("old"));
    let (_, healed) = device.healed(Layout::Linked, &NAMES);
    assert_eq!(
        healed,
        [
            Healed::LinkMade(name("client.crt")),
            Healed::NameDropped(name("old"))
        ]
    );
    assert_eq!(device.visible(), ["client.crt", "client.key"]);
}

#[test]
fn an_intent_is_completed_offline_whatever_was_renamed_already() {
    for renamed in 0..=2 {
        let device = Device::new();
        device.deliver(Layout::Plain, &[PAIR[0], PAIR[1], ("gone", "x")]);
        let id = leave_intent(&device, Hook::Run);
        for name in NAMES.iter().take(renamed) {
            rename(&device.path(&format!(".{name}.{id}")), &device.path(name));
        }
        let (store, healed) = device.healed(Layout::Plain, &NAMES);
        assert_eq!(healed, [Healed::IntentCompleted]);
        assert_eq!(device.contents(&NAMES), ["key 2", "certificate 2"]);
        assert_eq!(device.visible(), ["client.crt", "client.key"]);
        assert_eq!(store.live().unwrap().id, id);
        assert_eq!(store.pending_hook(), Some(&Pending { id }));
        assert!(!device.path(".keyferry/intent").exists());
    }
}

#[test]
fn an_intent_without_its_files_is_given_up() {
    let device = Device::new();
    let old = device.deliver(Layout::Plain, &PAIR);
    let id = leave_intent(&device, Hook::Run);
    for name in NAMES {
        remove(&device.path(&format!(".{name}.{id}")));
    }
    let (store, healed) = device.healed(Layout::Plain, &NAMES);
    assert_eq!(healed, [Healed::IntentDropped, Healed::HookDropped]);
    assert_eq!(store.live().unwrap().id, old.id);
    assert_eq!(device.contents(&NAMES), ["key 1", "certificate 1"]);
}

#[test]
fn a_hook_stays_pending_until_done_and_holds_up_the_next_version() {
    for layout in BOTH {
        let device = Device::new();
        let commit = device.deliver_with(layout, &PAIR, Hook::Run);
        let (mut store, _) = device.healed(layout, &NAMES);
        assert_eq!(store.pending_hook(), Some(&Pending { id: commit.id }));
        assert!(matches!(store.stage(), Err(Error::Internal { .. })));
        store.hook_done().unwrap();
        assert_eq!(store.pending_hook(), None);
        drop(store);
        let (store, _) = device.healed(layout, &NAMES);
        assert_eq!(store.pending_hook(), None);
    }
}

#[test]
fn the_hook_of_a_version_that_never_went_live_is_dropped() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &PAIR);
        let record = r#"{"format":1,"id":"0123456789abcdef"}"#;
        write(&device.path(".keyferry/pending"), record);
        let (store, healed) = device.healed(layout, &NAMES);
        assert_eq!(healed, [Healed::HookDropped]);
        assert_eq!(store.pending_hook(), None);
    }
}

#[test]
fn a_kept_file_moves_on_unchanged_and_a_damaged_one_is_not_kept() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &PAIR);
        let (mut store, _) = device.healed(layout, &NAMES);
        let mut staging = store.stage().unwrap();
        staging.keep(&name("client.key")).unwrap();
        put_all(&mut staging, &NEXT[1..]);
        staging.commit(Hook::Skip, 2000).unwrap();
        drop(staging);
        assert_eq!(device.contents(&NAMES), ["key 1", "certificate 2"]);
        drop(store);

        write(&device.path("client.key"), "edited");
        let (mut store, _) = device.healed(layout, &NAMES);
        let file = store.live().unwrap().file(&name("client.key")).unwrap();
        assert_eq!(file.state, FileState::Damaged);
        let mut staging = store.stage().unwrap();
        assert!(matches!(
            staging.keep(&name("client.key")),
            Err(Error::Disk { .. })
        ));
        put_all(&mut staging, &PAIR);
        let commit = staging.commit(Hook::Skip, 3000).unwrap();
        assert!(commit.changes.changed.contains(&name("client.key")));
        assert_eq!(device.contents(&NAMES), ["key 1", "certificate 1"]);
    }
}

#[test]
fn a_foreign_file_is_refused_before_anything_is_switched() {
    for layout in BOTH {
        for kind in ["file", "link", "directory"] {
            let device = Device::new();
            device.deliver(layout, &PAIR);
            let path = device.path("new");
            match kind {
                "file" => write(&path, "mine"),
                "link" => link("/etc/passwd", &path),
                _ => make_dir(&path),
            }
            let before = device.listing();
            let set = device.set(layout, &["client.key", "new"]);
            let mut store = Store::open(&set, "").unwrap();
            match store.heal() {
                Err(Error::ForeignFile { path }) => assert_eq!(path, device.path("new")),
                other => panic!("{other:?}"),
            }
            assert!(matches!(store.stage(), Err(Error::ForeignFile { .. })));
            drop(store);
            assert_eq!(device.listing(), before, "{kind}");
        }
    }
}

#[test]
fn a_foreign_file_that_comes_while_staging_is_refused() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &PAIR);
        let before = device.contents(&NAMES);
        let (mut store, _) = device.healed(layout, &["client.key", "client.crt", "new"]);
        let mut staging = store.stage().unwrap();
        put_all(&mut staging, &NEXT);
        put_all(&mut staging, &[("new", "ours")]);
        write(&device.path("new"), "mine");
        let refused = staging.commit(Hook::Run, 2000);
        assert!(matches!(refused, Err(Error::ForeignFile { .. })));
        assert_eq!(device.contents(&NAMES), before);
        assert_eq!(device.contents(&["new"]), ["mine"]);
        drop(staging);
        assert_eq!(store.pending_hook(), None);
    }
}

#[test]
fn a_directory_of_another_set_or_instance_is_refused() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &PAIR);
        let mut other = device.set(layout, &NAMES);
        match Store::open(&other, "line2") {
            Err(Error::ClaimedDirectory { owner, .. }) => assert_eq!(owner, "set mqtt"),
            found => panic!("{found:?}"),
        }
        other.name = SetName::parse("web").unwrap();
        assert!(matches!(
            Store::open(&other, ""),
            Err(Error::ClaimedDirectory { .. })
        ));
    }
}

#[test]
fn two_stores_do_not_work_on_one_directory() {
    let device = Device::new();
    device.deliver(Layout::Linked, &PAIR);
    let (_first, _) = device.healed(Layout::Linked, &NAMES);
    let mut second = Store::open(&device.set(Layout::Linked, &NAMES), "").unwrap();
    assert!(matches!(second.heal(), Err(Error::Locked { .. })));
}

#[test]
fn state_of_a_later_format_is_left_untouched() {
    for marker in [
        ".keyferry/current/.keyferry.json",
        ".keyferry/.keyferry.json",
        ".keyferry/intent",
        ".keyferry/pending",
    ] {
        let device = Device::new();
        device.deliver(Layout::Linked, &PAIR);
        write(
            &device.path(marker),
            r#"{"format":2,"files":{"of":"another shape"}}"#,
        );
        let before = device.listing();
        let opened = Store::open(&device.set(Layout::Linked, &NAMES), "");
        assert!(matches!(opened, Err(Error::NewerFormat { .. })), "{marker}");
        assert_eq!(device.listing(), before);
    }
}

#[test]
fn fields_of_a_later_minor_release_are_ignored() {
    let device = Device::new();
    let commit = device.deliver(Layout::Plain, &PAIR);
    let path = device.path(".keyferry/.keyferry.json");
    let text = std::fs::read_to_string(&path).unwrap();
    write(&path, &text.replacen('{', r#"{"sealed":true,"#, 1));
    let (store, _) = device.healed(Layout::Plain, &NAMES);
    assert_eq!(store.live().unwrap().id, commit.id);
}

#[test]
fn a_damaged_marker_costs_one_fetch_and_no_file() {
    for (layout, marker) in [
        (Layout::Linked, ".keyferry/current/.keyferry.json"),
        (Layout::Plain, ".keyferry/.keyferry.json"),
    ] {
        for damage in ["", "{\"format\":1}", "\0\0\0\0"] {
            let device = Device::new();
            device.deliver(layout, &PAIR);
            write(&device.path(marker), damage);
            let (store, _) = device.healed(layout, &NAMES);
            assert!(store.live().is_none());
            drop(store);
            assert_eq!(device.contents(&NAMES), ["key 1", "certificate 1"]);
            device.deliver(layout, &NEXT);
            assert_eq!(device.contents(&NAMES), ["key 2", "certificate 2"]);
        }
    }
}

#[test]
fn drift_is_repaired_in_place_and_nothing_else() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &PAIR);
        for (path, mode) in [("client.key", 0o444), ("", 0o700), (HOLD, 0o700)] {
            chmod(&device.path(path), mode);
        }
        let inode = std::fs::metadata(device.path("client.key")).unwrap().ino();
        let (mut store, healed) = device.healed(layout, &NAMES);
        let state = store
            .live()
            .unwrap()
            .file(&name("client.key"))
            .unwrap()
            .state;
        assert_eq!((state, healed), (FileState::Drifted, vec![]));
        assert_eq!(store.repair().unwrap().len(), 3);
        for (path, mode) in [("client.key", 0o440), ("", 0o750), (HOLD, 0o750)] {
            assert_eq!(mode_of(&device.path(path)), mode, "{path}");
        }
        assert_eq!(
            std::fs::metadata(device.path("client.key")).unwrap().ino(),
            inode
        );
        assert_eq!(store.repair().unwrap(), Vec::<PathBuf>::new());
    }
}

#[test]
fn the_mode_of_a_shared_directory_is_not_ours_to_set() {
    let device = Device::new();
    make_dir(&device.path(""));
    chmod(&device.path(""), 0o755);
    write(&device.path("passwd"), "of somebody else");
    device.deliver(Layout::Linked, &PAIR);
    let (mut store, _) = device.healed(Layout::Linked, &NAMES);
    assert_eq!(store.repair().unwrap(), Vec::<PathBuf>::new());
    assert_eq!(mode_of(&device.path("")), 0o755);
}

#[test]
fn a_layout_converts_in_place_and_offline_and_back() {
    for (from, to) in [
        (Layout::Linked, Layout::Plain),
        (Layout::Plain, Layout::Linked),
    ] {
        let device = Device::new();
        device.deliver(from, &PAIR);
        let (store, healed) = device.healed(to, &NAMES);
        assert_eq!(healed, [Healed::Converted]);
        let live = store.live().unwrap();
        assert_eq!((live.layout, live.when, live.is_whole()), (to, 1000, true));
        drop(store);
        let link = std::fs::symlink_metadata(device.path("client.key"))
            .unwrap()
            .is_symlink();
        assert_eq!(link, to == Layout::Linked);
        assert_eq!(device.contents(&NAMES), ["key 1", "certificate 1"]);
        assert_eq!(device.generations(), usize::from(to == Layout::Linked));
        assert_eq!(
            device.path(".keyferry/.keyferry.json").exists(),
            to == Layout::Plain
        );
        let before = device.listing();
        assert_eq!(device.healed(to, &NAMES).1, []);
        assert_eq!(device.listing(), before);
    }
}

#[test]
fn a_commit_converts_what_could_not_be_converted_offline() {
    for (from, to) in [
        (Layout::Linked, Layout::Plain),
        (Layout::Plain, Layout::Linked),
    ] {
        let device = Device::new();
        device.deliver(from, &[PAIR[0], PAIR[1], ("gone", "x")]);
        write(&device.path("client.key"), "damaged");
        let commit = device.deliver_with(to, &NEXT, Hook::Run);
        assert_eq!(commit.changes.removed, [name("gone")]);
        assert_eq!(device.visible(), ["client.crt", "client.key"]);
        assert_eq!(device.contents(&NAMES), ["key 2", "certificate 2"]);
        assert_eq!(device.healed(to, &NAMES).1, []);
    }
}

#[test]
fn an_interrupted_conversion_to_links_is_finished() {
    let device = Device::new();
    let plain = device.deliver(Layout::Plain, &[PAIR[0], PAIR[1], ("gone", "x")]);
    let marker = std::fs::read_to_string(device.path(".keyferry/.keyferry.json")).unwrap();
    device.deliver(Layout::Linked, &PAIR);
    // As after the rename of `current`: one name still the old file, the marker still there.
    remove(&device.path("client.crt"));
    write(&device.path("client.crt"), "certificate 1");
    write(&device.path("gone"), "x");
    write(&device.path(".keyferry/.keyferry.json"), &marker);
    let (store, healed) = device.healed(Layout::Linked, &NAMES);
    assert_eq!(
        healed,
        [
            Healed::LinkMade(name("client.crt")),
            Healed::NameDropped(name("gone"))
        ]
    );
    assert_ne!(store.live().unwrap().id, plain.id);
    assert_eq!(device.visible(), ["client.crt", "client.key"]);
    assert!(!device.path(".keyferry/.keyferry.json").exists());
}

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
    hold.replace_small(INTENT, &record.to_json().unwrap(), &Access::PRIVATE)
        .unwrap();
    id
}

fn put_all(staging: &mut Staging<'_>, files: &[(&str, &str)]) {
    let provenance = Provenance {
        source: "secret vault/name".to_owned(),
        version: "v".to_owned(),
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
        source: Source::Secret {
            vault: HostName::parse("factory7.vault.azure.net").unwrap(),
            name: ObjectName::parse("name").unwrap(),
            version: None,
        },
        mode: Mode::new(0o440).unwrap(),
        owner: Uid::from_raw(rustix::process::geteuid().as_raw()),
        group: Gid::from_raw(rustix::process::getegid().as_raw()),
        if_missing: IfMissing::Fail,
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
