//! Killed amid a download: between two pieces of the image, while the program waits for more.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use cloud::{Action, Fault, Match};

use crate::forms::{self, IMAGE, IMAGE_PATH};
use crate::resumed;
use crate::rotation::{Device, Layout, Rotation};
use crate::support;
use crate::verdict;
use crate::version::text;

#[test]
fn killed_amid_a_download_it_goes_on_behind_what_is_durable() {
    if !support::is_root() {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let mut rotation = Rotation::of_forms(layout);
        let image = text(IMAGE, "large", LENGTH);
        forms::put_image(rotation.account().unwrap(), &image);
        rotation.new.files.get_mut(IMAGE).unwrap().content = image;
        let device = rotation.device("one");
        let there = kill_amid_download(&rotation, &device);
        assert_eq!(verdict::nothing_is_mixed(&rotation, &device), Ok(()));

        rotation.site.cloud.reset_log();
        device.sync(&["--offline"]).exits(0).never_says("damaged");
        assert_eq!(verdict::is_healed_offline(&rotation, &device), Ok("old"));
        assert_eq!(verdict::durable(&device), there);
        assert!(rotation.site.cloud.requests().is_empty());

        device.sync(&[]).exits(0);
        assert_eq!(verdict::is_healed(&rotation, &device), Ok(()));
        let rest = ("GET".to_owned(), Some(format!("bytes={there}-")), 206);
        assert_eq!(resumed::asked(&rotation), [rest]);
        rotation.site.assert_well_behaved();
    }
}

/// Gives how many bytes are durable then.
fn kill_amid_download(rotation: &Rotation, device: &Device) -> u64 {
    rotation.site.cloud.fault(Fault {
        matching: Match::Path(IMAGE_PATH.to_owned()),
        action: Action::StallAfter(STALLS_AT),
        times: 1,
    });
    let mut command = device.command(&[]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = command.spawn().unwrap();
    let began = Instant::now();
    while verdict::durable(device) == 0 && began.elapsed() < PATIENCE {
        thread::yield_now();
    }
    let over = run.try_wait().unwrap();
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(over.is_none(), "it did not wait: {over:?}");
    let there = verdict::durable(device);
    let stalls = u64::try_from(STALLS_AT).unwrap();
    assert!((1..=stalls).contains(&there), "{there}");
    there
}

/// More than what a power cut may cost.
const STALLS_AT: usize = 9 << 20;
const LENGTH: usize = 10 << 20;
const PATIENCE: Duration = Duration::from_secs(60);
