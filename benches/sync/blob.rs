//! Blobs: a large one takes no more memory than a small one, and what was cut is not fetched
//! twice.

use cloud::{Action, Fault, Match, National, StorageAccount};
use serde_json::json;

use crate::limits;
use crate::measure::{self, Binary};
use crate::support::Site;
use crate::traffic::{self, Case};

/// Prints memory and traffic, and gives a sentence for each limit that they break.
pub fn print(binary: &Binary, repetitions: usize) -> Vec<String> {
    let mut broken = Vec::new();
    let place = Place::new();
    binary.sync(&place.site);
    println!("\nBlobs, {}\n\n{}", binary.name, traffic::HEAD);
    let small = place.resident_of(binary, SMALL, repetitions);
    place.row("blob of 20 kB | - | changed", 1, SMALL, &mut broken);
    let medium = place.resident_of(binary, MEDIUM, repetitions);
    let large = place.resident_of(binary, LARGE, repetitions);
    place.row("blob of 200 MB | - | changed", 1, LARGE, &mut broken);
    binary.sync(&place.site);
    place.row("blob of 200 MB | - | unchanged", 1, 0, &mut broken);
    place.put(LARGE);
    place.site.cloud.fault(Fault {
        matching: Match::Path("image".to_owned()),
        action: Action::CutAfter(usize::try_from(LARGE / 2).unwrap()),
        times: 1,
    });
    binary.sync(&place.site);
    place.row(
        "blob of 200 MB | - | cut in the middle",
        2,
        LARGE,
        &mut broken,
    );
    println!("\n| blob | peak RSS |\n|---|--:|");
    println!("| 20 kB | {small} KiB |\n| 20 MB | {medium} KiB |\n| 200 MB | {large} KiB |");
    broken.extend(limits::broken_by_blob(binary, medium, large));
    broken
}

/// A set on a disk, of one blob.
struct Place {
    site: Site,
    account: StorageAccount,
    versions: std::cell::Cell<u64>,
}

impl Place {
    fn new() -> Self {
        let site = Site::of(National::UsGov);
        let account = site.cloud.storage_account("factory7files");
        let blob = json!({
            "account": "factory7files",
            "container": "firmware",
            "name": "image",
        });
        let mut config = site.config(json!({ "firmware": {
            "directory": site.path("firmware"),
            "files": { "image": { "blob": blob, "max_bytes": 2 * LARGE } },
        } }));
        let address = json!(site.cloud.address().to_string());
        config["network"]["resolve"][account.host()] = address;
        site.configure(&config);
        let place = Self {
            site,
            account,
            versions: std::cell::Cell::new(0),
        };
        place.put(SMALL);
        place
    }

    /// A new version of the blob.
    fn put(&self, length: u64) {
        let seed = self.versions.get() + length;
        self.versions.set(seed);
        self.account
            .put_generated("firmware", "image", length, seed);
    }

    /// The middle of what the kernel counted in runs that fetch such a blob.
    fn resident_of(&self, binary: &Binary, length: u64, repetitions: usize) -> u64 {
        let prepare = || self.put(length);
        let counts = measure::resident(binary, &self.site, repetitions, &prepare);
        let place = self.site.path("firmware/image");
        assert_eq!(std::fs::metadata(place).unwrap().len(), length);
        measure::median(counts)
    }

    fn row(&self, name: &str, requests: u64, content: u64, broken: &mut Vec<String>) {
        let case = Case {
            name: name.to_owned(),
            requests,
            content,
        };
        traffic::row(&self.site, &case, broken);
    }
}

/// Bytes.
const SMALL: u64 = 20_000;
/// Bytes: more than is made durable at a time, so that a transfer of it goes every way that a
/// longer one does.
const MEDIUM: u64 = 20_000_000;
/// Bytes.
const LARGE: u64 = 200_000_000;
