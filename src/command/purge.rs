//! `keyferry purge`: delivered files go, and then what is remembered of their sets.
//!
//! Sends nothing and needs no identity; where the state names a set, no configuration either.
//! What cannot be removed keeps its set remembered, so that purging again goes on from there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::LevelFilter;
use rustix::fs::Gid;

use super::load;
use crate::cli::{Invocation, PurgeOptions};
use crate::cloud::Pin;
use crate::config::{self, Config};
use crate::disk::{temporary_of, Dir, Lock};
use crate::error::{Class, Error};
use crate::identity;
use crate::name::{foreign, SetName};
use crate::report;
use crate::state::{Delivered, Memory, Seen, Status};
use crate::store::Removal;
use crate::sync;

/// Purges and gives the exit code: 73 when something could not be removed, or was changed by
/// somebody else and stays.
pub fn run(invocation: &Invocation, options: &PurgeOptions) -> Result<u8, Error> {
    let mut instance = Instance::of(invocation);
    // Whoever asks which sets there are need not wait, nor be allowed to write.
    let is_question = !options.all && options.sets.is_empty();
    let is_idle = is_question || options.dry_run && Dir::walk(&instance.runtime)?.is_none();
    let locked = match is_idle {
        true => None,
        false => Some(Lock::of_instance(&instance.runtime, instance.patience())?),
    };
    let state = Dir::walk(&instance.state)?;
    if let Some(state) = &state {
        instance.memory = Memory::load(state)?;
    }
    if is_question {
        return Err(instance.usage("purge wants the names of sets, or --all"));
    }
    instance.refuse_unknown(&options.sets)?;
    let mut purge = Purge::new(&instance, options);
    let targets = purge.targets();
    purge.remove(&targets);
    if options.all && purge.failed.is_empty() {
        purge.clear();
    } else if let Some((runtime, _)) = locked.filter(|_| !options.dry_run) {
        purge.forget(&runtime, state.as_ref());
    }
    purge.sum_up();
    Ok(match purge.is_whole {
        true => 0,
        false => Class::CannotCreate.exit_code(),
    })
}

/// What is known of the instance.
struct Instance {
    config: Option<Config>,
    name: String,
    runtime: PathBuf,
    /// Where sets lie that name no directory.
    sets: PathBuf,
    state: PathBuf,
    memory: Memory,
}

impl Instance {
    fn of(invocation: &Invocation) -> Self {
        let request = &invocation.config;
        let (config, errors) = match load::offline(invocation) {
            Ok(loaded) => (Some(loaded.config), Vec::new()),
            Err(errors) => (None, errors),
        };
        // Without a configuration nobody has begun to.
        crate::log::init(invocation.log.unwrap_or(LevelFilter::Info));
        for error in errors {
            log::warn!("the configuration does not count: {error}");
        }
        let (runtime, state) = config::directories(request);
        let name = request.instance.as_ref();
        Self {
            config,
            name: name.map_or(String::new(), ToString::to_string),
            sets: runtime.join("sets"),
            runtime,
            state,
            memory: Memory::empty(),
        }
    }

    /// How long another run is waited for: as a run does.
    fn patience(&self) -> Duration {
        let config = self.config.as_ref();
        config.map_or(PATIENCE, |config| config.network.deadline)
    }

    /// The sets that are configured, unusable ones included.
    fn configured(&self) -> Vec<&str> {
        let mut names = Vec::new();
        if let Some(config) = &self.config {
            names.extend(config.sets.iter().map(|set| set.name.as_str()));
            let broken = config.broken_sets.iter().map(|broken| broken.name.as_str());
            names.extend(broken.filter(|name| SetName::parse(name).is_ok()));
        }
        names
    }

    /// The same and those that are remembered.
    fn known(&self) -> Vec<&str> {
        let mut known = self.configured();
        for name in self.memory.names() {
            if !known.contains(&name) {
                known.push(name);
            }
        }
        known
    }

    fn refuse_unknown(&self, sets: &[SetName]) -> Result<(), Error> {
        let known = self.known();
        let mut sets = sets.iter().map(SetName::as_str);
        match sets.find(|set| !known.contains(set)) {
            None => Ok(()),
            Some(unknown) => {
                let mut problem = format!("no set {unknown} is known");
                if let Some(near) = config::nearest(unknown, known.into_iter()) {
                    problem.push_str(&format!("; did you mean {near}?"));
                }
                Err(self.usage(&problem))
            }
        }
    }

