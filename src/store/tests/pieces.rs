//! Large files that come in pieces, over several runs.

use super::*;
use crate::config::Blob;
use crate::name::HostName;

const SOURCE: &str = "a.blob.core.windows.net/c/b";
const CONTENT: &[u8] = b"one, two, three";
/// Their digests, of other programs.
const SHA256: &str = "47f1d513458c0f203347d4b6ff917ecaa9a96c598d0fd63ce8e0d586f4707256";
const MD5: &str = "a86efc8ca15dd8d599b4b91c94417aee";

#[test]
fn what_came_in_pieces_is_a_file_like_any_other() {
    for layout in BOTH {
        let device = Device::new();
        let mut store = healed(&device, layout);
        let mut incoming = store.receive(&name("image"), SOURCE, &begin("e1")).unwrap();
        for piece in CONTENT.chunks(4) {
            incoming.write(piece).unwrap();
        }
        assert_eq!(incoming.length(), 15);
        let digests = incoming.digests().unwrap();
        assert_eq!(digests.sha256, SHA256);
        assert_eq!(crate::disk::hex(&digests.md5), MD5);
        let mut staging = store.stage().unwrap();
        staging.adopt(incoming, &provenance("e1")).unwrap();
        put_all(&mut staging, &[("other", "1")]);
        let commit = staging.commit(Hook::Skip, 1000).unwrap();
        assert_eq!(commit.changes.added.len(), 2);
        drop(staging);
        assert_eq!(store.part(&name("image"), SOURCE).unwrap(), None);
        drop(store);
        let store = healed(&device, layout);
        let file = store.live().unwrap().file(&name("image")).unwrap();
        assert_eq!(file.state, FileState::Intact);
        assert_eq!((file.entry.length, &*file.entry.sha256), (15, SHA256));
        assert_eq!(file.entry.provenance, provenance("e1"));
        assert_eq!(device.contents(&["image"]), ["one, two, three"]);
        assert_eq!(parts(&device), Vec::<String>::new());
    }
}

#[test]
fn a_later_run_goes_on_behind_what_is_durable() {
    for layout in BOTH {
        let device = Device::new();
        let mut store = healed(&device, layout);
        let mut incoming = store.receive(&name("image"), SOURCE, &begin("e1")).unwrap();
        incoming.write(b"one, ").unwrap();
        incoming.rest().unwrap();
        incoming.write(b"lost").unwrap();
        std::mem::forget(incoming);
        drop(store);

        let mut store = healed(&device, layout);
        let part = store.part(&name("image"), SOURCE).unwrap().unwrap();
        assert_eq!((part.etag.as_str(), part.length), ("e1", 5));
        let mut incoming = store.receive(&name("image"), SOURCE, &part).unwrap();
        incoming.write(b"two, ").unwrap();
        drop(incoming);
        drop(store);

        let mut store = healed(&device, layout);
        let part = store.part(&name("image"), SOURCE).unwrap().unwrap();
        assert_eq!(part.length, 10);
        let mut incoming = store.receive(&name("image"), SOURCE, &part).unwrap();
        incoming.write(b"three").unwrap();
        assert_eq!(incoming.digests().unwrap().sha256, SHA256);
    }
}

#[test]
fn another_source_or_version_does_not_go_on_behind_it() {
    let device = Device::new();
    let mut store = healed(&device, Layout::Linked);
    leave(&mut store, "e1", b"of the first");
    assert_eq!(store.part(&name("image"), "another").unwrap(), None);
    assert_eq!(store.part(&name("other"), SOURCE).unwrap(), None);
    for (etag, length) in [("e2", 12), ("e1", 11), ("e1", 13)] {
        let part = Part {
            etag: etag.to_owned(),
            length,
            refused: None,
        };
        let refused = store.receive(&name("image"), SOURCE, &part);
        assert!(matches!(refused, Err(Error::Internal { .. })), "{etag}");
    }

    // Killed right after it began anew: nothing of the first may count.
    let mut incoming = store.receive(&name("image"), SOURCE, &begin("e2")).unwrap();
    incoming.write(b"of the second").unwrap();
    std::mem::forget(incoming);
    assert_eq!(store.part(&name("image"), SOURCE).unwrap(), None);
    let mut incoming = store.receive(&name("image"), SOURCE, &begin("e3")).unwrap();
    incoming.write(b"of the third").unwrap();
    incoming.rest().unwrap();
    let part = store.part(&name("image"), SOURCE).unwrap().unwrap();
    assert_eq!((part.etag.as_str(), part.length), ("e3", 12));
}

