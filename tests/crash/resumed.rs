//! What comes in pieces comes once: a set of all forms whose image an earlier run began to
//! fetch, killed or failed anywhere.
//!
//! The cloud's log says what was asked for. One device at a time, so that it is clear who did.

use cloud::{Action, Fault, Match};

use crate::can_trace;
use crate::failures;
use crate::forms::{self, IMAGE, IMAGE_LENGTH, IMAGE_PATH};
use crate::kill;
use crate::points::{self, Point, SET};
use crate::rotation::{Device, Layout, Rotation};
use crate::verdict;

#[test]
fn killed_anywhere_a_linked_set_of_all_forms_heals_and_fetches_nothing_twice() {
    killed_anywhere(Layout::Linked);
}

#[test]
fn killed_anywhere_a_plain_set_of_all_forms_heals_and_fetches_nothing_twice() {
    killed_anywhere(Layout::Plain);
}

/// A set whose image was begun, and one whose image was not.
fn killed_anywhere(layout: Layout) {
    if !can_trace() {
        return;
    }
    let rotation = Rotation::of_forms(layout);
    let fresh = points::of(&rotation, &[]);
    // Up to there the one run is like the other.
    let recorded = Image::of(&fresh, 0).recorded;
    let of_image = points::of_set(&fresh[..=recorded], is_of_part);
    killed_at(&rotation, &of_image, &Image::of(&fresh, 0));

    let there = begin(&rotation);
    let begun = points::of(&rotation, &[]);
    let image = Image::of(&begun, there);
    killed_at(&rotation, &points::of_set(&begun, |_| true), &image);
}

#[test]
fn failed_anywhere_a_linked_set_of_all_forms_keeps_last_good_and_what_came() {
    failed_anywhere(Layout::Linked, ["ENOSPC", "EIO"]);
}

#[test]
fn failed_anywhere_a_plain_set_of_all_forms_keeps_last_good_and_what_came() {
    failed_anywhere(Layout::Plain, ["EIO", "ENOSPC"]);
}

#[test]
fn killed_anywhere_what_came_of_one_image_gets_into_no_other() {
    if !can_trace() {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let mut rotation = Rotation::of_forms(layout);
        begin(&rotation);
        // As long as the one that was begun.
        let other = rotation.new.files[IMAGE].content.replace("new", "two");
        forms::put_image(rotation.account().unwrap(), &other);
        rotation.new.files.get_mut(IMAGE).unwrap().content = other;
        let points = points::of_set(&points::of(&rotation, &[]), is_of_part);
        let wrong = points::try_all(&rotation, &points, |device, point| {
            kill::kill(device, point, &[])?;
            kill::heals(&rotation, device)
        });
        assert!(wrong.is_empty(), "{wrong:#?}");
        let (number, counts) = (points.len(), points::counts(&points));
        eprintln!("{layout:?}, another image: {number} kill points ({counts})");
    }
}

