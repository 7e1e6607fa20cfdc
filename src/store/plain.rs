//! The plain layout: real files for readers that refuse symbolic links.
//!
//! Several renames cannot be one. So an intent is made durable first, when all new files
//! lie beside the old ones; from then on every start completes it from them, offline. The
//! intent is the new marker itself, under another name.

use rustix::io::Errno;

use super::links::drop_links;
use super::record::{write_pending, Found, Record};
use super::verify;
use super::{staged_name, FileState, Healed, Hook, Staging, Store, CURRENT, INTENT, MARKER};
use crate::config::Layout;
use crate::disk::{mutant, Access};
use crate::error::Error;
use crate::name::FileName;

impl Staging<'_> {
    pub(super) fn switch_files(&mut self, hook: Hook, now: i64) -> Result<(), Error> {
        let record = self.record(now);
        let intent = record.to_json();
        self.refuse_mount_points(&record)?;
        self.store.root()?.sync()?;
        let hold = self.store.hold()?;
        if hook == Hook::Run {
            write_pending(hold, &self.id)?;
        }
        let written = hold.replace_small(INTENT, &intent, &Access::PRIVATE);
        // It may stand there although its write failed at the end: then it holds.
        self.switched = written.is_ok() || !matches!(hold.stat(INTENT), Ok(None));
        written?;
        self.store.complete(&record)?;
        self.store.adopt(record, Layout::Plain, hook);
        Ok(())
    }

    /// A file mounted at a wanted name would stop the renames half-way, at every start.
    fn refuse_mount_points(&self, record: &Record) -> Result<(), Error> {
        let root = self.store.root()?;
        match record
            .names()
            .find(|name| root.is_mount_point(name.as_str()))
        {
            None => Ok(()),
            Some(name) => Err(Error::Disk {
                action: "replace",
                path: root.join(name.as_str()),
                errno: Errno::BUSY,
            }),
        }
    }
}

impl Store {
    /// Completes an intent that a killed run left. One that cannot be completed, since its
    /// files are gone (the removal of it was not durable), is dropped.
    pub(super) fn finish_intent(&mut self) -> Result<Option<Healed>, Error> {
        let Some(hold) = &self.hold else {
            return Ok(None);
        };
        let healed = match Record::read(hold, INTENT)? {
            Found::Absent => return Ok(None),
            Found::Whole(record) if self.can_complete(&record)? => {
                // The run may have been killed before the intent's own name was durable.
                hold.sync()?;
                self.complete(&record)?;
                Healed::IntentCompleted
            }
            Found::Damaged | Found::Whole(_) => {
                hold.unlink(INTENT)?;
                hold.sync()?;
                Healed::IntentDropped
            }
        };
        self.live = None;
        self.load()?;
        Ok(Some(healed))
    }

    /// Renames the staged files over the old ones, then puts the marker in its place.
    /// Repeating it does no harm.
    pub(super) fn complete(&mut self, record: &Record) -> Result<(), Error> {
        let (root, hold) = (self.root()?, self.hold()?);
        if mutant::is("marker-first") {
            hold.replace_small(MARKER, &record.to_json(), &Access::PRIVATE)?;
        }
        for name in record.names() {
            let staged = staged_name(name, &record.id);
            if root.stat(&staged)?.is_some() {
                root.rename(&staged, name.as_str())?;
            }
        }
        self.settle_access(record)?;
        let names: Vec<FileName> = record.names().cloned().collect();
        self.drop_plain_files(&names)?;
        drop_links(root, &[])?;
        root.sync()?;
        hold.replace_small(MARKER, &record.to_json(), &Access::PRIVATE)?;
        if hold.read_link(CURRENT)?.is_some() {
            hold.unlink(CURRENT)?;
            hold.sync()?;
        }
        hold.unlink(INTENT)?;
        hold.sync()?;
        self.plain_names = names;
        self.live = None;
        self.remove_generations(&[])
    }

    fn can_complete(&self, record: &Record) -> Result<bool, Error> {
        let root = self.root()?;
        for entry in &record.files {
            let staged = root.stat(&staged_name(&entry.name, &record.id))?.is_some();
            if !staged && verify::state(root, entry, None)? == FileState::Damaged {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