#[test]
fn a_set_that_fails_keeps_what_it_adopted() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &[("other", "1")]);
        let mut store = healed(&device, layout);
        let incoming = arrived(&mut store);
        let before: Vec<PathBuf> = device.listing().into_keys().collect();
        let mut staging = store.stage().unwrap();
        staging.adopt(incoming, &provenance("e1")).unwrap();
        drop(staging);
        assert_eq!(left(&store), 15);

        // The same when it fails as late as it can.
        let part = store.part(&name("image"), SOURCE).unwrap().unwrap();
        let incoming = store.receive(&name("image"), SOURCE, &part).unwrap();
        let mut staging = store.stage().unwrap();
        staging.adopt(incoming, &provenance("e1")).unwrap();
        staging.keep(&name("other")).unwrap();
        staging.move_adopted().unwrap();
        assert!(!parts(&device).iter().any(|name| !name.ends_with(".json")));
        drop(staging);
        assert_eq!(left(&store), 15);
        drop(store);
        assert_eq!(left(&healed(&device, layout)), 15);
        let mut after: Vec<PathBuf> = device.listing().into_keys().collect();
        after.retain(|path| !path.to_str().unwrap().ends_with(".json") || before.contains(path));
        assert_eq!(after, before, "{layout:?}");
    }
}

#[test]
fn a_foreign_file_that_comes_meanwhile_costs_no_second_fetch() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &[("other", "1")]);
        let mut store = healed(&device, layout);
        let incoming = arrived(&mut store);
        let mut staging = store.stage().unwrap();
        staging.adopt(incoming, &provenance("e1")).unwrap();
        staging.keep(&name("other")).unwrap();
        write(&device.path("image"), "mine");
        let refused = staging.commit(Hook::Skip, 2000);
        assert!(matches!(refused, Err(Error::ForeignFile { .. })));
        drop(staging);
        assert_eq!(left(&store), 15);
    }
}

#[test]
fn a_plain_file_that_is_there_already_is_left_alone() {
    let device = Device::new();
    for (etag, content) in [("e1", "1"), ("e2", "2")] {
        let mut store = healed(&device, Layout::Plain);
        let mut incoming = store.receive(&name("image"), SOURCE, &begin(etag)).unwrap();
        incoming.write(CONTENT).unwrap();
        let inode = std::fs::metadata(device.path("image")).map(|stat| stat.ino());
        let mut staging = store.stage().unwrap();
        staging.adopt(incoming, &provenance(etag)).unwrap();
        put_all(&mut staging, &[("other", content)]);
        let commit = staging.commit(Hook::Skip, 1000).unwrap();
        drop(staging);
        if let Ok(inode) = inode {
            assert_eq!(commit.changes.changed, [name("other")]);
            assert_eq!(
                std::fs::metadata(device.path("image")).unwrap().ino(),
                inode
            );
        }
        let live = store.live().unwrap().file(&name("image")).unwrap();
        assert_eq!(live.entry.provenance, provenance(etag));
        assert_eq!(parts(&device), Vec::<String>::new());
    }
}

#[test]
fn parts_of_files_that_nobody_wants_are_removed() {
    for layout in BOTH {
        let device = Device::new();
        let mut store = healed(&device, layout);
        leave(&mut store, "e1", CONTENT);
        drop(store);
        assert_eq!(parts(&device).len(), 2);
        // Configured still, but not as a blob.
        let (_, healed) = device.healed(layout, &["image", "other"]);
        assert_eq!(healed.len(), 2);
        assert_eq!(parts(&device), Vec::<String>::new());
    }
}

