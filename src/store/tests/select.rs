//! Files of which the vault says how many there are.

use super::*;
use crate::config::{
    CertificatePart, Content, Form, Object, ObjectKind, SelectedFiles, Selection, Text, Value,
};
use crate::name::{HostName, ObjectName};

const PATTERN: &str = "peer-${name}.pem";

#[test]
fn selected_files_come_and_go_with_the_list() {
    for layout in BOTH {
        let device = Device::new();
        deliver(&device, layout, &[("peer-a.pem", "a"), ("peer-b.pem", "b")]);
        assert_eq!(device.visible(), ["peer-a.pem", "peer-b.pem", "static"]);
        let commit = deliver(&device, layout, &[("peer-b.pem", "b"), ("peer-c.pem", "c")]);
        assert_eq!(commit.changes.added, [name("peer-c.pem")]);
        assert_eq!(commit.changes.removed, [name("peer-a.pem")]);
        assert_eq!(device.visible(), ["peer-b.pem", "peer-c.pem", "static"]);
        let commit = deliver(&device, layout, &[]);
        assert_eq!(commit.changes.removed.len(), 2);
        assert_eq!(device.visible(), ["static"]);
    }
}

#[test]
fn without_a_list_selected_files_are_known_by_the_marker() {
    for layout in BOTH {
        let device = Device::new();
        deliver(&device, layout, &[("peer-a.pem", "a")]);
        let before = device.listing();
        let mut store = healed(&device, layout, PATTERN).0;
        let file = store.live().unwrap().file(&name("peer-a.pem")).unwrap();
        assert_eq!(file.entry.pattern.as_deref(), Some(PATTERN));
        assert_eq!(store.repair().unwrap(), Vec::<PathBuf>::new());
        assert_eq!(device.listing(), before);
        drop(store);
        chmod(&device.path("peer-a.pem"), 0o444);
        let mut store = healed(&device, layout, PATTERN).0;
        assert_eq!(store.repair().unwrap().len(), 1);
        assert_eq!(mode_of(&device.path("peer-a.pem")), 0o440);
    }
}

#[test]
fn a_layout_converts_with_its_selected_files_offline() {
    for (from, to) in [
        (Layout::Linked, Layout::Plain),
        (Layout::Plain, Layout::Linked),
    ] {
        let device = Device::new();
        deliver(&device, from, &[("peer-a.pem", "a")]);
        let (store, healed) = healed(&device, to, PATTERN);
        assert_eq!(healed, [Healed::Converted]);
        let live = store.live().unwrap();
        let file = live.file(&name("peer-a.pem")).unwrap();
        assert_eq!((live.layout, file.state), (to, FileState::Intact));
        assert_eq!(file.entry.pattern.as_deref(), Some(PATTERN));
        assert_eq!(device.contents(&["peer-a.pem"]), ["a"]);
    }
}

#[test]
fn files_of_a_selection_that_is_gone_wait_for_the_next_commit() {
    for layout in BOTH {
        let device = Device::new();
        deliver(&device, layout, &[("peer-a.pem", "a")]);
        assert_eq!(healed(&device, layout, "other-${name}").1, []);
        assert_eq!(device.visible(), ["peer-a.pem", "static"]);
        device.deliver(layout, &[("static", "changed")]);
        assert_eq!(device.visible(), ["static"]);
    }
}

#[test]
fn an_intent_with_selected_files_is_completed_offline() {
    let device = Device::new();
    deliver(&device, Layout::Plain, &[("peer-a.pem", "a")]);
    let mut store = healed(&device, Layout::Plain, PATTERN).0;
    store.select(&[selected("peer-b.pem")]);
    let mut staging = store.stage().unwrap();
    put_all(&mut staging, &[("static", "new"), ("peer-b.pem", "b")]);
    let record = staging.record(2000);
    std::mem::forget(staging);
    let hold = store.hold().unwrap();
    hold.replace_small(INTENT, &record.to_json(), &Access::PRIVATE)
        .unwrap();
    drop(store);
    let (store, healed) = healed(&device, Layout::Plain, PATTERN);
    assert_eq!(healed, [Healed::IntentCompleted]);
    assert!(store.live().unwrap().is_whole());
    assert_eq!(device.visible(), ["peer-b.pem", "static"]);
}

