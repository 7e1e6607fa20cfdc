//! Directories of earlier configurations.
//!
//! Where a set is delivered is remembered before anything gets there, so that it can be found
//! and purged when the configuration does not name it any more. Nothing is removed by itself.

use super::surroundings::Surroundings;
use super::{Mode, Opened};
use crate::config::Config;
use crate::disk::Dir;
use crate::error::Error;
use crate::name::SetName;
use crate::state::{Delivered, Memory};
use crate::store::Holding;

/// The remembered directories that no configured set uses any more although files lie there.
/// Those that went with the memory they lay in are forgotten; what cannot be looked at now (of
/// a partition that is not mounted, say) is neither.
pub fn orphans(config: &Config, memory: &mut Memory) -> Vec<Delivered> {
    let mut orphans = Vec::new();
    for delivered in std::mem::take(&mut memory.directories) {
        let directory = &delivered.directory;
        if !is_in_use(config, &delivered) {
            match Holding::of(directory, &config.instance, &delivered.set) {
                Holding::Nowhere if directory.starts_with(&config.runtime_directory) => continue,
                Holding::Ours => orphans.push(delivered.clone()),
                Holding::Nowhere | Holding::Other => {}
            }
        }
        memory.directories.push(delivered);
    }
    orphans
}

/// The same by what the state directory remembers, as far as it can be read.
pub fn remembered_orphans(config: &Config) -> Vec<Delivered> {
    let directory = Dir::walk(&config.state_directory).ok().flatten();
    let memory = directory.and_then(|directory| Memory::load(&directory).ok());
    memory.map_or_else(Vec::new, |mut memory| orphans(config, &mut memory))
}

/// The warning about an orphan; its next step stands behind the semicolon.
pub fn orphaned(orphan: &Delivered, instance: &str) -> String {
    let (set, directory) = (&orphan.set, orphan.directory.display());
    let command = orphan.purge_command(instance);
    format!("files of set {set} lie in {directory}, which no configured set uses any more; run `{command}`")
}

/// Whether a configured set uses the directory, or might if it could be used itself.
fn is_in_use(config: &Config, delivered: &Delivered) -> bool {
    let of_this_name = |name: &str| name == delivered.set;
    let mut sets = config.sets.iter();
    if sets.any(|set| set.directory == delivered.directory) {
        return true;
    }
    let mut sets = config.sets.iter();
    let is_elsewhere = sets.any(|set| of_this_name(set.name.as_str()));
    // Which sets an unusable drop-in holds is unknown.
    let mut broken = config.broken_sets.iter().map(|broken| broken.name.as_str());
    !is_elsewhere && broken.any(|name| of_this_name(name) || SetName::parse(name).is_err())
}

impl Surroundings {
    /// Remembers, durably, where this run may deliver to. What is remembered is no more than
    /// was there before when that fails, which keeps nobody from delivering. Gives the orphans,
    /// too.
    pub(super) fn remember(
        &mut self,
        config: &Config,
        stores: &[Opened<'_>],
        mode: Mode,
    ) -> (Vec<Delivered>, Result<(), Error>) {
        let mut memory = self.memory.clone();
        let orphans = orphans(config, &mut memory);
        if mode == Mode::DryRun {
            return (orphans, Ok(()));
        }
        for opened in stores.iter().filter(|opened| opened.store.is_ok()) {
            let set = opened.set;
            Delivered::add_to(&mut memory.directories, set.name.as_str(), &set.directory);
        }
        let mut saved = Ok(());
        if memory.directories != self.memory.directories && !memory.is_foreign() {
            saved = memory.save(&self.state);
        }
        if saved.is_ok() {
            self.memory = memory;
        }
        (orphans, saved)
    }
}
