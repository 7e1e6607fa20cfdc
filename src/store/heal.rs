//! What every start does first: finish or undo what a killed run began, offline.

use std::fmt;
use std::path::PathBuf;

use rustix::fs::FileType;

use super::incoming::is_part_record;
use super::links::links_to;
use super::{current_id, FileState, Hook, Store, CURRENT, INTENT, MARKER, PENDING};
use crate::config::Layout;
use crate::disk::{is_id, temporary_of, Dir};
use crate::error::Error;
use crate::name::FileName;

/// Something that was put in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healed {
    /// The set lies in the configured layout now.
    Converted,
    /// The record of a hook was dropped, since its version never went live.
    HookDropped,
    /// An interrupted switch of plain files was completed.
    IntentCompleted,
    /// An interrupted switch of plain files was given up before it had begun.
    IntentDropped,
    /// A left-over file or generation was removed.
    LeftoverRemoved(PathBuf),
    /// The link of a delivered file was made.
    LinkMade(FileName),
    /// A name that is no longer delivered was removed.
    NameDropped(FileName),
    /// The live version was damaged and an earlier one of this id is live again.
    Restored(String),
}

impl Store {
    /// Puts in order what a killed run left, without a network: after it the disk holds
    /// wholly the old version or wholly the new one, in the configured layout, and
    /// [`Store::pending_hook`] is right. Where there is nothing to do, it only reads.
    ///
    /// Claims the directory until the store is dropped ([`Error::Locked`]). Refuses with
    /// [`Error::ForeignFile`] when somebody else's file stands at a configured name.
    pub fn heal(&mut self) -> Result<Vec<Healed>, Error> {
        let Some(root) = &self.root else {
            return Ok(Vec::new());
        };
        if !self.locked {
            root.lock()?;
            self.locked = true;
            self.load()?;
        }
        let mut healed = Vec::new();
        if self.hold.is_some() {
            healed.extend(self.finish_intent()?);
            healed.extend(self.drop_dead_hook()?);
            if self.live_layout() == Some(Layout::Linked) {
                healed.extend(self.finish_links()?);
            }
            healed.extend(self.remove_leftovers()?);
        }
        self.refuse_foreign()?;
        healed.extend(self.convert()?);
        Ok(healed)
    }

    /// Removes the generations that are neither live, nor before the live one, nor named
    /// in `keep`. While `keep` names one, the one before the live one goes, too: at most two
    /// whole ones lie on disk.
    pub(super) fn remove_generations(&self, keep: &[&str]) -> Result<(), Error> {
        for id in self.dead_generations(keep)? {
            remove_generation(self.hold()?, &id)?;
        }
        Ok(())
    }

    fn live_layout(&self) -> Option<Layout> {
        self.live.as_ref().map(|live| live.layout)
    }

    fn drop_dead_hook(&mut self) -> Result<Option<Healed>, Error> {
        let live = self.live.as_ref().map(|live| live.id.as_str());
        match &self.pending {
            Some(pending) if live != Some(pending.id.as_str()) => {
                self.hook_done()?;
                Ok(Some(Healed::HookDropped))
            }
            _ => Ok(None),
        }
    }

    fn remove_leftovers(&self) -> Result<Vec<Healed>, Error> {
        let (root, hold) = (self.root()?, self.hold()?);
        let mut healed = Vec::new();
        for id in self.dead_generations(&[])? {
            remove_generation(hold, &id)?;
            healed.push(Healed::LeftoverRemoved(hold.join(&id)));
        }
        for entry in hold.names()? {
            let Some(name) = entry.to_str() else {
                continue;
            };
            let is_record = is_temporary_record(name) && self.owns(hold, name);
            if is_record || self.is_dead_part(name)? {
                hold.unlink(name)?;
                healed.push(Healed::LeftoverRemoved(hold.join(name)));
            }
        }
        for entry in root.names()? {
            let name = entry.to_str().filter(|name| self.is_staged(root, name));
            if let Some(name) = name {
                root.unlink(name)?;
                healed.push(Healed::LeftoverRemoved(root.join(name)));
            }
        }
        Ok(healed)
    }

