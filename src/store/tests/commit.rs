//! Versions come, change, and are kept.

use super::*;

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

/// Was: of a plain set, a file whose mode alone changed together with another's content kept
/// its old mode, and the hook saw it so.
#[test]
fn a_commit_puts_the_mode_of_equal_plain_files_right() {
    let device = Device::new();
    device.deliver(Layout::Plain, &PAIR);
    chmod(&device.path("client.key"), 0o444);
    device.deliver(Layout::Plain, &[PAIR[0], NEXT[1]]);
    assert_eq!(mode_of(&device.path("client.key")), 0o440);
    assert_eq!(device.healed(Layout::Plain, &NAMES).1, []);
}

#[test]
fn a_large_file_that_is_kept_takes_no_second_room() {
    let device = Device::new();
    let (large, small) = ("l".repeat(65 << 10), "s".repeat(64 << 10));
    let first = [("large", large.as_str()), ("small", &small), ("other", "1")];
    device.deliver(Layout::Linked, &first);
    let before = ["large", "small"].map(|name| inode(&device.path(name)));
    keep_large(&device, "2");
    let after = ["large", "small"].map(|name| inode(&device.path(name)));
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
    assert_eq!(
        device.contents(&["large", "small", "other"])[..2],
        [&*large, &*small]
    );

    // With the version before, its other name goes.
    keep_large(&device, "3");
    assert_eq!(std::fs::metadata(device.path("large")).unwrap().nlink(), 2);
    let mut store = device.healed(Layout::Linked, &LARGE).0;
    assert!(store.live().unwrap().is_whole());
    let mut staging = store.stage().unwrap();
    staging.keep(&name("large")).unwrap();
    drop(staging);
    assert_eq!(device.contents(&["large"]), [&*large]);

    // Of another mode it is another file.
    let mut set = device.set(Layout::Linked, &LARGE);
    set.files[0].mode = Mode::new(0o400).unwrap();
    drop(store);
    let mut store = Store::open(&set, "").unwrap();
    heal(&mut store).unwrap();
    let mut staging = store.stage().unwrap();
    staging.keep(&name("large")).unwrap();
    staging.commit(Hook::Skip, 2000).unwrap();
    assert_ne!(inode(&device.path("large")), before[0]);
    assert_eq!(mode_of(&device.path("large")), 0o400);
}

#[test]
fn a_large_file_that_was_damaged_is_not_kept() {
    let device = Device::new();
    let large = "l".repeat(65 << 10);
    device.deliver(Layout::Linked, &[("large", &large)]);
    let mut store = device.healed(Layout::Linked, &["large"]).0;
    write(&device.path("large"), &"L".repeat(65 << 10));
    let mut staging = store.stage().unwrap();
    assert!(matches!(
        staging.keep(&name("large")),
        Err(Error::Disk { .. })
    ));
}

const LARGE: [&str; 3] = ["large", "small", "other"];

/// Delivers `other` anew and keeps the rest.
fn keep_large(device: &Device, content: &str) {
    let mut store = device.healed(Layout::Linked, &LARGE).0;
    let mut staging = store.stage().unwrap();
    staging.keep(&name("large")).unwrap();
    staging.keep(&name("small")).unwrap();
    put_all(&mut staging, &[("other", content)]);
    staging.commit(Hook::Skip, 2000).unwrap();
}

fn inode(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().ino()
}

#[test]
fn room_is_made_of_the_version_before_and_of_nothing_else() {
    let device = Device::new();
    device.deliver(Layout::Linked, &PAIR);
    device.deliver(Layout::Linked, &NEXT);
    let mut store = device.healed(Layout::Linked, &NAMES).0;
    let mut staging = store.stage().unwrap();
    put_all(&mut staging, &PAIR);
    assert_eq!(device.generations(), 3);
    // What is in it would not be enough.
    staging.make_room(1 << 20).unwrap();
    assert_eq!(device.generations(), 3);
    staging.make_room(10).unwrap();
    assert_eq!(device.generations(), 2);
    assert_eq!(device.contents(&NAMES), ["key 2", "certificate 2"]);
    staging.commit(Hook::Skip, 3000).unwrap();
    assert_eq!(device.contents(&NAMES), ["key 1", "certificate 1"]);
}

#[test]
fn a_version_is_not_given_up_while_the_one_after_it_is_damaged() {
    let device = Device::new();
    device.deliver(Layout::Linked, &PAIR);
    device.deliver(Layout::Linked, &NEXT);
    let key = std::fs::canonicalize(device.path("client.key")).unwrap();
    write(&key, "torn");
    let mut store = device.healed(Layout::Linked, &NAMES).0;
    let staging = store.stage().unwrap();
    staging.make_room(10).unwrap();
    drop(staging);
    store.restore(Hook::Skip).unwrap().unwrap();
    assert_eq!(device.contents(&NAMES), ["key 1", "certificate 1"]);
}
