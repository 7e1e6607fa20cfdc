//! Files that came in pieces, on their way into a version.
//!
//! They stay where they came until the commit, and go back there when that fails: a set that
//! waits for something else does not fetch 200 MB again. Only a kill amid a commit costs them.

use super::wanted::Wanted;
use super::{Entry, Incoming, Provenance, Staging};
use crate::error::Error;

impl Staging<'_> {
    /// Adds the file that `incoming` has taken in, all of it, with the same rights and
    /// guarantees as [`Staging::put`]. Whether it is what it should be was seen to by its
    /// digests.
    pub fn adopt(&mut self, mut incoming: Incoming, provenance: &Provenance) -> Result<(), Error> {
        let pattern = self.wanted(incoming.name())?.pattern.clone();
        incoming.rest()?;
        let entry = Entry {
            name: incoming.name().clone(),
            provenance: provenance.clone(),
            pattern,
            length: incoming.length(),
            sha256: incoming.digests()?.sha256.clone(),
        };
        if self.lies_in_place(&entry) {
            incoming.discard()?;
        } else {
            self.adopted.push(incoming);
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Moves adopted files to where this version's are written.
    pub(super) fn move_adopted(&mut self) -> Result<(), Error> {
        for incoming in &self.adopted {
            let wanted = self.store.wanted(incoming.name());
            let access = wanted.map(Wanted::access);
            let access = access.ok_or_else(|| Error::Internal {
                what: format!("{} is not wanted any more", incoming.name()),
            })?;
            let staged = self.staged(incoming.name());
            incoming.move_to(self.dir()?, &staged, &access)?;
            self.moved = self.moved.saturating_add(1);
        }
        Ok(())
    }

    /// Undoes [`Self::move_adopted`], as far as that goes.
    pub(super) fn move_adopted_back(&self) {
        for incoming in self.adopted.iter().take(self.moved) {
            if let Ok(dir) = self.dir() {
                incoming.move_back(dir, &self.staged(incoming.name()));
            }
        }
    }

    /// The version is live: nothing has to go back any more.
    pub(super) fn forget_adopted(&mut self) -> Result<(), Error> {
        for incoming in &self.adopted {
            incoming.forget()?;
        }
        if !self.adopted.is_empty() {
            self.store.hold()?.sync()?;
        }
        self.adopted.clear();
        Ok(())
    }
}