#[test]
fn what_a_kill_left_of_a_part_is_removed_and_others_files_stay() {
    let device = Device::new();
    let mut store = healed(&device, Layout::Linked);
    leave(&mut store, "e1", CONTENT);
    drop(store);
    let part = parts(&device).remove(0);
    let hold = |name: &str| device.path(HOLD).join(name);
    let leftovers = [
        "partial-0123456789abcdef".to_owned(),
        "partial-fedcba9876543210.json".to_owned(),
        format!(".{part}.json.0123456789abcdef"),
    ];
    let foreign = ["partial-0123", "partial-0123456789ABCDEF", "partial-"];
    for name in leftovers.iter().map(String::as_str).chain(foreign) {
        write(&hold(name), "half");
    }
    let mut store = Store::open(&set(&device, Layout::Linked), "").unwrap();
    assert_eq!(heal(&mut store).unwrap().len(), 3);
    assert_eq!(left(&store), 15);
    for name in foreign {
        assert!(hold(name).exists(), "{name}");
    }
    // A record whose part has gone into a version that never went live.
    remove(&hold(&part));
    drop(store);
    let mut store = Store::open(&set(&device, Layout::Linked), "").unwrap();
    assert_eq!(heal(&mut store).unwrap().len(), 1);
    assert_eq!(parts(&device).len(), foreign.len());
}

