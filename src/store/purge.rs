//! Taking away what was delivered to a directory, and nothing else.
//!
//! Ours are links as we make them, files that still are what a record says, files that wait to
//! be switched in, and what in `.keyferry` has one of our names. Only root and ourselves can
//! write in the directory, so a name as only we give it is proof enough. Readers' names go
//! first and records last, when all else is gone durably: where a purge is killed, the next one
//! finishes.

use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::heal::is_temporary_record;
use super::incoming::is_part;
use super::links::links_to;
use super::record::Record;
use super::{verify, FileState, CURRENT, HOLD, INTENT, MARKER, PENDING};
use crate::disk::{is_id, temporary_of, Dir, Lock};
use crate::error::Error;
use crate::name::FileName;

/// What is removed, or would be. After the first error nothing more is touched until it was
/// taken out.
#[derive(Debug, Default)]
pub struct Removal {
    dry_run: bool,
    /// Paths, in the order in which they go.
    pub removed: Vec<PathBuf>,
    /// How many of them are names of delivered files.
    pub files: usize,
    /// Delivered files that stay, since somebody has changed them.
    pub changed: Vec<PathBuf>,
    /// What stays since it is not ours.
    pub foreign: Vec<PathBuf>,
    error: Option<Error>,
}

/// What lies in a directory that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// There is no such directory.
    Nowhere,
    /// Nothing that records say is of the set, or that can be looked at.
    Other,
    /// Files of the set.
    Ours,
}

impl Holding {
    /// What lies in `directory` of `set` of `instance`. Only looks.
    pub fn of(directory: &Path, instance: &str, set: &str) -> Self {
        let root = match Dir::walk(directory) {
            Ok(None) => return Self::Nowhere,
            found => found.ok().flatten(),
        };
        let hold = root.and_then(|root| root.open_dir(HOLD).ok().flatten());
        let records = hold.and_then(|hold| Records::read(&hold).ok());
        let is_ours = |records: Records| {
            let mut records = records.0.iter();
            records.any(|(record, _)| record.is_of(instance, set))
        };
        match records.is_some_and(is_ours) {
            true => Self::Ours,
            false => Self::Other,
        }
    }
}

impl Removal {
    /// Of nothing yet. In a dry run it only tells what would go.
    pub fn new(dry_run: bool) -> Self {
        Self {
            dry_run,
            ..Self::default()
        }
    }

    /// Removes what was delivered of `set` of `instance` to `directory`. Of records that a
    /// later release wrote counts what can be read. Purging again goes on where an error came.
    pub fn purge(&mut self, directory: &Path, instance: &str, set: &str) {
        let Some(root) = self.walk(directory) else {
            return;
        };
        let Some(hold) = self.keep(root.open_dir(HOLD)).flatten() else {
            return;
        };
        // Until it is closed nobody else changes what is there.
        self.keep(root.lock());
        let Some(records) = self.keep(Records::read(&hold)) else {
            return;
        };
        let claimed = records.refuse_others(directory, instance, set);
        self.keep(claimed);
        if self.error.is_some() {
            return;
        }
        self.sweep(&root, &|name| records.kind(&root, name));
        self.last(&hold, &[CURRENT]);
        self.sync(&hold);
        self.sweep(&hold, &|name| Ok(kind_in_hold(name)));
        self.last(&hold, &[INTENT, MARKER]);
        self.purge_empty(hold.path(), directory);
    }

    /// Removes the files in `directory` that `is_ours` names, the lock of the instance last:
    /// until then nobody begins anew.
    pub fn purge_files(&mut self, directory: &Path, is_ours: &dyn Fn(&str) -> bool) {
        if let Some(dir) = self.walk(directory) {
            self.sweep(&dir, &|name| {
                Ok(match is_ours(name) {
                    true => Kind::Delivered,
                    false if name == Lock::FILE => Kind::Last,
                    false => Kind::Foreign,
                })
            });
            self.last(&dir, &[Lock::FILE]);
        }
    }

    /// Removes `directory` and those above it, up to `above` and without it, as far as nothing
    /// is left in them.
    pub fn purge_empty(&mut self, directory: &Path, above: &Path) {
        for directory in directory.ancestors() {
            let name = directory.file_name().and_then(|name| name.to_str());
            let parent = directory.parent().filter(|path| path.starts_with(above));
            let (Some(name), Some(parent)) = (name, parent) else {
                return;
            };
            if let (Some(dir), Some(parent)) = (self.walk(directory), self.walk(parent)) {
                let names = self.names(&dir);
                let is_gone = |name: &String| self.removed.contains(&dir.join(name));
                if !names.iter().all(is_gone) {
                    return;
                }
                self.directory(&parent, name);
                self.sync(&parent);
            }
        }
    }

    /// What lies in `directory`, by names in order.
    pub fn names_at(&mut self, directory: &Path) -> Vec<String> {
        let dir = self.walk(directory);
        dir.map_or_else(Vec::new, |dir| self.names(&dir))
    }

    /// Takes the error out, if there was one.
    pub fn outcome(&mut self) -> Result<(), Error> {
        self.error.take().map_or(Ok(()), Err)
    }

