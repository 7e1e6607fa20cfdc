//! What a bad medium leaves: the live version is damaged, as after a power cut that lost
//! what was synced. Needs no strace.

use std::fs;
use std::path::PathBuf;

use crate::order;
use crate::points;
use crate::rotation::{Device, Layout, Rotation, Version};
use crate::support;
use crate::verdict;

/// Ways to damage a generation.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// A file of the right length that holds nothing.
    File,
    /// The marker is empty.
    Marker,
    /// A file is gone.
    Missing,
}

const ALL: [Damage; 3] = [Damage::File, Damage::Marker, Damage::Missing];

#[test]
fn offline_the_version_before_a_damaged_one_is_live_again_and_told() {
    if !support::is_root() {
        return;
    }
    let rotation = Rotation::prepare(Layout::Linked);
    for damage in ALL {
        let device = rotation.device("damaged");
        device.sync(&[]).exits(0);
        damage.strike(&generation(&device));
        device
            .sync(&["--offline"])
            .exits(0)
            .says("the version on disk was damaged");
        assert_eq!(verdict::live(&rotation, &device), Ok("old"), "{damage:?}");
        // The hook ran for what is live again; a second run finds nothing to do.
        let hooks = device.hooks();
        assert_eq!(hooks.last(), Some(&rotation.old.contents()));
        device
            .sync(&["--offline"])
            .exits(0)
            .never_says("was damaged");
        assert_eq!(verdict::is_healed_offline(&rotation, &device), Ok("old"));
        assert_eq!(device.hooks().len(), hooks.len());
        device.sync(&[]).exits(0);
        assert_eq!(verdict::is_healed(&rotation, &device), Ok(()));
    }
}

#[test]
fn online_a_damaged_version_is_fetched_again() {
    if !support::is_root() {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let rotation = Rotation::prepare(layout);
        for damage in ALL {
            let device = rotation.device("damaged");
            device.sync(&[]).exits(0);
            damage.strike(&generation(&device));
            device.sync(&[]).exits(0).never_says("is live again");
            assert_eq!(verdict::live(&rotation, &device), Ok("new"));
        }
    }
}

#[test]
fn offline_with_nothing_to_go_back_to_says_so_and_leaves_all() {
    if !support::is_root() {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let rotation = Rotation::prepare(layout);
        let device = rotation.device("damaged");
        device.sync(&[]).exits(0);
        let live = generation(&device);
        Damage::File.strike(&live);
        if layout == Layout::Linked {
            for entry in fs::read_dir(device.set().join(".keyferry")).unwrap() {
                let path = entry.unwrap().path();
                let before = path != live && path.file_name().unwrap().len() == 16;
                if before {
                    Damage::File.strike(&path);
                }
            }
        }
        let before = Version::read(&device.set());
        device.sync(&["--offline"]).exits(69);
        assert_eq!(Version::read(&device.set()), before);
        device.sync(&[]).exits(0);
        assert_eq!(verdict::live(&rotation, &device), Ok("new"));
    }
}

#[test]
fn killed_anywhere_while_going_back_it_goes_back_the_next_time() {
    if !crate::can_trace() {
        return;
    }
    let rotation = Rotation::prepare(Layout::Linked);
    let damaged = rotation.device("prepared-damaged");
    damaged.sync(&[]).exits(0);
    Damage::File.strike(&generation(&damaged));
    let rotation = rotation.prepared_as("prepared-damaged");
    let words = ["--offline"];
    let watched = rotation.device("watched");
    assert_eq!(order::of_run(&watched, &watched.command(&words)), []);
    let points = points::of(&rotation, &words);
    let wrong = points::try_all(&rotation, &points, |device, point| {
        crate::kill::kill(device, point, &words)?;
        let again = device.sync(&words);
        if again.code != 0 {
            return Err(format!("again: {} {}", again.code, again.stderr));
        }
        match verdict::live(&rotation, device)? {
            "old" => verdict::hook_has_run(&rotation, device),
            live => Err(format!("the {live} version is live")),
        }
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
    eprintln!(
        "going back: {} kill points ({})",
        points.len(),
        points::counts(&points)
    );
}

impl Damage {
    fn strike(self, directory: &std::path::Path) {
        let marker = match directory.join(".keyferry.json") {
            generation if generation.exists() => generation,
            _ => directory.join(".keyferry/.keyferry.json"),
        };
        match self {
            Self::File => fs::write(directory.join("grows"), vec![0; 9000]).unwrap(),
            Self::Marker => fs::write(marker, "").unwrap(),
            Self::Missing => fs::remove_file(directory.join("grows")).unwrap(),
        }
    }
}

/// Where the live files lie.
fn generation(device: &Device) -> PathBuf {
    let current = device.set().join(".keyferry/current");
    fs::canonicalize(current).unwrap_or_else(|_| device.set())
}
