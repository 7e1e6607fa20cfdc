//! What a run stands on: its two directories, the lock, what earlier runs left.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::config::{Config, Set};
use crate::disk::{self, Access, Dir, Lock};
use crate::error::{Error, Reason};
use crate::identity::TokenCache;
use crate::name::Mode;
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
        disk::refuse_read_only(&config.runtime_directory)?;
        let runtime = open_directory(&config.runtime_directory, 0o755)?;
        let state = open_directory(&config.state_directory, 0o700)?;
        let now = Instant::now();
        let deadline = now.checked_add(config.network.deadline).unwrap_or(now);
        let lock = Lock::acquire(&runtime, "lock", deadline)?;
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
        let directory = open_directory(&config.runtime_directory, 0o755)?;
        Session::open(config, options, TokenCache::new(directory))
    }

    /// How old the confirmation on flash may be before it is written anew: an eighth of
    /// `max_stale`, a day at the most (each write wears the medium).
    pub(super) fn rest(max_stale: Duration) -> Duration {
        let eighth = max_stale.checked_div(8).unwrap_or_default();
        eighth.min(Duration::from_secs(86_400))
    }
}

fn open_directory(path: &Path, bits: u16) -> Result<Dir, Error> {
    let mode = Mode::new(bits).ok_or_else(|| Error::Internal {
        what: "a directory mode".to_owned(),
    })?;
    Dir::create_path(
        path,
        &Access {
            owner: None,
            group: None,
            mode,
        },
    )
}