#[test]
fn what_a_kill_left_of_a_selected_file_is_removed() {
    let device = Device::new();
    deliver(&device, Layout::Plain, &[]);
    let before: Vec<PathBuf> = device.listing().into_keys().collect();
    write(&device.path(".peer-a.pem.0123456789abcdef"), "half");
    // As after the change of its owner, which another user than root cannot make.
    if rustix::process::geteuid().is_root() {
        let path = device.path(".peer-a.pem.0123456789abcdef");
        chown(&path, 1234);
    }
    let mut set = selecting(&device, Layout::Plain, PATTERN);
    if rustix::process::geteuid().is_root() {
        set.selections[0].owner = Uid::from_raw(1234);
    }
    let healed = heal(&mut Store::open(&set, "").unwrap()).unwrap();
    assert_eq!(healed.len(), 1);
    assert_eq!(device.listing().into_keys().collect::<Vec<_>>(), before);
}

#[test]
fn the_version_before_comes_back_with_files_that_the_live_one_has_not() {
    let device = Device::new();
    deliver(&device, Layout::Linked, &[("peer-a.pem", "a")]);
    chmod(&device.path("peer-a.pem"), 0o400);
    deliver(&device, Layout::Linked, &[("peer-b.pem", "b")]);
    write(&device.path("peer-b.pem"), "damaged");
    let mut store = healed(&device, Layout::Linked, PATTERN).0;
    assert!(store.restore(Hook::Skip).unwrap().is_some());
    assert_eq!(device.visible(), ["peer-a.pem", "static"]);
    assert_eq!(mode_of(&device.path("peer-a.pem")), 0o440);
}

#[test]
fn a_foreign_file_at_a_selected_name_is_refused() {
    for layout in BOTH {
        let device = Device::new();
        deliver(&device, layout, &[("peer-a.pem", "a")]);
        write(&device.path("peer-b.pem"), "mine");
        let before = device.listing();
        let mut store = healed(&device, layout, PATTERN).0;
        store.select(&[selected("peer-a.pem"), selected("peer-b.pem")]);
        match store.stage() {
            Err(Error::ForeignFile { path }) => assert_eq!(path, device.path("peer-b.pem")),
            other => panic!("{other:?}"),
        }
        drop(store);
        assert_eq!(device.listing(), before);
    }
}

#[test]
fn a_damaged_marker_costs_one_fetch_of_selected_files_too() {
    for (layout, marker) in [
        (Layout::Linked, ".keyferry/current/.keyferry.json"),
        (Layout::Plain, ".keyferry/.keyferry.json"),
    ] {
        let device = Device::new();
        deliver(&device, layout, &[("peer-a.pem", "a")]);
        write(&device.path(marker), "");
        deliver(&device, layout, &[("peer-a.pem", "b")]);
        assert_eq!(device.contents(&["peer-a.pem"]), ["b"]);
    }
}

#[test]
fn a_file_that_becomes_one_of_a_selection_is_kept_as_such() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &[("static", "s"), ("peer-a.pem", "a")]);
        let mut store = healed(&device, layout, PATTERN).0;
        store.select(&[selected("peer-a.pem")]);
        let mut staging = store.stage().unwrap();
        staging.keep(&name("peer-a.pem")).unwrap();
        put_all(&mut staging, &[("static", "changed")]);
        staging.commit(Hook::Skip, 2000).unwrap();
        drop(staging);
        drop(store);
        let store = healed(&device, layout, PATTERN).0;
        let file = store.live().unwrap().file(&name("peer-a.pem")).unwrap();
        assert_eq!(file.entry.pattern.as_deref(), Some(PATTERN));
    }
}

