//! The tools that count, and how their output is read.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::Site;

/// A build of the program.
pub struct Binary {
    pub name: String,
    pub size: u64,
    path: PathBuf,
}

/// What a run costs.
pub struct Figures {
    /// Peak resident memory in KiB.
    pub resident: u64,
    /// Peak of the heap in bytes; nothing where valgrind cannot see it (static programs).
    pub heap: Option<u64>,
    /// Instructions in user mode.
    pub instructions: u64,
    /// Processor time, user and system, in milliseconds: the median.
    pub processor: u64,
    /// Time from start to end in milliseconds: the median.
    pub wall: u64,
    pub traffic: Traffic,
}

/// What a run counted itself.
pub struct Traffic {
    /// TLS connections.
    pub connections: u64,
    pub requests: u64,
    /// Bytes on the wire.
    pub sent: u64,
    /// Bytes on the wire.
    pub received: u64,
}

impl Binary {
    /// Reads `NAME=PATH`.
    pub fn parse(text: &str) -> Self {
        let (name, path) = text.split_once('=').unwrap();
        let path = fs::canonicalize(path).unwrap();
        let size = fs::metadata(&path).unwrap().len();
        Self {
            name: name.to_owned(),
            size,
            path,
        }
    }

    /// One run that must succeed.
    pub fn sync(&self, site: &Site) {
        self.sync_by(site, &[]);
    }

    /// The same by a tool; gives what that says on standard error.
    fn sync_by(&self, site: &Site, tool: &[&str]) -> String {
        let mut words = tool.iter().copied().chain([self.path.to_str().unwrap()]);
        let output = Command::new(words.next().unwrap())
            .args(words)
            .args(["sync", "--config"])
            .arg(site.path("etc"))
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        told
    }
}

/// Takes all figures; `prepare` makes the case anew before each run.
pub fn take(binary: &Binary, site: &Site, repetitions: usize, prepare: impl Fn()) -> Figures {
    let resident = resident(binary, site, repetitions, &prepare);
    let mut times = Vec::new();
    for _ in 0..repetitions {
        prepare();
        // bash counts in milliseconds, GNU time in hundredths of a second.
        let timed = "TIMEFORMAT='%R %U %S'; time \"$@\" >/dev/null";
        let told = binary.sync_by(site, &["bash", "-c", timed, "-"]);
        let seconds = told.lines().last().unwrap().split(' ');
        let milliseconds: Vec<u64> = seconds.map(milliseconds).collect();
        times.push((milliseconds[1] + milliseconds[2], milliseconds[0]));
    }
    let traffic = Traffic::of(site);
    prepare();
    let told = binary.sync_by(
        site,
        &[
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
        ],
    );
    let instructions = number_after(&told, "Collected : ").unwrap();
    prepare();
    let told = binary.sync_by(
        site,
        &["valgrind", "--tool=dhat", "--dhat-out-file=/dev/null"],
    );
    let heap = number_after(&told, "At t-gmax: ").filter(|bytes| *bytes > 0);
    Figures {
        resident: *resident.iter().max().unwrap(),
        heap,
        instructions,
        processor: median(times.iter().map(|time| time.0).collect()),
        wall: median(times.iter().map(|time| time.1).collect()),
        traffic,
    }
}

/// Peak resident memory in KiB of each of so many runs; `prepare` makes the case anew before
/// each.
pub fn resident(binary: &Binary, site: &Site, repetitions: usize, prepare: &dyn Fn()) -> Vec<u64> {
    let runs = (0..repetitions).map(|_| {
        prepare();
        let told = binary.sync_by(site, &["/usr/bin/time", "--format", "%M"]);
        told.lines().last().unwrap().parse().unwrap()
    });
    runs.collect()
}

impl Figures {
    pub const HEAD: &str = "\
| N | run | peak RSS | heap peak | instructions | CPU | wall | TLS | requests | sent | received |\n\
|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|";

    /// A row below [`Self::HEAD`]; `case` is its first two cells.
    pub fn row(&self, case: &str) -> String {
        let heap = self
            .heap
            .map_or("-".to_owned(), |bytes| format!("{} kB", bytes / 1000));
        format!(
            "| {case} | {} KiB | {heap} | {}.{} M | {} ms | {} ms | {} | {} | {} | {} |",
            self.resident,
            self.instructions / 1_000_000,
            self.instructions / 100_000 % 10,
            self.processor,
            self.wall,
            self.traffic.connections,
            self.traffic.requests,
            self.traffic.sent,
            self.traffic.received,
        )
    }
}

impl Traffic {
    /// That of the run that ended last.
    pub fn of(site: &Site) -> Self {
        let run: Value = site.status()["run"].clone();
        let count = |key: &str| run[key].as_u64().unwrap();
        Self {
            connections: count("connections"),
            requests: count("requests"),
            sent: count("sent"),
            received: count("received"),
        }
    }
}

/// `0.012` as 12.
fn milliseconds(seconds: &str) -> u64 {
    seconds.replace('.', "").parse().unwrap()
}

/// The middle one.
pub fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// The number behind `label`, which may have commas.
fn number_after(text: &str, label: &str) -> Option<u64> {
    let (_, behind) = text.split_once(label)?;
    let digits: String = behind
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}