    /// The problem, and which sets there are.
    fn usage(&self, problem: &str) -> Error {
        let mut memory = self.memory.clone();
        let orphans = match &self.config {
            Some(config) => sync::orphans(config, &mut memory),
            None => Vec::new(),
        };
        let mut known = Vec::new();
        for set in self.known() {
            let is_orphaned = orphans.iter().any(|orphan| orphan.set == set);
            known.push(set.to_owned() + if is_orphaned { " (orphaned)" } else { "" });
        }
        let known = match known.is_empty() {
            true => "none".to_owned(),
            false => known.join(", "),
        };
        Error::Usage {
            problem: format!("{problem}; known sets: {known}"),
        }
    }
}

/// A purge on its way.
struct Purge<'a> {
    instance: &'a Instance,
    options: &'a PurgeOptions,
    removal: Removal,
    /// How much of what was removed is told.
    told: usize,
    purged: Vec<&'a str>,
    /// The sets of which something could not be removed.
    failed: Vec<&'a str>,
    /// Whether all went that was delivered.
    is_whole: bool,
}

impl<'a> Purge<'a> {
    fn new(instance: &'a Instance, options: &'a PurgeOptions) -> Self {
        Self {
            instance,
            options,
            removal: Removal::new(options.dry_run),
            told: 0,
            purged: Vec::new(),
            failed: Vec::new(),
            is_whole: true,
        }
    }

    /// Each directory in which files of the wanted sets may lie.
    fn targets(&mut self) -> Vec<Delivered> {
        let Instance {
            config,
            memory,
            sets,
            ..
        } = self.instance;
        let wanted = match self.options.all {
            true => self.instance.known(),
            false => self.options.sets.iter().map(SetName::as_str).collect(),
        };
        let mut targets: Vec<Delivered> = Vec::new();
        for set in wanted {
            let count = targets.len();
            for known in memory.directories.iter().filter(|known| known.set == set) {
                Delivered::add_to(&mut targets, set, &known.directory);
            }
            for known in config.iter().flat_map(|config| &config.sets) {
                if known.name.as_str() == set {
                    Delivered::add_to(&mut targets, set, &known.directory);
                }
            }
            if targets.len() == count {
                Delivered::add_to(&mut targets, set, &sets.join(set));
            }
        }
        if self.options.all {
            // Also those that nobody remembers.
            let names = self.removal.names_at(sets);
            let listed = self.removal.outcome();
            self.note(listed);
            for name in names {
                let directory = sets.join(&name);
                let is_known = targets.iter().any(|target| target.directory == directory);
                if !is_known && SetName::parse(&name).is_ok() {
                    Delivered::add_to(&mut targets, &name, &directory);
                }
            }
        }
        targets
    }

    /// Removes what was delivered.
    fn remove(&mut self, targets: &'a [Delivered]) {
        for Delivered { set, directory } in targets {
            self.removal.purge(directory, &self.instance.name, set);
            self.removal.purge_empty(directory, &self.instance.sets);
            self.tell(set, directory);
            match self.removal.outcome() {
                Ok(()) => {}
                Err(error @ Error::ClaimedDirectory { .. }) => log::warn!("{set}: {error}"),
                Err(error) => {
                    report::failure(Some(set), &error);
                    self.failed.push(set);
                }
            }
        }
        for target in targets {
            let set = target.set.as_str();
            if !self.failed.contains(&set) && !self.purged.contains(&set) {
                self.purged.push(set);
            }
        }
        self.is_whole &= self.failed.is_empty();
    }

    /// Removes all that is kept for later runs.
    fn clear(&mut self) {
        let instance = self.instance;
        self.clear_directory(&instance.state);
        self.removal.purge_empty(&instance.sets, &instance.runtime);
        self.clear_directory(&instance.runtime);
        let cleared = self.removal.outcome();
        self.note(cleared);
    }

