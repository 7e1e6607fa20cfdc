//! Taking away what was delivered.

use super::*;

/// Purges the set of [`Device`] and gives what was removed and what stays.
fn purge(device: &Device) -> Removal {
    let mut removal = Removal::new(false);
    removal.purge(&device.path(""), "", "mqtt");
    // As in [`heal`].
    while let Err(error) = removal.outcome() {
        assert!(matches!(error, Error::Locked { .. }), "{error}");
        removal.purge(&device.path(""), "", "mqtt");
    }
    removal
}

fn holding(device: &Device) -> Holding {
    Holding::of(&device.path(""), "", "mqtt")
}

#[test]
fn names_go_and_the_directory_stays() {
    for layout in BOTH {
        let device = Device::new();
        assert_eq!(holding(&device), Holding::Nowhere);
        device.deliver(layout, &PAIR);
        device.deliver_with(layout, &NEXT, Hook::Run);
        assert_eq!(holding(&device), Holding::Ours);
        assert_eq!(purge(&device).files, 2);
        assert_eq!(device.listing().len(), 1, "{layout:?}");
        assert_eq!(holding(&device), Holding::Other);
        assert!(purge(&device).removed.is_empty());
    }
}

#[test]
fn a_switch_that_was_interrupted_goes_old_files_and_new() {
    for half in [false, true] {
        let device = Device::new();
        device.deliver(Layout::Plain, &PAIR);
        let id = leave_intent(&device, Hook::Run);
        if half {
            let staged = format!(".client.key.{id}");
            rename(&device.path(&staged), &device.path("client.key"));
        }
        let removal = purge(&device);
        assert_eq!((removal.files, removal.changed), (2, Vec::new()));
        assert_eq!(device.listing().len(), 1, "{half}");
    }
}

#[test]
fn what_is_not_as_it_was_delivered_stays() {
    let device = Device::new();
    device.deliver(Layout::Plain, &PAIR);
    remove(&device.path("client.key"));
    write(&device.path("client.key"), "key 2");
    write(&device.path("foreign"), "key 1");
    let removal = purge(&device);
    assert_eq!(removal.changed, [device.path("client.key")]);
    assert_eq!(removal.foreign, [device.path("foreign")]);
    assert_eq!(device.visible(), ["client.key", "foreign"]);
    assert!(!device.path(HOLD).exists());
}

#[test]
fn records_of_others_protect_what_lies_beside_them() {
    for layout in BOTH {
        let device = Device::new();
        device.deliver(layout, &PAIR);
        let before = device.listing();
        for (instance, set) in [("line2", "mqtt"), ("", "web")] {
            let mut removal = Removal::new(false);
            loop {
                removal.purge(&device.path(""), instance, set);
                match removal.outcome() {
                    Err(Error::Locked { .. }) => std::thread::yield_now(),
                    Err(Error::ClaimedDirectory { owner, .. }) => {
                        break assert_eq!(owner, "set mqtt")
                    }
                    other => panic!("{other:?}"),
                }
            }
            let found = Holding::of(&device.path(""), instance, set);
            assert_eq!(found, Holding::Other);
        }
        assert_eq!(device.listing(), before);
    }
}

#[test]
fn nothing_is_touched_after_an_error() {
    let device = Device::new();
    device.deliver(Layout::Plain, &PAIR);
    // Where a file is expected that can be unlinked.
    make_dir(&device.path(".keyferry/pending/x"));
    let mut removal = Removal::new(false);
    while !matches!(removal.outcome(), Err(Error::Disk { .. })) {
        removal.purge(&device.path(""), "", "mqtt");
    }
    assert_eq!(holding(&device), Holding::Ours, "the marker is there still");
    assert_eq!(removal.removed.len(), 2);
}
