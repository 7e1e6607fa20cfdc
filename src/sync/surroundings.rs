//! What a run stands on: its two directories, the lock, what earlier runs left.

use std::time::Duration;

use crate::config::{Config, Set};
use crate::disk::{Access, Dir, Lock};
use crate::error::{Error, Reason};
use crate::identity::TokenCache;
use crate::state::{Memory, Seen, SetMemory, Status};

use super::session::Session;
use super::Options;

/// Opened under the lock, which is held until this is dropped.
pub(super) struct Surroundings {
    pub(super) runtime: Dir,
    pub(super) state: Dir,
    /// As read at the start.
    pub(super) memory: Memory,
    /// What earlier runs saw of the files on disk.
    pub(super) seen: Seen,
    /// The status of the run before.
    pub(super) before: Option<Status>,
    _lock: Lock,
}

impl Surroundings {
    /// Opens (or makes) the directories and waits for the lock until the run's deadline.
    pub(super) fn open(config: &Config) -> Result<Self, Error> {
        let patience = config.network.deadline;
        let (runtime, lock) = Lock::of_instance(&config.runtime_directory, patience)?;
        let state = Dir::create_path(&config.state_directory, &Access::CLOSED)?;
        let memory = Memory::load(&state)?;
        let seen = Seen::load(&runtime);
        let before = Status::load(&runtime).unwrap_or_else(|error| {
            log::warn!("the last status is not used: {error}");
            None
        });
        Ok(Self {
            runtime,
            state,
            memory,
            seen,
            before,
            _lock: lock,
        })
    }

    /// What is known of `set`: from flash, or more recent from the last status.
    pub(super) fn memory(&self, set: &Set) -> SetMemory {
        let mut memory = self.memory.set(set.name.as_str());
        let before = self
            .before
            .as_ref()
            .and_then(|status| status.set(set.name.as_str()));
        if let Some(confirmed) = before.and_then(|status| status.confirmed) {
            memory.confirmed = Some(confirmed);
        }
        memory
    }

    /// Whether budget or deadline ran out before `set` in the last run, so that it goes first.
    pub(super) fn missed_out(&self, set: &Set) -> bool {
        let before = self
            .before
            .as_ref()
            .and_then(|status| status.set(set.name.as_str()));
        before.and_then(|status| status.reason.as_deref()) == Some(Reason::Budget.as_str())
    }

    /// A session whose token cache lies in the runtime directory.
    pub(super) fn open_session<'a>(
        &self,
        config: &'a Config,
        options: &'a Options,
    ) -> Result<Session<'a>, Error> {
        let directory = Dir::create_path(&config.runtime_directory, &Access::PUBLIC)?;
        Session::open(config, options, TokenCache::new(directory))
    }

    /// How old the confirmation on flash may be before it is written anew: an eighth of
    /// `max_stale`, a day at the most (each write wears the medium).
    pub(super) fn rest(max_stale: Duration) -> Duration {
        let eighth = max_stale.checked_div(8).unwrap_or_default();
        eighth.min(Duration::from_secs(86_400))
    }
}
