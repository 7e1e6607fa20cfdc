//! What is somebody else's, or of a later release, is left alone.

use super::*;

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
            match heal(&mut store) {
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
