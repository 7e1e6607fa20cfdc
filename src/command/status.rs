//! `keyferry status`: how the last run ended, read from `status.json`; no configuration of
//! the network is used, nothing is changed.

use std::path::Path;
use std::time::Duration;

use crate::clock;
use crate::disk::Dir;
use crate::error::{Class, Error};
use crate::report::{self, Paint};
use crate::state::{SetStatus, Status};

/// Prints the status. With `max_age` the exit code is for monitoring: 69 unless every
/// required set was confirmed within that time.
pub fn run(runtime_directory: &Path, json: bool, max_age: Option<Duration>) -> Result<u8, Error> {
    let Some(status) = load(runtime_directory)? else {
        report::print("no run since this device started\n  next: systemctl start keyferry.service, or keyferry sync\n");
        return Ok(Class::Passing.exit_code());
    };
    if json {
        report::print(&format!("{}\n", status.to_json()));
    } else {
        report::print(&report::status_table(
            &status,
            clock::now(),
            Paint::of_stdout(),
        ));
    }
    match max_age {
        Some(max_age) if !all_within(&status, max_age) => Ok(Class::Passing.exit_code()),
        _ => Ok(0),
    }
}

fn load(runtime_directory: &Path) -> Result<Option<Status>, Error> {
    match Dir::walk(runtime_directory)? {
        Some(directory) => Status::load(&directory),
        None => Ok(None),
    }
}

fn all_within(status: &Status, max_age: Duration) -> bool {
    let now = clock::now();
    let within = |set: &SetStatus| {
        let age = set
            .confirmed
            .and_then(|confirmed| clock::since(confirmed, now));
        age.is_some_and(|age| age <= max_age)
    };
    status.sets.iter().filter(|set| set.required).all(within)
}