    /// Forgets what was purged; last of all what a purge must find that comes after one that
    /// was killed.
    fn forget(&mut self, runtime: &Dir, state: Option<&Dir>) {
        let stays = |set: &str| !self.purged.contains(&set);
        let mut seen = Seen::load(runtime);
        let count = seen.files.len();
        seen.files.retain(|file| stays(&file.set));
        let mut outcome = Ok(());
        if seen.files.len() != count {
            outcome = seen.save(runtime);
        }
        if let Ok(Some(mut status)) = Status::load(runtime) {
            status.sets.retain(|set| stays(&set.name));
            status.orphaned.retain(|orphan| stays(&orphan.set));
            // For the same readers.
            let group = runtime.stat(Status::FILE).ok().flatten();
            let group = group.map(|stat| Gid::from_raw(stat.group));
            outcome = outcome.and_then(|()| status.save(runtime, group));
        }
        let mut memory = self.instance.memory.clone();
        memory.retain(&stays);
        memory.directories.retain(|known| stays(&known.set));
        if let Some(state) = state.filter(|_| !memory.is_foreign()) {
            outcome = outcome.and_then(|()| memory.save(state));
        }
        self.note(outcome);
    }

    fn note(&mut self, outcome: Result<(), Error>) {
        if let Err(error) = outcome {
            report::failure(None, &error);
            self.is_whole = false;
        }
    }

    fn clear_directory(&mut self, path: &Path) {
        let removal = &mut self.removal;
        removal.purge_files(path, &is_kept);
        if let Some(parent) = path.parent().filter(|_| !self.instance.name.is_empty()) {
            removal.purge_empty(path, parent);
        }
        self.tell("own state", path);
    }

    /// `mqtt  removed  /run/keyferry/sets/mqtt  (3 files)`, and what stays.
    fn tell(&mut self, what: &str, directory: &Path) {
        let removal = &mut self.removal;
        let removed = removal.removed.get(self.told..).unwrap_or_default();
        let word = match (removed.is_empty(), self.options.dry_run) {
            (true, _) => "nothing there",
            (_, true) => "would remove",
            (_, false) => "removed",
        };
        let files = match removal.files {
            0 => String::new(),
            1 => "  (1 file)".to_owned(),
            count => format!("  ({count} files)"),
        };
        let mut text = format!("{what}  {word}  {}{files}\n", directory.display());
        if self.options.dry_run {
            for path in removed {
                let _ = writeln!(text, "    {}", path.display());
            }
        }
        for (paths, why) in [
            (&removal.changed, "changed since it was delivered"),
            (&removal.foreign, "not ours to remove"),
        ] {
            for path in paths.iter().take(MOST) {
                let path = foreign(&path.to_string_lossy(), LONGEST);
                let _ = writeln!(text, "{what}  stays  {path}  ({why})");
            }
            if let Some(more) = paths.len().checked_sub(MOST).filter(|more| *more > 0) {
                let _ = writeln!(text, "{what}  stays  {more} more  ({why})");
            }
        }
        report::print(&text);
        self.is_whole &= removal.changed.is_empty();
        self.told = removal.removed.len();
        removal.files = 0;
        removal.changed.clear();
        removal.foreign.clear();
    }

    fn sum_up(&self) {
        let mut text = match self.purged.len() {
            1 => "1 set".to_owned(),
            count => format!("{count} sets"),
        };
        if self.options.all && self.failed.is_empty() {
            text.push_str(" and the state of this instance");
        }
        if self.options.dry_run {
            text.push_str(" would be purged; nothing was changed\n");
            return report::print(&text);
        }
        text.push_str(" purged\n");
        let mut back = self.instance.configured();
        back.retain(|set| self.purged.contains(set));
        for (sets, before, behind) in [
            (
                &back,
                "still configured, so the next sync delivers ",
                " again",
            ),
            (
                &self.failed,
                "not purged: ",
                "; purge again when that is put right",
            ),
        ] {
            if !sets.is_empty() {
                let _ = writeln!(text, "{before}{}{behind}", sets.join(", "));
            }
        }
        report::print(&text);
    }
}

/// Whether a file of this name in the runtime or the state directory is ours.
fn is_kept(name: &str) -> bool {
    let called = temporary_of(name).unwrap_or(name);
    let names = [Pin::FILE, Memory::FILE, Seen::FILE, Status::FILE];
    names.contains(&called) || identity::is_token_file(called)
}

/// As long as a run has without another deadline.
const PATIENCE: Duration = Duration::from_secs(300);
/// How many paths are named that stay.
const MOST: usize = 8;
/// Characters of a path that somebody else has chosen.
const LONGEST: usize = 400;
