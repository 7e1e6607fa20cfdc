//! The names in a set's directory: which are ours, which are somebody else's, and the links
//! of the linked layout, `NAME → .keyferry/current/NAME`.

use rustix::fs::FileType;

use super::{Healed, Store, CURRENT, HOLD, MARKER};
use crate::disk::Dir;
use crate::error::Error;
use crate::name::FileName;

/// What stands at a delivered file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occupant {
    /// Not ours: never overwritten.
    Foreign,
    Nothing,
    /// A regular file that a plain marker names, whatever it holds by now.
    OurFile,
    /// A link exactly as we make them.
    OurLink,
}

impl Store {
    pub(super) fn occupant(&self, name: &FileName) -> Result<Occupant, Error> {
        let root = self.root()?;
        let Some(stat) = root.stat(name.as_str())? else {
            return Ok(Occupant::Nothing);
        };
        Ok(match stat.kind {
            FileType::RegularFile if self.plain_names.contains(name) => Occupant::OurFile,
            FileType::Symlink if is_our_link(root, name.as_str())? => Occupant::OurLink,
            _ => Occupant::Foreign,
        })
    }

    /// Refuses to go on when somebody else's file stands at a wanted name.
    pub(super) fn refuse_foreign(&self) -> Result<(), Error> {
        for file in &self.wanted {
            if self.occupant(&file.name)? == Occupant::Foreign {
                return Err(Error::ForeignFile {
                    path: self.root()?.join(file.name.as_str()),
                });
            }
        }
        Ok(())
    }

    /// Brings the names in line with the live generation: links of its files are made, those
    /// of others dropped, plain files of an earlier layout replaced.
    pub(super) fn finish_links(&mut self) -> Result<Vec<Healed>, Error> {
        let names = self.live_names();
        let (root, hold) = (self.root()?, self.hold()?);
        if !self.plain_names.is_empty() {
            // The old files may only go when a power cut cannot undo the switch any more.
            hold.sync()?;
        }
        let mut healed = Vec::new();
        for name in &names {
            match self.occupant(name)? {
                Occupant::Nothing => root.symlink(&target(name.as_str()), name.as_str())?,
                Occupant::OurFile => root.replace_symlink(&target(name.as_str()), name.as_str())?,
                Occupant::OurLink | Occupant::Foreign => continue,
            }
            healed.push(Healed::LinkMade(name.clone()));
        }
        let mut dropped = drop_links(root, &names)?;
        dropped.extend(self.drop_plain_files(&names)?);
        healed.extend(dropped.into_iter().map(Healed::NameDropped));
        if !healed.is_empty() {
            root.sync()?;
        }
        // Last: until here it was what made the plain files ours to replace.
        if hold.stat(MARKER)?.is_some() {
            hold.unlink(MARKER)?;
            hold.sync()?;
        }
        self.plain_names.clear();
        Ok(healed)
    }

    /// Removes delivered plain files that are not in `keep`.
    pub(super) fn drop_plain_files(&self, keep: &[FileName]) -> Result<Vec<FileName>, Error> {
        let mut dropped = Vec::new();
        for name in &self.plain_names {
            if !keep.contains(name) && self.occupant(name)? == Occupant::OurFile {
                self.root()?.unlink(name.as_str())?;
                dropped.push(name.clone());
            }
        }
        Ok(dropped)
    }

    pub(super) fn live_names(&self) -> Vec<FileName> {
        let files = self.live.as_ref().map(|live| live.files.as_slice());
        let names = files.unwrap_or_default().iter();
        names.map(|file| file.entry.name.clone()).collect()
    }
}

/// Removes links of ours whose names are not in `keep`.
pub(super) fn drop_links(root: &Dir, keep: &[FileName]) -> Result<Vec<FileName>, Error> {
    let mut dropped = Vec::new();
    for entry in root.names()? {
        let name = entry.to_str().and_then(|text| FileName::parse(text).ok());
        let Some(name) = name.filter(|name| !keep.contains(name)) else {
            continue;
        };
        if is_our_link(root, name.as_str())? {
            root.unlink(name.as_str())?;
            dropped.push(name);
        }
    }
    Ok(dropped)
}

/// Makes the links of `names` again where nothing stands.
pub(super) fn restore_links(root: &Dir, names: &[FileName]) {
    for name in names {
        let _ = root.symlink(&target(name.as_str()), name.as_str());
    }
}

/// Whether `name` is a link into the live generation, to a file called `called`.
pub(super) fn links_to(root: &Dir, name: &str, called: &str) -> Result<bool, Error> {
    Ok(root
        .read_link(name)?
        .is_some_and(|found| found == *target(called)))
}

fn is_our_link(root: &Dir, name: &str) -> Result<bool, Error> {
    links_to(root, name, name)
}

fn target(name: &str) -> String {
    format!("{HOLD}/{CURRENT}/{name}")
}