    /// Generations that nothing needs any more. What `current` names is never among them,
    /// even when its marker cannot be read: readers use it. Then whole ones beside it stay,
    /// too, until the next commit: [`Store::restore`] may need one.
    pub(super) fn dead_generations(&self, keep: &[&str]) -> Result<Vec<String>, Error> {
        let hold = self.hold()?;
        let current = current_id(hold)?;
        let previous = self.live.as_ref().and_then(|live| live.previous.as_deref());
        let previous = previous.filter(|id| keep.is_empty() && is_whole(hold, id));
        let is_lost = keep.is_empty() && current.is_some() && self.live.is_none();
        let mut dead = Vec::new();
        for entry in hold.names()? {
            let Some(id) = entry.to_str().filter(|id| is_id(id)) else {
                continue;
            };
            let needed = current.as_deref() == Some(id)
                || previous == Some(id)
                || is_lost && is_whole(hold, id);
            if !needed && !keep.contains(&id) && self.owns(hold, id) {
                dead.push(id.to_owned());
            }
        }
        Ok(dead)
    }

    /// Whether `name` is a file that waited to be switched in, or a link that did.
    fn is_staged(&self, root: &Dir, name: &str) -> bool {
        let Some(called) = temporary_of(name).and_then(|text| FileName::parse(text).ok()) else {
            return false;
        };
        let Ok(Some(stat)) = root.stat(name) else {
            return false;
        };
        let wanted = self.wanted(&called);
        let ours = stat.owner == super::me().as_raw()
            || wanted.is_some_and(|wanted| wanted.owner.as_raw() == stat.owner)
            || self.could_be_selected(&called, stat.owner);
        match stat.kind {
            FileType::RegularFile => ours,
            FileType::Symlink => ours && links_to(root, name, called.as_str()).unwrap_or(false),
            _ => false,
        }
    }

    pub(super) fn owns(&self, dir: &Dir, name: &str) -> bool {
        matches!(dir.stat(name), Ok(Some(stat)) if stat.owner == super::me().as_raw())
    }

    /// Brings an intact version into the configured layout. One that is damaged, or holds
    /// names that are not configured any more, waits for the next commit, which converts, too.
    fn convert(&mut self) -> Result<Option<Healed>, Error> {
        let Some(live) = &self.live else {
            return Ok(None);
        };
        let ready = live.files.iter().all(|file| {
            file.state != FileState::Damaged && self.wanted(&file.entry.name).is_some()
        });
        if live.layout == self.set.layout || self.pending.is_some() || !ready {
            return Ok(None);
        }
        let (names, when) = (self.live_names(), live.when);
        let mut staging = self.stage()?;
        for name in &names {
            staging.keep(name)?;
        }
        staging.commit(Hook::Skip, when)?;
        Ok(Some(Healed::Converted))
    }
}

/// Removes a generation, its marker first: half removed, it must not look whole.
pub(super) fn remove_generation(hold: &Dir, id: &str) -> Result<(), Error> {
    let Some(generation) = hold.open_dir(id)? else {
        return Ok(());
    };
    generation.unlink(MARKER)?;
    for entry in generation.names()? {
        if let Some(name) = entry.to_str() {
            generation.unlink(name)?;
        }
    }
    hold.remove_dir(id)
}

fn is_whole(hold: &Dir, id: &str) -> bool {
    let Ok(Some(generation)) = hold.open_dir(id) else {
        return false;
    };
    matches!(generation.stat(MARKER), Ok(Some(_)))
}

pub(super) fn is_temporary_record(name: &str) -> bool {
    temporary_of(name).is_some_and(|called| {
        matches!(called, MARKER | CURRENT | INTENT | PENDING) || is_part_record(called)
    })
}

impl fmt::Display for Healed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converted => f.write_str("files were brought into the configured layout"),
            Self::HookDropped => {
                f.write_str("the hook of a version that never went live was dropped")
            }
            Self::IntentCompleted => f.write_str("an interrupted change was completed"),
            Self::IntentDropped => f.write_str("an interrupted change was given up"),
            Self::LeftoverRemoved(path) => write!(f, "left-over {} was removed", path.display()),
            Self::LinkMade(name) => write!(f, "the link of {name} was made"),
            Self::NameDropped(name) => write!(f, "{name}, no longer delivered, was removed"),
            Self::Restored(id) => {
                write!(
                    f,
                    "the version on disk was damaged; {id}, before it, is live again"
                )
            }
        }
    }
}