    /// Removes what `dir` holds by what `kind` says of each name.
    fn sweep(&mut self, dir: &Dir, kind: &dyn Fn(&str) -> Result<Kind, Error>) {
        for name in self.names(dir) {
            let path = dir.join(&name);
            match self.keep(kind(&name)) {
                Some(Kind::Changed) => self.changed.push(path),
                Some(Kind::Delivered) => {
                    self.file(dir, &name);
                    let count = usize::from(self.error.is_none());
                    self.files = self.files.saturating_add(count);
                }
                Some(Kind::Foreign) if !self.removed.contains(&path) => self.foreign.push(path),
                Some(Kind::Generation) => self.purge_generation(dir, &name),
                Some(Kind::LeftOver) => self.file(dir, &name),
                Some(Kind::Foreign | Kind::Last) | None => {}
            }
        }
        self.sync(dir);
    }

    fn purge_generation(&mut self, hold: &Dir, id: &str) {
        if let Some(generation) = self.keep(hold.open_dir(id)).flatten() {
            self.sweep(&generation, &|name| {
                Ok(match name == MARKER {
                    true => Kind::Last,
                    false => Kind::LeftOver,
                })
            });
            self.last(&generation, &[MARKER]);
            self.directory(hold, id);
        }
    }

    /// Removes those of `names` that are there.
    fn last(&mut self, dir: &Dir, names: &[&str]) {
        for name in names {
            if self.keep(dir.stat(name)).flatten().is_some() {
                self.file(dir, name);
            }
        }
    }

    fn walk(&mut self, path: &Path) -> Option<Dir> {
        self.keep(Dir::walk(path)).flatten()
    }

    /// Without what killed runs left unfinished.
    fn names(&mut self, dir: &Dir) -> Vec<String> {
        if self.may_touch() {
            dir.remove_unfinished();
        }
        self.keep(dir.sorted_names()).unwrap_or_default()
    }

    fn file(&mut self, dir: &Dir, name: &str) {
        if self.may_touch() {
            self.error = dir.unlink(name).err();
        }
        self.note(dir, name);
    }

    fn directory(&mut self, dir: &Dir, name: &str) {
        if self.may_touch() {
            self.error = dir.remove_dir(name).err();
        }
        self.note(dir, name);
    }

    fn note(&mut self, dir: &Dir, name: &str) {
        if self.error.is_none() {
            self.removed.push(dir.join(name));
        }
    }

    fn sync(&mut self, dir: &Dir) {
        if self.may_touch() {
            self.error = dir.sync().err();
        }
    }

    fn may_touch(&self) -> bool {
        !self.dry_run && self.error.is_none()
    }

    fn keep<T>(&mut self, outcome: Result<T, Error>) -> Option<T> {
        match outcome {
            Ok(found) => Some(found),
            Err(error) => {
                self.error.get_or_insert(error);
                None
            }
        }
    }
}

/// What a name stands for.
enum Kind {
    /// Delivered under this name, but not what stands there now.
    Changed,
    Delivered,
    Foreign,
    Generation,
    /// It goes when all else is gone.
    Last,
    LeftOver,
}

/// What the records in a set's directory say, and whether that is of files that stand in the
/// directory itself.
struct Records(Vec<(Record, bool)>);

impl Records {
    fn read(hold: &Dir) -> Result<Self, Error> {
        let mut records = Vec::new();
        for name in hold.sorted_names()? {
            let record = if is_id(&name) {
                match hold.open_dir(&name)? {
                    Some(generation) => Record::of_any_release(&generation, MARKER)?,
                    None => None,
                }
            } else if name == INTENT || name == MARKER {
                Record::of_any_release(hold, &name)?
            } else {
                None
            };
            if let Some(record) = record {
                records.push((record, !is_id(&name)));
            }
        }
        Ok(Self(records))
    }

    /// Refuses `directory` if one of them is of another set or instance.
    fn refuse_others(&self, directory: &Path, instance: &str, set: &str) -> Result<(), Error> {
        for (record, _) in &self.0 {
            record.refuse_other(instance, set, directory)?;
        }
        Ok(())
    }

    /// What `name` stands for in the set's directory.
    fn kind(&self, root: &Dir, name: &str) -> Result<Kind, Error> {
        let called = temporary_of(name).filter(|called| FileName::parse(called).is_ok());
        let stat = root.stat(name)?;
        let is_file = stat.is_some_and(|stat| stat.kind == FileType::RegularFile);
        if name == HOLD {
            return Ok(Kind::Last);
        } else if links_to(root, name, name)? {
            return Ok(Kind::Delivered);
        } else if let Some(called) = called {
            if is_file || links_to(root, name, called)? {
                return Ok(Kind::LeftOver);
            }
        }
        let mut kind = Kind::Foreign;
        for (record, is_plain) in &self.0 {
            for entry in record.files.iter().filter(|it| it.name.as_str() == name) {
                kind = Kind::Changed;
                if *is_plain && verify::state(root, entry, None)? != FileState::Damaged {
                    return Ok(Kind::Delivered);
                }
            }
        }
        Ok(kind)
    }
}

fn kind_in_hold(name: &str) -> Kind {
    if is_id(name) {
        Kind::Generation
    } else if name == PENDING || is_part(name) || is_temporary_record(name) {
        Kind::LeftOver
    } else if [CURRENT, INTENT, MARKER].contains(&name) {
        Kind::Last
    } else {
        Kind::Foreign
    }
}
