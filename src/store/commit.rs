//! Making a staged version the live one.
//!
//! The order of the linked layout: files durable (when they were put or moved), marker, generation,
//! record of the hook, links of removed names away, one rename of `current`, links of new
//! names. Killed before the rename the old version is live, after it the new one; what is
//! missing then is finished by [`Store::heal`].

use super::links::{drop_links, restore_links};
use super::record::{write_pending, Record};
use super::{Changes, Live, Pending, Staging, Store, CURRENT};
use crate::config::Layout;
use crate::error::Error;
use crate::name::FileName;

/// Whether `on_change` is to run for a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// It is recorded as pending.
    Run,
    /// It is not.
    Skip,
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The id of the version that is live now.
    pub id: String,
    /// How it differs from the one before.
    pub changes: Changes,
}

impl Staging<'_> {
    /// Makes this version the live one. On an error the one before is live still, or the new
    /// one is and the next [`Store::heal`] finishes it; never a mix that stays. Called once.
    pub fn commit(&mut self, hook: Hook, now: i64) -> Result<Commit, Error> {
        self.order_files();
        let changes = self.changes();
        self.store.refuse_foreign()?;
        self.move_adopted()?;
        match self.store.set.layout {
            Layout::Linked => self.switch_generation(hook, now)?,
            Layout::Plain => self.switch_files(hook, now)?,
        }
        self.forget_adopted()?;
        Ok(Commit {
            id: self.id.clone(),
            changes,
        })
    }

    /// Files are switched by their turns, those of one turn in the order of the configuration.
    fn order_files(&mut self) {
        let wanted = &self.store.wanted;
        self.entries.sort_by_key(|entry| {
            let mut places = wanted.iter().enumerate();
            let found = places.find(|(_, wanted)| wanted.name == entry.name);
            found.map(|(place, wanted)| (wanted.turn, place))
        });
    }

    fn switch_generation(&mut self, hook: Hook, now: i64) -> Result<(), Error> {
        self.store.remove_generations(&[&self.id])?;
        self.write_marker(now)?;
        let generation = self.dir()?;
        generation.set_access(&self.store.directory_access())?;
        generation.sync()?;
        let hold = self.store.hold()?;
        match hook {
            Hook::Run => write_pending(hold, &self.id)?,
            // The record's write would have made the generation's own name durable.
            Hook::Skip => hold.sync()?,
        }
        self.switch_current()?;
        self.switched = true;
        let record = self.record(now);
        self.store.adopt(record, Layout::Linked, hook);
        // Switched it is: a failing sync is told, but the new names are not held back by it.
        let durable = self.store.hold()?.sync();
        self.store.finish_links()?;
        durable
    }

    fn switch_current(&self) -> Result<(), Error> {
        let names: Vec<FileName> = self
            .entries
            .iter()
            .map(|entry| entry.name.clone())
            .collect();
        let (root, hold) = (self.store.root()?, self.store.hold()?);
        let switched =
            drop_links(root, &names).and_then(|_| hold.replace_symlink(&self.id, CURRENT));
        let before = self.store.live.as_ref();
        if switched.is_err() && before.is_some_and(|live| live.layout == Layout::Linked) {
            restore_links(root, &self.store.live_names());
        }
        switched
    }
}

impl Store {
    /// Takes `record` for the live version, whose files were written just now.
    pub(super) fn adopt(&mut self, record: Record, layout: Layout, hook: Hook) {
        self.pending = match hook {
            Hook::Run => Some(Pending {
                id: record.id.clone(),
            }),
            Hook::Skip => None,
        };
        self.live = Some(Live::new(record, layout));
    }
}
