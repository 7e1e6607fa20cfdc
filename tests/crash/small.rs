//! Where there is no room for three versions of an image, for two, for one.
//!
//! The device lies on a file system of its own, in a namespace that mounts it: of what is there
//! it is given so much more room.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::statvfs;

use crate::can_trace;
use crate::forms::{self, IMAGE, IMAGE_LENGTH};
use crate::kill;
use crate::namespace;
use crate::points;
use crate::resumed;
use crate::rotation::{Device, Layout, Rotation};
use crate::verdict;
use crate::version::text;

#[test]
fn killed_anywhere_while_room_is_made_a_set_is_old_or_new_and_heals() {
    let name = "small::killed_anywhere_while_room_is_made_a_set_is_old_or_new_and_heals";
    if !can_trace() || !namespace::entered(name, "true") {
        return;
    }
    let rotation = Rotation::of_forms(Layout::Linked);
    let small = Small::mount(&rotation);
    let device = small.device(&rotation, ROOM);
    let points = points::of_run(&device, &[]);
    assert_eq!(verdict::is_healed(&rotation, &device), Ok(()));
    let kinds = ["mkdirat", "renameat", "unlinkat"];
    let points = points::of_set(&points, |point| kinds.contains(&&*point.call));
    let mut wrong = Vec::new();
    for point in &points {
        let device = small.device(&rotation, ROOM);
        let killed = kill::kill(&device, point, &[]);
        if let Err(problem) = killed.and_then(|()| kill::heals(&rotation, &device)) {
            wrong.push(format!("{point:?}: {problem}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let counts = points::counts(&points);
    eprintln!("making room: {} kill points ({counts})", points.len());
}

#[test]
fn an_image_that_can_never_fit_leaves_last_good_and_what_lies_before_it() {
    let name = "small::an_image_that_can_never_fit_leaves_last_good_and_what_lies_before_it";
    if !namespace::entered(name, "true") {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let rotation = Rotation::of_forms(layout);
        let small = Small::mount(&rotation);
        let device = small.device(&rotation, ROOM);
        let account = rotation.account().unwrap();
        forms::put_image(account, &image("huge", 40 * IMAGE_LENGTH));
        let versions = versions(&device);
        for _ in 0..2 {
            let path = device.set().join(IMAGE);
            let told = format!("free room on the file system of {}", path.display());
            device
                .sync(&[])
                .exits(74)
                .says("No space left on device")
                .says(&told)
                .says("the last good files stay");
            device.sync(&["--offline"]).exits(0).never_says("damaged");
            assert_eq!(verdict::is_healed_offline(&rotation, &device), Ok("old"));
        }
        assert_eq!(
            self::versions(&device),
            versions,
            "one was given up for nothing"
        );
        forms::put_image(account, &rotation.new.files[IMAGE].content);
        small.leave(IMAGE_LENGTH + ROOM);
        device.sync(&[]).exits(0);
        assert_eq!(verdict::is_healed(&rotation, &device), Ok(()), "{layout:?}");
    }
}

#[test]
fn what_came_of_an_image_makes_room_for_another() {
    let name = "small::what_came_of_an_image_makes_room_for_another";
    if !namespace::entered(name, "true") {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let mut rotation = Rotation::of_forms(layout);
        let small = Small::mount(&rotation);
        let device = small.device(&rotation, IMAGE_LENGTH + ROOM);
        resumed::begin_on(&rotation, &device);
        small.leave(IMAGE_LENGTH);
        let other = image("other", IMAGE_LENGTH);
        forms::put_image(rotation.account().unwrap(), &other);
        rotation.new.files.get_mut(IMAGE).unwrap().content = other;
        device.sync(&[]).exits(0);
        assert_eq!(verdict::is_healed(&rotation, &device), Ok(()), "{layout:?}");
    }
}

/// A file system in memory.
struct Small {
    place: PathBuf,
}

impl Small {
    fn mount(rotation: &Rotation) -> Self {
        let place = rotation.site.path("small");
        std::fs::create_dir(&place).unwrap();
        mount(&["-t", "tmpfs", "-o", "mode=755", "none"], &place);
        Self { place }
    }

    /// A copy of the device with so many bytes free beside it.
    fn device(&self, rotation: &Rotation, free: u64) -> Device {
        mount(&["-o", "remount,size=50%"], &self.place);
        let device = rotation.device("small/one");
        self.leave(free);
        device
    }

    /// Leaves so many bytes free.
    fn leave(&self, free: u64) {
        let now = statvfs(&self.place).unwrap();
        let used = (now.f_blocks - now.f_bfree) * now.f_frsize;
        let size = format!("remount,size={}", used + free);
        mount(&["-o", &size], &self.place);
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.place).status();
    }
}

fn mount(words: &[&str], place: &Path) {
    let status = Command::new("mount").args(words).arg(place).status();
    assert!(status.unwrap().success());
}

/// How many versions lie there.
fn versions(device: &Device) -> usize {
    let entries = std::fs::read_dir(device.set().join(".keyferry")).unwrap();
    let directories = entries.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    directories.count()
}

fn image(word: &str, length: u64) -> String {
    text(IMAGE, word, usize::try_from(length).unwrap())
}

/// For all of a version but its image.
const ROOM: u64 = 64 << 10;
