//! `keyferry sync`: what the timer runs.

use crate::config::Config;
use crate::error::Error;
use crate::report;
use crate::sync::{self, Options};

/// Runs and gives the exit code of the gravest set.
pub fn run(config: &Config, options: &Options, json: bool) -> Result<u8, Error> {
    let status = sync::run(config, options)?;
    if json {
        report::print(&format!("{}\n", status.to_json()));
    }
    Ok(status.run.exit_code)
}
