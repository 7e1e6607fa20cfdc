//! One set on its way through a run: opened and healed, its objects taken in, committed.
//!
//! A failure stops this set only; whatever it had staged is dropped and last good stays.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::clock;
use crate::config::{File, Set};
use crate::disk;
use crate::error::Error;
use crate::hook;
use crate::state::SetMemory;
use crate::store::{Commit, Hook, Live, LiveFile, Staging, Store};

use super::arrival::{Arrival, Piece};
use super::plan::{self, User};
use super::{Mode, Opened};

/// A set and how far it has come.
pub(super) struct Work<'a> {
    pub(super) set: &'a Set,
    /// The set's files, then those that its selections found.
    pub(super) files: Cow<'a, [File]>,
    pub(super) failure: Option<Error>,
    /// Objects that were delivered before and answered 404 in this run.
    pub(super) missing_once: Vec<String>,
    /// Whether this run confirmed every object.
    confirmed: bool,
    /// Whether an earlier version is live again.
    restored: bool,
    /// What the commit changed; in a dry run, what it would change.
    pub(super) changes: Vec<Change>,
    /// The commit, if there was one.
    pub(super) commit: Option<Commit>,
    /// Whether a file's content has another version by now, although it is the same: that is
    /// committed, so that it need not come again, and nothing is run.
    pub(super) renamed: bool,
    /// What lay on disk when the directory was closed.
    live: Option<Live>,
    /// What an earlier run remembered.
    pub(super) memory: SetMemory,
    pub(super) mode: Mode,
    disk: Disk<'a>,
    /// What becomes of each file.
    pub(super) fates: Vec<Fate>,
    /// Which files need nothing from a vault in this run.
    pub(super) settled: Vec<bool>,
    /// The values that came for files of several, by the file's place.
    pub(super) pieces: BTreeMap<usize, Vec<Option<Piece>>>,
    /// When the objects of each file were changed, by the file's place, as far as they came.
    pub(super) updated: BTreeMap<usize, Vec<Option<i64>>>,
    outstanding: usize,
}

/// The set's directory, and what is being put together there.
enum Disk<'a> {
    Closed,
    Open(&'a mut Store),
    Staging(Staging<'a>),
}

/// What becomes of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is not delivered.
    Absent,
    /// It stays as it is on disk; also what is not decided yet.
    AsOnDisk,
    /// It was staged.
    New,
}

/// A change of one file, for people.
#[derive(Debug)]
pub(super) struct Change {
    /// Its place in the set, or nothing for one that is no longer configured.
    pub(super) file: Option<usize>,
    pub(super) name: String,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

impl<'a> Work<'a> {
    /// Heals in the set's directory what an earlier run left and finishes its hook.
    pub(super) fn begin(opened: &'a mut Opened<'_>, memory: SetMemory, mode: Mode) -> Self {
        let set = opened.set;
        let mut work = Self {
            set,
            files: Cow::Borrowed(&set.files),
            failure: None,
            missing_once: Vec::new(),
            confirmed: false,
            restored: false,
            changes: Vec::new(),
            commit: None,
            renamed: false,
            live: None,
            memory,
            mode,
            disk: Disk::Closed,
            fates: vec![Fate::AsOnDisk; set.files.len()],
            settled: vec![false; set.files.len()],
            pieces: BTreeMap::new(),
            updated: BTreeMap::new(),
            outstanding: 0,
        };
        match &mut opened.store {
            Ok(store) => {
                work.disk = Disk::Open(store);
                let healed = work.heal();
                work.note(healed);
            }
            Err(error) => work.failure = Some(error.clone()),
        }
        work
    }

    /// What the plan needs to know.
    pub(super) fn view(&self, first: bool) -> plan::View<'_> {
        plan::View {
            files: &self.files,
            settled: &self.settled,
            live: self.live(),
            fetch: self.failure.is_none(),
            first,
        }
    }

    /// The version on disk.
    pub(super) fn live(&self) -> Option<&Live> {
        match &self.disk {
            Disk::Closed => self.live.as_ref(),
            Disk::Open(store) => store.live(),
            Disk::Staging(staging) => staging.live(),
        }
    }

    /// When every object of what is on disk was last confirmed, as far as is known. Of an
    /// earlier version that is live again only its own commit is.
    pub(super) fn confirmed_at(&self, now: i64, remembered: Option<i64>) -> Option<i64> {
        match self.live() {
            _ if self.confirmed => Some(now),
            Some(live) if self.restored => Some(live.when),
            _ => remembered,
        }
    }

    /// Whether a whole, verified version is on disk.
    pub(super) fn has_last_good(&self) -> bool {
        self.live().is_some_and(Live::is_whole)
    }

    /// When the objects of the file at `place` were changed, if all of them came in this run and
    /// said so.
    pub(super) fn updates(&self, place: usize) -> Option<Vec<i64>> {
        self.updated.get(&place)?.iter().copied().collect()
    }

    /// Says how many objects are still to come.
    pub(super) fn expect(&mut self, objects: usize) {
        self.outstanding = objects;
    }

    /// Takes in a value for the file of `user`; commits when it was the last.
    pub(super) fn accept(&mut self, user: User, arrival: &Arrival<'_>) {
        let outcome = match self.failure {
            Some(_) => Ok(()),
            None => self.take(user, arrival),
        };
        self.arrived(outcome);
    }

