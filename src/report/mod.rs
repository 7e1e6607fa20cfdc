//! What people read: lines of a run, blocks for a ticket, the status table.
//!
//! On a terminal a run tells its changes on standard output; elsewhere the same sentences
//! go to the log, one a line, at level info. Colour only ever goes to a terminal.

mod invitation;
mod paint;
mod progress;
mod qr;
mod refusal;
mod table;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use rustix::io::{retry_on_intr, write, Errno};

use crate::error::Error;
use crate::secret::Secret;

pub use invitation::{invite, Invitation};
pub use paint::{Colour, Paint};
pub use progress::{megabytes, Progress};
pub use table::{cloud_facts, clouds_table, status_table};

/// Where the sentences of a run go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// To the log.
    Log,
    /// To the person at the terminal.
    Terminal,
}

impl Voice {
    /// The terminal, if standard output is one and is not wanted for JSON.
    pub fn new(json: bool) -> Self {
        if io::stdout().is_terminal() && !json {
            Self::Terminal
        } else {
            Self::Log
        }
    }

    /// Says one sentence.
    pub fn say(self, line: &str) {
        match self {
            Self::Log => log::info!("{line}"),
            Self::Terminal => print(&format!("{line}\n")),
        }
    }
}

/// Writes `text` to standard output. A reader that went away is no error of ours.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a secret and a newline to standard output, past its buffer, which nobody wipes.
///
/// # Errors
/// [`Error::Disk`]: whoever reads it must not take half of it for the whole.
pub fn print_secret(secret: &Secret) -> Result<(), Error> {
    let failed = |errno| Error::Disk {
        action: "write",
        path: "standard output".into(),
        errno,
    };
    for part in [secret.expose(), b"\n"] {
        let mut left = part;
        while !left.is_empty() {
            let written = retry_on_intr(|| write(io::stdout(), left)).map_err(failed)?;
            left = left.get(written..).unwrap_or_default();
        }
    }
    Ok(())
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
        Error::Disk {
            path,
            errno: Errno::ROFS,
            ..
        } => drop_in(path),
        _ => Vec::new(),
    };
    lines.push(format!("  next: {}", error.advice()));
    lines
}

/// The drop-in that opens a path which the unit's sandbox keeps read-only.
fn drop_in(path: &Path) -> Vec<String> {
    vec![
        "  if a unit's sandbox makes it read-only, paste this into `systemctl edit keyferry.service keyferry-restore.service`:".to_owned(),
        "    [Service]".to_owned(),
        format!("    ReadWritePaths={}", path.display()),
    ]
}
