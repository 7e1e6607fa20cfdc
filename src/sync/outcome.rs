//! How a run ended: each set's state and exit code, and what is remembered.

use std::time::{Duration, Instant};

use super::orphans::orphaned;
use super::session::Session;
use super::surroundings::Surroundings;
use super::work::Work;
use super::{expiry, survey, telling, Mode, Options};
use crate::clock;
use crate::config::{BrokenSet, Config};
use crate::error::{Class, Error, Reason};
use crate::http::Traffic;
use crate::report;
use crate::state::{
    Delivered, FileStatus, Run, Seen, SeenFile, SetMemory, SetState, SetStatus, Status,
};

/// Everything known at the end of a run.
pub(super) struct End<'a> {
    pub(super) config: &'a Config,
    pub(super) options: &'a Options,
    pub(super) surroundings: &'a Surroundings,
    pub(super) orphaned: Vec<Delivered>,
    /// Whether it is remembered where files are delivered to.
    pub(super) remembered: Result<(), Error>,
    pub(super) started: Instant,
    pub(super) session: Option<&'a Session<'a>>,
}

impl End<'_> {
    /// Tells, remembers and gives the status.
    pub(super) fn conclude(&self, works: &[Work<'_>]) -> Result<Status, Error> {
        let offset = self.session.and_then(Session::clock_offset);
        let now = clock::corrected(clock::now(), offset);
        let mut status = self.status(works, now);
        if let Some(error) = self.session.and_then(Session::wrong_clock) {
            log::warn!("{error}; {}", error.advice());
        }
        for work in works {
            telling::tell(self, work);
        }
        for orphan in &self.orphaned {
            log::warn!("{}", orphaned(orphan, &self.config.instance));
        }
        expiry::warn(&status, works, self.surroundings.before.as_ref());
        for broken in &self.config.broken_sets {
            for error in std::iter::once(&broken.error).chain(&broken.others) {
                report::failure(Some(&broken.name), error);
            }
        }
        if self.options.mode != Mode::DryRun {
            // Where one of the two cannot be written, the other is all the more.
            let remembered = self.remembered.clone();
            self.note(
                &mut status,
                remembered.and_then(|()| self.remember(works, now)),
            );
            let saved = self.save(&status);
            self.note(&mut status, saved);
            self.note(&mut status, self.save_seen(works));
        }
        self.options.voice.say(&telling::summary(&status));
        Ok(status)
    }

    fn status(&self, works: &[Work<'_>], now: i64) -> Status {
        let before = self.surroundings.before.as_ref();
        let mut sets = Vec::new();
        for set in &self.config.sets {
            match works.iter().find(|work| work.set.name == set.name) {
                Some(work) => sets.push(self.set_status(work, now)),
                None => sets.extend(
                    before
                        .and_then(|status| status.set(set.name.as_str()))
                        .cloned(),
                ),
            }
        }
        let broken = self.config.broken_sets.iter();
        sets.extend(broken.map(|broken| {
            let known = before.and_then(|status| status.set(&broken.name));
            broken_status(broken, known)
        }));
        let ran = |set: &&SetStatus| {
            set.required
                && (self.options.only.is_empty()
                    || self
                        .options
                        .only
                        .iter()
                        .any(|name| name.as_str() == set.name))
        };
        let exit_code = gravest(sets.iter().filter(ran).map(|set| set.exit_code));
        let chosen = self.session.and_then(Session::chosen);
        Status {
            schema: Status::SCHEMA,
            instance: self.config.instance.clone(),
            cloud: self.config.cloud.name.clone(),
            vaults: vault_names(self.config),
            identity: chosen.or_else(|| before.and_then(|status| status.identity.clone())),
            run: self.run(exit_code, now),
            sets,
            orphaned: self.orphaned.clone(),
        }
    }

    fn run(&self, exit_code: u8, now: i64) -> Run {
        let traffic = self.session.map_or_else(Traffic::default, Session::traffic);
        Run {
            at: now,
            exit_code,
            offline: self.options.mode == Mode::Offline,
            milliseconds: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            connections: traffic.connections,
            requests: traffic.requests,
            sent: traffic.sent,
            received: traffic.received,
        }
    }

    fn set_status(&self, work: &Work<'_>, now: i64) -> SetStatus {
        let set = work.set;
        let memory = self.surroundings.memory(set);
        let confirmed = work.confirmed_at(now, memory.confirmed);
        let too_old = confirmed
            .and_then(|then| clock::since(then, now))
            .is_some_and(|age| age > set.max_stale);
        let failure = work.failure.as_ref();
        let reason = match failure {
            Some(error) => Some(error.reason()),
            None if too_old => Some(Reason::Age),
            None => None,
        };
        SetStatus {
            name: set.name.to_string(),
            state: state(failure, work.live().is_some(), too_old),
            reason: reason.map(|reason| reason.as_str().to_owned()),
            error: failure.map(Error::to_string),
            next_step: failure
                .map(Error::advice)
                .or_else(|| too_old.then(|| TOO_OLD.to_owned())),
            exit_code: exit_code(failure, work.has_last_good() && !too_old, too_old),
            required: set.required,
            confirmed,
            changed: work.live().map(|live| live.when),
            generation: work.live().map(|live| live.id.clone()),
            max_stale: set.max_stale.as_secs(),
            directory: Some(set.directory.display().to_string()),
            files: work.live().map(files).unwrap_or_default(),
        }
    }

    fn note(&self, status: &mut Status, outcome: Result<(), Error>) {
        if let Err(error) = outcome {
            report::failure(None, &error);
            status.run.exit_code = gravest([status.run.exit_code, error.class().exit_code()]);
        }
    }

    fn remember(&self, works: &[Work<'_>], now: i64) -> Result<(), Error> {
        let mut memory = self.surroundings.memory.clone();
        for work in works {
            let known = self.surroundings.memory(work.set);
            let confirmed = work.confirmed_at(now, known.confirmed);
            let missing_once = match self.options.mode {
                Mode::Offline => known.missing_once,
                // It may not have got as far as to look again.
                _ if work.has_failed() => {
                    let mut missing = known.missing_once;
                    missing.retain(|object| !work.missing_once.contains(object));
                    missing.extend(work.missing_once.iter().cloned());
                    missing
                }
                _ => work.missing_once.clone(),
            };
            memory.remember(
                work.set.name.as_str(),
                SetMemory {
                    confirmed,
                    missing_once,
                },
            );
        }
        // Which sets an unusable drop-in holds may be unknown: nothing is forgotten then.
        if self.config.broken_sets.is_empty() {
            memory.retain(&|name| self.config.sets.iter().any(|set| set.name.as_str() == name));
        }
        if memory.deserves_writing(&self.surroundings.memory, |name| self.rest(name)) {
            memory.save(&self.surroundings.state)?;
        }
        Ok(())
    }

    fn save_seen(&self, works: &[Work<'_>]) -> Result<(), Error> {
        let before = &self.surroundings.seen;
        // Uncorrected: the next run compares before any service has told it the time.
        let now = clock::now();
        let mut seen = Seen::default();
        // What this run did not look at stays as it was.
        let looked_at =
            |file: &SeenFile| works.iter().any(|work| work.set.name.as_str() == file.set);
        seen.files
            .extend(before.files.iter().filter(|file| !looked_at(file)).cloned());
        for work in works {
            seen.files.extend(survey::seen_now(work, before, now));
        }
        if seen == *before {
            return Ok(());
        }
        seen.save(&self.surroundings.runtime)
    }

    fn rest(&self, name: &str) -> Duration {
        let set = self
            .config
            .sets
            .iter()
            .find(|set| set.name.as_str() == name);
        Surroundings::rest(set.map(|set| set.max_stale).unwrap_or_default())
    }

    fn save(&self, status: &Status) -> Result<(), Error> {
        let group = self.config.accounts.group(STATUS_GROUP);
        status.save(&self.surroundings.runtime, group)
    }
}

/// The gravest of exit codes, in the order that the interface promises.
fn gravest(codes: impl IntoIterator<Item = u8>) -> u8 {
    let gravity = |code: &u8| {
        GRAVEST_FIRST
            .iter()
            .position(|known| known == code)
            .unwrap_or(0)
    };
    codes.into_iter().min_by_key(gravity).unwrap_or(0)
}

fn exit_code(failure: Option<&Error>, last_good: bool, too_old: bool) -> u8 {
    match failure.map(Error::class) {
        None if too_old => Class::Passing.exit_code(),
        None => 0,
        Some(Class::Passing) if last_good => NOT_REFRESHED,
        Some(class) => class.exit_code(),
    }
}

fn state(failure: Option<&Error>, delivered: bool, too_old: bool) -> SetState {
    match failure.map(Error::class) {
        None if too_old => SetState::Stale,
        None => SetState::Current,
        Some(Class::CannotCreate | Class::Internal | Class::Io) => SetState::Failed,
        Some(Class::Config | Class::Usage) => SetState::Misconfigured,
        Some(Class::Hook) => SetState::Pending,
        Some(Class::InputMissing) => SetState::Missing,
        Some(Class::Passing) if delivered => SetState::Stale,
        Some(Class::Passing) => SetState::Absent,
        Some(Class::Refused) => SetState::Refused,
        Some(Class::Unusable) => SetState::Unusable,
    }
}

fn files(live: &crate::store::Live) -> Vec<FileStatus> {
    let status = |file: &crate::store::LiveFile| FileStatus {
        name: file.entry.name.to_string(),
        version: file.entry.provenance.version.clone(),
        expires: file.entry.provenance.expires,
    };
    live.files.iter().map(status).collect()
}

/// The status of an unusable set; what is `known` of its files still holds.
fn broken_status(broken: &BrokenSet, known: Option<&SetStatus>) -> SetStatus {
    SetStatus {
        name: broken.name.clone(),
        state: SetState::Misconfigured,
        reason: Some(broken.error.reason().as_str().to_owned()),
        error: Some(broken.error.to_string()),
        next_step: Some(broken.error.advice()),
        exit_code: broken.error.class().exit_code(),
        required: broken.required,
        confirmed: known.and_then(|known| known.confirmed),
        changed: known.and_then(|known| known.changed),
        generation: known.and_then(|known| known.generation.clone()),
        max_stale: known.map_or(0, |known| known.max_stale),
        directory: known.and_then(|known| known.directory.clone()),
        files: known.map_or_else(Vec::new, |known| known.files.clone()),
    }
}

/// The vaults of all sets by their short names, each once.
fn vault_names(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for vault in config.vaults() {
        let name = vault.as_str().split('.').next().unwrap_or_default();
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Not refreshed, last good within `max_stale`; the unit counts it as success.
const NOT_REFRESHED: u8 = 75;
/// The gravity that the interface promises.
const GRAVEST_FIRST: [u8; 10] = [70, 78, 77, 66, 65, 73, 74, 69, 75, 0];
/// May read `status.json` and the configuration (design: 0640 root:keyferry).
const STATUS_GROUP: &str = "keyferry";
const TOO_OLD: &str = "run keyferry sync with a network: the files are older than max_stale";