    /// One thing less is to come; commits when it was the last.
    pub(super) fn arrived(&mut self, outcome: Result<(), Error>) {
        self.outstanding = self.outstanding.saturating_sub(1);
        self.note(outcome);
        if self.failure.is_some() {
            return;
        }
        if self.outstanding == 0 {
            self.complete();
        }
    }

    /// Whether fetching more for this set is pointless.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// All objects are in, or none were needed: commits if anything differs.
    pub(super) fn complete(&mut self) {
        if self.failure.is_some() {
            return;
        }
        let outcome = self.commit();
        self.confirmed = outcome.is_ok();
        self.note(outcome);
        if self.commit.is_some() && self.failure.is_none() && self.hook() == Hook::Run {
            let hooked = self.run_hook();
            self.note(hooked);
        }
    }

    /// For `--offline`: what is on disk is all there is.
    pub(super) fn rest_offline(&mut self) {
        if self.failure.is_some() {
            return;
        }
        let outcome = if self.has_last_good() {
            self.repair()
        } else {
            Err(Error::NothingOnDisk {
                set: self.set.name.clone(),
            })
        };
        self.note(outcome);
    }

    fn heal(&mut self) -> Result<(), Error> {
        let dry_run = self.mode == Mode::DryRun;
        let (set, store) = (self.set, self.store()?);
        let healed = if dry_run {
            Ok(Vec::new())
        } else {
            store.heal()
        };
        for healed in healed? {
            log::info!("{}: {healed}", set.name);
        }
        if self.mode == Mode::Offline {
            self.restore()?;
        }
        let pending = self.store()?.pending_hook().is_some();
        if pending && !dry_run {
            log::info!("{}: on_change is pending and is tried again", set.name);
            self.run_hook()?;
        }
        Ok(())
    }

    /// Goes back to an earlier version if the live one is damaged.
    fn restore(&mut self) -> Result<(), Error> {
        let hook = self.hook();
        let store = self.store()?;
        let restored = store.restore(hook)?;
        if let Some(restored) = restored {
            log::warn!("{}: {restored}", self.set.name);
            self.restored = true;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.note_removed_files();
        if self.changes.is_empty() && !self.renamed {
            return self.repair();
        }
        if self.mode == Mode::DryRun {
            return Ok(());
        }
        let hook = self.hook();
        let mut kept = Vec::new();
        for (file, fate) in self.files.iter().zip(&self.fates) {
            if *fate == Fate::AsOnDisk {
                kept.push(file.name.clone());
            }
        }
        let staging = self.staging()?;
        for name in &kept {
            staging.keep(name)?;
        }
        self.commit = Some(staging.commit(hook, clock::now())?);
        Ok(())
    }

    /// Same content: only drifted modes and owners are put right.
    fn repair(&mut self) -> Result<(), Error> {
        if self.mode == Mode::DryRun {
            return Ok(());
        }
        for repaired in self.store()?.repair()? {
            log::warn!(
                "{}: owner or mode of {} had been changed; put right",
                self.set.name,
                repaired.display()
            );
        }
        Ok(())
    }

    /// Files on disk that are no longer configured.
    fn note_removed_files(&mut self) {
        let mut removed = Vec::new();
        for on_disk in self.live().iter().flat_map(|live| &live.files) {
            let name = &on_disk.entry.name;
            if !self.files.iter().any(|file| file.name == *name) {
                removed.push(Change {
                    file: None,
                    name: name.to_string(),
                    old: Some(version(on_disk)),
                    new: None,
                });
            }
        }
        self.changes.append(&mut removed);
    }

    /// Whether there is something to do after a change.
    fn hook(&self) -> Hook {
        let is_same = self.renamed && self.changes.is_empty();
        if is_same || hook::summary(&self.set.on_change).is_empty() {
            Hook::Skip
        } else {
            Hook::Run
        }
    }

    fn run_hook(&mut self) -> Result<(), Error> {
        hook::run(&self.set.name, &self.set.directory, &self.set.on_change)?;
        self.store()?.hook_done()
    }

    pub(super) fn store(&mut self) -> Result<&mut Store, Error> {
        match &mut self.disk {
            Disk::Closed => Err(not_open()),
            Disk::Open(store) => Ok(store),
            Disk::Staging(staging) => Ok(staging.store()),
        }
    }

    /// What is being put together for the set; begun when it is first needed.
    pub(super) fn staging(&mut self) -> Result<&mut Staging<'a>, Error> {
        if let Disk::Open(_) = self.disk {
            // Told with the directory that has to be writable, not with a file in it.
            disk::refuse_read_only(&self.set.directory)?;
        }
        self.disk = match std::mem::replace(&mut self.disk, Disk::Closed) {
            Disk::Open(store) => {
                // Closed it stays if nothing can be begun.
                self.live = store.live().cloned();
                Disk::Staging(store.stage()?)
            }
            other => other,
        };
        match &mut self.disk {
            Disk::Staging(staging) => {
                self.live = None;
                Ok(staging)
            }
            _ => Err(not_open()),
        }
    }

    fn close(&mut self) {
        if !matches!(self.disk, Disk::Closed) {
            self.live = self.live().cloned();
            self.disk = Disk::Closed;
        }
    }

    /// Remembers the first failure and drops what was staged.
    pub(super) fn note(&mut self, outcome: Result<(), Error>) {
        if let Err(error) = outcome {
            self.close();
            self.failure.get_or_insert(error);
        }
    }
}

pub(super) fn version(on_disk: &LiveFile) -> String {
    on_disk.entry.provenance.version.clone()
}

fn not_open() -> Error {
    Error::Internal {
        what: "a set whose directory is not open".to_owned(),
    }
}