#[test]
fn an_expiry_is_read_back_and_a_marker_without_is_read() {
    for layout in BOTH {
        let device = Device::new();
        let mut store = device.healed(layout, &["dated", "timeless"]).0;
        let mut staging = store.stage().unwrap();
        for (called, expires) in [("dated", Some(5_000_000_000)), ("timeless", None)] {
            let provenance = Provenance {
                source: "vault/certificates/c".to_owned(),
                version: "v".to_owned(),
                expires,
            };
            staging.put(&name(called), &provenance, b"x").unwrap();
        }
        staging.commit(Hook::Skip, 1000).unwrap();
        drop(staging);
        drop(store);
        let store = device.healed(layout, &["dated", "timeless"]).0;
        for (called, expires) in [("dated", Some(5_000_000_000)), ("timeless", None)] {
            let file = store.live().unwrap().file(&name(called)).unwrap();
            assert_eq!(file.entry.provenance.expires, expires);
            assert_eq!(file.entry.pattern, None);
        }
    }
}

#[test]
fn private_keys_are_switched_first_then_what_holds_one() {
    let parts = [
        ("a.ca", CertificatePart::Ca),
        ("b.pem", CertificatePart::Bundle),
        ("c.crt", CertificatePart::Cert),
        ("d.pfx", CertificatePart::Pfx),
        ("e.key", CertificatePart::Key),
        ("f.crt", CertificatePart::Chain),
        ("g.key", CertificatePart::Key),
    ];
    let device = Device::new();
    let mut set = device.set(Layout::Plain, &parts.map(|part| part.0));
    for (file, (_, part)) in set.files.iter_mut().zip(parts) {
        file.source = Source::Content(Content::Value(Value {
            object: Object {
                kind: ObjectKind::Certificate,
                vault: HostName::parse("v.vault.azure.net").unwrap(),
                name: ObjectName::parse("c").unwrap(),
                version: None,
            },
            form: Form::Certificate(part),
        }));
    }
    let mut store = Store::open(&set, "").unwrap();
    let mut staging = store.stage().unwrap();
    put_all(&mut staging, &parts.map(|part| (part.0, "x")));
    staging.commit(Hook::Skip, 1000).unwrap();
    let order: Vec<&str> = staging
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    let wanted = ["e.key", "g.key", "b.pem", "d.pfx", "a.ca", "c.crt", "f.crt"];
    assert_eq!(order, wanted);
}

/// A run whose list is `files`.
fn deliver(device: &Device, layout: Layout, files: &[(&str, &str)]) -> Commit {
    let (mut store, _) = healed(device, layout, PATTERN);
    let names: Vec<File> = files.iter().map(|file| selected(file.0)).collect();
    store.select(&names);
    let mut staging = store.stage().unwrap();
    put_all(&mut staging, &[("static", "s")]);
    put_all(&mut staging, files);
    staging.commit(Hook::Skip, 1000).unwrap()
}

fn healed(device: &Device, layout: Layout, pattern: &str) -> (Store, Vec<Healed>) {
    let mut store = Store::open(&selecting(device, layout, pattern), "").unwrap();
    let healed = heal(&mut store).unwrap();
    (store, healed)
}

/// A set of the file `static` and the files of one selection.
fn selecting(device: &Device, layout: Layout, pattern: &str) -> Set {
    let mut set = device.set(layout, &["static"]);
    let like = configured_file("static");
    set.selections.push(SelectedFiles {
        selection: Selection {
            pattern: pattern.to_owned(),
            vault: HostName::parse("v.vault.azure.net").unwrap(),
            prefix: String::new(),
            tags: Vec::new(),
            form: Form::Secret(Text::default()),
            max_objects: 64,
            allow_empty: false,
        },
        mode: like.mode,
        owner: like.owner,
        group: like.group,
        if_missing: IfMissing::Fail,
    });
    set
}

fn selected(called: &str) -> File {
    let mut file = configured_file(called);
    file.pattern = Some(PATTERN.to_owned());
    file
}