/// Every write, fsync and rename fails, with the two errors in turn.
fn failed_anywhere(layout: Layout, errors: [&str; 2]) {
    if !can_trace() {
        return;
    }
    let rotation = Rotation::of_forms(layout);
    let points = points::of(&rotation, &[]);
    let image = Image::of(&points, 0);
    let kinds = ["write", "fsync", "renameat"];
    let chosen = points::of_set(&points, |point| kinds.contains(&&*point.call));
    let device = rotation.device("one");
    let mut wrong = Vec::new();
    for (point, error) in chosen.iter().zip(errors.iter().cycle()) {
        device.reset(&rotation);
        let tried = failures::fail(&rotation, &device, point, (error, 74)).and_then(|()| {
            let (live, there) = (verdict::live(&rotation, &device), verdict::durable(&device));
            image.keeps(point, live, there)?;
            rotation.site.cloud.reset_log();
            failures::heals(&rotation, &device)?;
            let wanted = match image.is_switched_before(point) {
                true => unchanged(),
                false => behind(there),
            };
            let asked = asked(&rotation);
            match asked == wanted {
                true => Ok(()),
                false => Err(format!("{asked:?} was asked for, not {wanted:?}")),
            }
        });
        if let Err(problem) = tried {
            wrong.push(format!("{error} in {point:?}: {problem}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (number, counts) = (chosen.len(), points::counts(&chosen));
    eprintln!("{layout:?}, all forms: {number} failed calls ({counts})");
}

fn killed_at(rotation: &Rotation, chosen: &[Point], image: &Image) {
    let device = rotation.device("one");
    let mut wrong = Vec::new();
    for point in chosen {
        device.reset(rotation);
        let tried = kill::kill(&device, point, &[]).and_then(|()| {
            rotation.site.cloud.reset_log();
            kill::heals(rotation, &device)?;
            let (asked, wanted) = (asked(rotation), image.wanted_after(point));
            match asked == wanted {
                true => Ok(()),
                false => Err(format!("{asked:?} was asked for, not {wanted:?}")),
            }
        });
        if let Err(problem) = tried {
            wrong.push(format!("{point:?}: {problem}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (layout, there, counts) = (rotation.layout, image.there, points::counts(chosen));
    eprintln!(
        "{layout:?}, {there} bytes there: {} kill points ({counts})",
        chosen.len()
    );
}

/// A run of the prepared device that gets half of the image. Gives how many bytes need not
/// come again.
pub fn begin(rotation: &Rotation) -> u64 {
    begin_on(rotation, &rotation.prepared())
}

/// The same on this device.
pub fn begin_on(rotation: &Rotation, device: &Device) -> u64 {
    let (cloud, account) = (&rotation.site.cloud, rotation.account().unwrap().clone());
    cloud.fault(Fault {
        matching: Match::Path(IMAGE_PATH.to_owned()),
        action: Action::CutAfter(usize::try_from(IMAGE_LENGTH / 2).unwrap()),
        times: 1,
    });
    let denied = account.clone();
    let image = Match::Path(IMAGE_PATH.to_owned());
    cloud.after(1, image, move || denied.deny());
    device.sync(&[]).exits(77);
    account.allow();
    let there = verdict::durable(device);
    assert!((1..=IMAGE_LENGTH / 2).contains(&there));
    there
}

/// Method, range and status of each request for the image.
pub type Asked = Vec<(String, Option<String>, u16)>;

pub fn asked(rotation: &Rotation) -> Asked {
    let requests = rotation.site.cloud.requests().into_iter();
    requests
        .filter(|request| request.path == IMAGE_PATH)
        .map(|request| {
            let range = request.range().map(str::to_owned);
            (request.method, range, request.status)
        })
        .collect()
}

/// How the image comes, by the places of a run's points.
pub struct Image {
    points: Vec<Point>,
    /// How many bytes are there before.
    there: u64,
    /// Where the record of all of it is put in its place.
    recorded: usize,
    /// Where it becomes one of the version's files.
    moved: usize,
    /// Where readers, or those who finish the switch, get to see the version.
    switched: usize,
}

impl Image {
    pub fn of(points: &[Point], there: u64) -> Self {
        let renamed = |fits: &dyn Fn(&str) -> bool| {
            let mut points = points.iter();
            let found = points.position(|point| point.call == "renameat" && fits(&point.about));
            found.unwrap()
        };
        let (staged, whole) = (
            format!("{SET}/.{IMAGE}.ID"),
            format!("{SET}/.keyferry/ID/{IMAGE}"),
        );
        let switches = ["current", "intent"].map(|name| format!("{SET}/.keyferry/{name}"));
        Self {
            there,
            recorded: renamed(&|about| about.ends_with(".json") && about.contains("/partial-")),
            moved: renamed(&|about| about == staged || about == whole),
            switched: renamed(&|about| switches.iter().any(|switch| switch == about)),
            points: points.to_vec(),
        }
    }

    /// Before the switch last good stays, and all that came of the image but what could not be
    /// made durable.
    fn keeps(&self, point: &Point, live: Result<&str, String>, there: u64) -> Result<(), String> {
        let place = self.place(point);
        if self.is_switched_before(point) {
            return Ok(());
        }
        if live != Ok("old") {
            return Err(format!("what is live: {live:?}"));
        }
        let of_image = |point: &Point| point.about.ends_with("/partial-ID");
        let came = self.points[..place].iter().filter(|point| of_image(point));
        let came = came.filter(|point| point.call == "write").count();
        let is_kept = match there {
            0 => came == 0 || of_image(point) && point.call == "fsync",
            there if place < self.recorded && of_image(point) => there < IMAGE_LENGTH,
            there => there == IMAGE_LENGTH,
        };
        match is_kept {
            true => Ok(()),
            false => Err(format!("{there} bytes of {came} writes are kept")),
        }
    }

    fn is_switched_before(&self, point: &Point) -> bool {
        self.place(point) > self.switched
    }

    fn place(&self, point: &Point) -> usize {
        let mut points = self.points.iter();
        points.position(|other| other == point).unwrap()
    }

    /// What the run after one that was killed at `point` has to ask for.
    fn wanted_after(&self, point: &Point) -> Asked {
        let place = self.place(point);
        if place <= self.recorded {
            behind(self.there)
        } else if place <= self.moved {
            behind(IMAGE_LENGTH)
        } else if place <= self.switched {
            // The one place where what came is lost with the version.
            behind(0)
        } else {
            unchanged()
        }
    }
}

/// What is asked for when `there` bytes are there already.
pub fn behind(there: u64) -> Asked {
    let get = |range: Option<String>, status| ("GET".to_owned(), range, status);
    let range = format!("bytes={there}-");
    match there {
        0 => vec![get(None, 200)],
        // There is nothing behind all of it; whether it is all of it, its properties say.
        IMAGE_LENGTH => vec![get(Some(range), 416), ("HEAD".to_owned(), None, 200)],
        _ => vec![get(Some(range), 206)],
    }
}

/// What is asked for when the image lies there as a file of the version.
fn unchanged() -> Asked {
    vec![("GET".to_owned(), None, 304)]
}

fn is_of_part(point: &Point) -> bool {
    point.about.contains("partial-")
}
