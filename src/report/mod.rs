//! What people read: lines of a run, blocks for a ticket, the status table.
//!
//! On a terminal a run tells its changes on standard output; elsewhere the same sentences
//! go to the log, one a line, at level info. Colour only ever goes to a terminal.

mod paint;
mod refusal;
mod table;

use std::io::{self, IsTerminal, Write};

use crate::error::Error;

pub use paint::{Colour, Paint};
pub use table::{clouds_table, status_table};

/// Says a sentence of a run: to the terminal, or to the log.
pub fn say(line: &str) {
    if io::stdout().is_terminal() {
        print(&format!("{line}\n"));
    } else {
        log::info!("{line}");
    }
}

/// Writes `text` to standard output. A reader that went away is no error of ours.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Tells an error, its block for a ticket if it has one, and the next step.
///
/// `about` names what it concerns: a set, or nothing for the whole run.
pub fn failure(about: Option<&str>, error: &Error) {
    match about {
        Some(about) => log::error!("{about}: {error}"),
        None => log::error!("{error}"),
    }
    for line in explanation(error) {
        log::error!("{line}");
    }
}

/// The lines behind an error's sentence: the ticket's block, then the next step.
pub fn explanation(error: &Error) -> Vec<String> {
    let mut lines = match error {
        Error::Refused(refusal) => refusal::of_vault(refusal),
        Error::SignInRefused(refusal) => refusal::of_authority(refusal),
        _ => Vec::new(),
    };
    lines.push(format!("  next: {}", error.advice()));
    lines
}
