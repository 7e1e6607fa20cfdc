//! What a kill, a failing medium or an operator left is put in order.

use super::*;

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
