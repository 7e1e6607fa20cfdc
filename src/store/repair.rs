//! Owners, groups and modes that drifted from what is configured.

use std::path::PathBuf;

use super::record::Record;
use super::wanted::Wanted;
use super::{FileState, Store, HOLD};
use crate::config::Layout;
use crate::disk::{is_id, Dir};
use crate::error::Error;
use crate::name::FileName;

impl Store {
    /// Sets drifted owners, groups and modes of the live files and of our directories, in
    /// place; says of what. Content is not looked at.
    pub fn repair(&mut self) -> Result<Vec<PathBuf>, Error> {
        let mut repaired = self.repair_directories()?;
        repaired.extend(self.repair_files()?);
        Ok(repaired)
    }

    /// The set's directory itself is left alone while others keep files in it, or own it.
    pub(super) fn repair_directories(&self) -> Result<Vec<PathBuf>, Error> {
        let (Some(root), Some(hold)) = (&self.root, &self.hold) else {
            return Ok(Vec::new());
        };
        let mut repaired = Vec::new();
        self.repair_directory(hold, &mut repaired)?;
        if self.is_ours_alone(root)? {
            self.repair_directory(root, &mut repaired)?;
        }
        let linked = self
            .live
            .as_ref()
            .filter(|live| live.layout == Layout::Linked);
        if let Some(live) = linked {
            if let Some(generation) = hold.open_dir(&live.id)? {
                self.repair_directory(&generation, &mut repaired)?;
            }
        }
        Ok(repaired)
    }

    /// Gives plain files that stayed in place, since only their mode or owner changed, what
    /// is configured now.
    pub(super) fn settle_access(&self, record: &Record) -> Result<(), Error> {
        let root = self.root()?;
        for name in record.names() {
            let opened = root.open_file(name.as_str())?;
            let wanted = self.wanted(name).map(Wanted::access);
            let (Some(opened), Some(wanted)) = (opened, wanted) else {
                continue;
            };
            if !opened.stat()?.agrees_with(&wanted) {
                opened.set_access(&wanted)?;
            }
        }
        Ok(())
    }

    fn repair_directory(&self, dir: &Dir, repaired: &mut Vec<PathBuf>) -> Result<(), Error> {
        let (stat, wanted) = (dir.own_stat()?, self.directory_access());
        if stat.owner == super::me().as_raw() && !stat.agrees_with(&wanted) {
            dir.set_access(&wanted)?;
            repaired.push(dir.path().to_owned());
        }
        Ok(())
    }

    /// Whether nothing but ours is in the set's directory. Only then its mode is ours to
    /// set: somebody may have named a directory like `/etc`.
    fn is_ours_alone(&self, root: &Dir) -> Result<bool, Error> {
        for entry in root.names()? {
            let name = entry.to_str().unwrap_or_default();
            let staged = name.rsplit_once('.').is_some_and(|(_, id)| is_id(id));
            let delivered = FileName::parse(name).is_ok_and(|name| {
                let live = self.live.as_ref();
                live.is_some_and(|live| live.file(&name).is_some()) || self.wanted(&name).is_some()
            });
            if name != HOLD && !staged && !delivered {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn repair_files(&mut self) -> Result<Vec<PathBuf>, Error> {
        let Some(mut live) = self.live.take() else {
            return Ok(Vec::new());
        };
        let outcome = self.repair_live(&mut live);
        self.live = Some(live);
        outcome
    }

    fn repair_live(&self, live: &mut super::Live) -> Result<Vec<PathBuf>, Error> {
        let mut repaired = Vec::new();
        let dir = self.live_dir(live)?;
        for file in &mut live.files {
            let wanted = self.wanted(&file.entry.name).map(Wanted::access);
            let (Some(dir), Some(wanted)) = (&dir, wanted) else {
                continue;
            };
            let name = file.entry.name.as_str();
            if file.state != FileState::Drifted {
                continue;
            }
            if let Some(opened) = dir.open_file(name)? {
                opened.set_access(&wanted)?;
                file.state = FileState::Intact;
                repaired.push(dir.join(name));
            }
        }
        Ok(repaired)
    }
}
