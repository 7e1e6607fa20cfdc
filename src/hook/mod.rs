//! What is done after a set has changed: units told, programs run.
//!
//! A child gets a small fixed environment without anything secret, no input, our standard
//! error as its output, and a process group of its own that is ended with it. Descriptors
//! of ours are close-on-exec, the lock among them.

mod child;
mod unit;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::config::OnChange;
use crate::error::Error;
use crate::name::SetName;

pub use unit::systemd_is_running;

/// Runs all actions of `on_change` in the order reload, restart, start, run. All are tried;
/// the first failure is the result, and the caller keeps the hook pending.
pub fn run(set: &SetName, directory: &Path, on_change: &OnChange) -> Result<(), Error> {
    let mut first_failure = Ok(());
    for action in actions(on_change) {
        log::debug!("{set}: {action}");
        let outcome = action.perform(set, directory, on_change.timeout);
        if let Err(problem) = outcome {
            let failure = Error::Hook {
                set: set.clone(),
                action: action.to_string(),
                problem,
            };
            first_failure = first_failure.and(Err(failure));
        }
    }
    first_failure
}

/// The actions that cannot work here: units that systemd does not have. Runs nothing else.
pub fn impossible(set: &SetName, on_change: &OnChange) -> Vec<Error> {
    let until = Instant::now().checked_add(on_change.timeout);
    let failure = |action: &Action<'_>| {
        let Action::Unit { unit, .. } = action else {
            return None;
        };
        Some(Error::Hook {
            set: set.clone(),
            action: action.to_string(),
            problem: unit::unloadable(unit, until?)?,
        })
    };
    actions(on_change).iter().filter_map(failure).collect()
}

/// The actions as a person reads them: `reload nginx.service`, `/usr/bin/notify`.
pub fn summary(on_change: &OnChange) -> Vec<String> {
    actions(on_change).iter().map(Action::to_string).collect()
}

/// One thing to do.
enum Action<'a> {
    Program(&'a [String]),
    Unit {
        word: &'static str,
        verb: &'static str,
        unit: &'a str,
    },
}

impl Action<'_> {
    fn perform(&self, set: &SetName, directory: &Path, timeout: Duration) -> Result<(), String> {
        let until = Instant::now()
            .checked_add(timeout)
            .unwrap_or_else(Instant::now);
        match self {
            Self::Program(argv) => child::run(argv, set, directory, until),
            Self::Unit { verb, unit, .. } => unit::tell(verb, unit, until),
        }
    }
}

impl std::fmt::Display for Action<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // Arguments may be anything an operator wrote; the program's name is enough.
            Self::Program(argv) => {
                f.write_str(argv.first().map(String::as_str).unwrap_or_default())
            }
            Self::Unit { word, unit, .. } => write!(f, "{word} {unit}"),
        }
    }
}

fn actions(on_change: &OnChange) -> Vec<Action<'_>> {
    let mut actions = Vec::new();
    let verbs = [
        ("reload", "try-reload-or-restart", &on_change.reload),
        ("restart", "try-restart", &on_change.restart),
        ("start", "start", &on_change.start),
    ];
    for (word, verb, units) in verbs {
        actions.extend(units.iter().map(|unit| Action::Unit { word, verb, unit }));
    }
    actions.extend(on_change.run.iter().map(|argv| Action::Program(argv)));
    actions
}