#[test]
fn a_damaged_record_costs_a_fetch_and_a_newer_one_is_left_alone() {
    let device = Device::new();
    let mut store = healed(&device, Layout::Linked);
    leave(&mut store, "e1", CONTENT);
    drop(store);
    let record = device.path(HOLD).join(parts(&device).remove(1));
    write(&record, r#"{"format":2}"#);
    let before = device.listing();
    let mut store = Store::open(&set(&device, Layout::Linked), "").unwrap();
    assert!(matches!(heal(&mut store), Err(Error::NewerFormat { .. })));
    drop(store);
    assert_eq!(device.listing(), before);
    write(&record, "\0\0\0");
    let store = healed(&device, Layout::Linked);
    assert_eq!(store.part(&name("image"), SOURCE).unwrap(), None);
    assert_eq!(parts(&device), Vec::<String>::new());
}

#[test]
fn a_part_that_is_shorter_than_its_record_says_does_not_count() {
    let device = Device::new();
    let mut store = healed(&device, Layout::Linked);
    leave(&mut store, "e1", CONTENT);
    write(&device.path(HOLD).join(parts(&device).remove(0)), "short");
    assert_eq!(store.part(&name("image"), SOURCE).unwrap(), None);
    let mut incoming = store.receive(&name("image"), SOURCE, &begin("e1")).unwrap();
    incoming.write(CONTENT).unwrap();
    assert_eq!(incoming.digests().unwrap().sha256, SHA256);
}

#[test]
fn what_is_discarded_is_gone() {
    let device = Device::new();
    let mut store = healed(&device, Layout::Linked);
    arrived(&mut store).discard().unwrap();
    assert_eq!(parts(&device), Vec::<String>::new());
    assert_eq!(store.part(&name("image"), SOURCE).unwrap(), None);
}

#[test]
fn a_power_cut_costs_no_more_than_eight_mebibytes() {
    let device = Device::new();
    let mut store = healed(&device, Layout::Linked);
    let mut incoming = store.receive(&name("image"), SOURCE, &begin("e1")).unwrap();
    let piece = vec![7; 1 << 20];
    for _ in 0..20 {
        incoming.write(&piece).unwrap();
    }
    assert_eq!(left(&store), 16 << 20);
    drop(incoming);
    assert_eq!(left(&store), 20 << 20);
}

#[test]
fn an_empty_file_may_come_in_pieces_too() {
    for layout in BOTH {
        let device = Device::new();
        let mut store = healed(&device, layout);
        let incoming = store.receive(&name("image"), SOURCE, &begin("e1")).unwrap();
        let mut staging = store.stage().unwrap();
        staging.adopt(incoming, &provenance("e1")).unwrap();
        put_all(&mut staging, &[("other", "1")]);
        staging.commit(Hook::Skip, 1000).unwrap();
        drop(staging);
        drop(store);
        assert_eq!(device.contents(&["image"]), [""]);
        assert!(healed(&device, layout).live().unwrap().is_whole());
        assert_eq!(parts(&device), Vec::<String>::new());
    }
}

#[test]
fn parts_survive_a_change_of_the_layout() {
    for (from, to) in [
        (Layout::Linked, Layout::Plain),
        (Layout::Plain, Layout::Linked),
    ] {
        let device = Device::new();
        device.deliver(from, &[("other", "1")]);
        leave(&mut healed(&device, from), "e1", CONTENT);
        let store = healed(&device, to);
        assert_eq!(store.live().unwrap().layout, to);
        assert_eq!(left(&store), 15);
    }
}

/// A set of the blob `image` and of `other`.
fn set(device: &Device, layout: Layout) -> Set {
    let mut set = device.set(layout, &["image", "other"]);
    set.files[0].source = Source::Blob(Blob {
        host: HostName::parse("a.blob.core.windows.net").unwrap(),
        container: "c".to_owned(),
        name: "b".to_owned(),
        max_bytes: None,
        sha256: None,
    });
    set
}

fn healed(device: &Device, layout: Layout) -> Store {
    let mut store = Store::open(&set(device, layout), "").unwrap();
    heal(&mut store).unwrap();
    store
}

/// What a run leaves that got no further than `bytes`.
fn leave(store: &mut Store, etag: &str, bytes: &[u8]) {
    let mut incoming = store.receive(&name("image"), SOURCE, &begin(etag)).unwrap();
    incoming.write(bytes).unwrap();
    drop(incoming);
    let part = store.part(&name("image"), SOURCE).unwrap().unwrap();
    assert_eq!(part.length, u64::try_from(bytes.len()).unwrap());
}

/// The whole file, not adopted yet.
fn arrived(store: &mut Store) -> Incoming {
    let mut incoming = store.receive(&name("image"), SOURCE, &begin("e1")).unwrap();
    incoming.write(CONTENT).unwrap();
    incoming.rest().unwrap();
    incoming
}

/// How much of it a later run would go on behind.
fn left(store: &Store) -> u64 {
    let part = store.part(&name("image"), SOURCE).unwrap();
    part.map_or(0, |part| part.length)
}

fn begin(etag: &str) -> Part {
    Part {
        etag: etag.to_owned(),
        length: 0,
        refused: None,
    }
}

fn provenance(etag: &str) -> Provenance {
    Provenance {
        source: SOURCE.to_owned(),
        version: etag.to_owned(),
        expires: None,
    }
}

/// The parts and their records, in the order of their names.
fn parts(device: &Device) -> Vec<String> {
    let entries = std::fs::read_dir(device.path(HOLD)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial-"))
        .collect();
    names.sort();
    names
}

#[test]
fn what_was_refused_is_remembered_and_another_version_begins_anew() {
    let device = Device::new();
    let set = set(&device, Layout::Linked);
    let mut store = healed(&device, Layout::Linked);
    let mut incoming = store
        .receive(&name("image"), SOURCE, &begin("\"1\""))
        .unwrap();
    incoming.write(b"not what it should be").unwrap();
    incoming.refuse("md5").unwrap();
    drop(store);
    let mut store = Store::open(&set, "").unwrap();
    assert_eq!(heal(&mut store).unwrap(), []);
    let part = store.part(&name("image"), SOURCE).unwrap().unwrap();
    assert_eq!(part.etag, "\"1\"");
    assert_eq!((part.length, part.refused.as_deref()), (0, Some("md5")));
    assert_eq!(store.part(&name("image"), "elsewhere").unwrap(), None);
    drop(
        store
            .receive(&name("image"), SOURCE, &begin("\"2\""))
            .unwrap(),
    );
    assert_eq!(store.part(&name("image"), SOURCE).unwrap(), None);
}
