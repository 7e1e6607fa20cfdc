//! Large files that come in pieces, perhaps over several runs.
//!
//! What has come lies in `.keyferry/partial-<16 hex>`, for keyferry alone, beside a record of
//! what it is a part of and how much of it is durable. Only so much counts for a later run,
//! and only for the same source and ETag. A version takes the file over when it is committed
//! and not before: whatever goes wrong until then, nothing has to come twice.

use md5::{Digest, Md5};
use rustix::fs::FileType;
use rustix::io::Errno;

use super::record::PartRecord;
use super::verify::{digest, digest_file};
use super::{me, Store};
use crate::disk::{is_id, Access, Dir, File};
use crate::error::Error;
use crate::name::FileName;

/// What there is of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Of which version of the source.
    pub etag: String,
    /// How many bytes, from the beginning.
    pub length: u64,
    /// Why that version was not good enough when all of it had come.
    pub refused: Option<String>,
}

/// A file that is coming. Dropped, it keeps what came for a later run.
#[derive(Debug)]
pub struct Incoming {
    hold: Dir,
    /// `partial-<16 hex>`
    called: String,
    record: PartRecord,
    /// Open for appending, until that went wrong.
    file: Option<File>,
    length: u64,
    digests: Option<Digests>,
}

/// The digests of a file that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// MD5, the only one that Blob Storage keeps.
    pub md5: [u8; 16],
    /// SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

impl Store {
    /// What an earlier run left of the file `name` from `source`. Only looks; reliable after
    /// [`Store::heal`].
    pub fn part(&self, name: &FileName, source: &str) -> Result<Option<Part>, Error> {
        let Some(hold) = &self.hold else {
            return Ok(None);
        };
        let called = part_name(name);
        let Some(record) = PartRecord::read(hold, &record_name(&called))? else {
            return Ok(None);
        };
        let stat = hold.stat(&called)?;
        let is_there = stat.is_some_and(|stat| {
            stat.kind == FileType::RegularFile && stat.length >= record.durable
        });
        let is_of_it = record.name == *name && record.source == source;
        Ok((is_there && is_of_it).then_some(Part {
            etag: record.etag,
            length: record.durable,
            refused: record.refused,
        }))
    }

    /// Takes in the file `name` from `source`, making the set's directory if need be: from its
    /// beginning, forgetting what was there, or behind a `part` as [`Store::part`] gave it.
    pub fn receive(
        &mut self,
        name: &FileName,
        source: &str,
        part: &Part,
    ) -> Result<Incoming, Error> {
        self.prepare_directories()?;
        let (hold, called) = (self.hold()?.reopened()?, part_name(name));
        let record = PartRecord {
            name: name.clone(),
            source: source.to_owned(),
            etag: part.etag.clone(),
            durable: part.length,
            refused: None,
        };
        let file = if part.length == 0 {
            let old = record_name(&called);
            if hold.stat(&old)?.is_some() {
                // Before the first byte: what it says must not count for another ETag.
                hold.unlink(&old)?;
                hold.sync()?;
            }
            hold.unlink(&called)?;
            hold.create_growing(&called)?
        } else {
            let is_kept = self.part(name, source)?.as_ref() == Some(part);
            let file = hold.open_growing(&called)?.filter(|_| is_kept);
            let file = file.ok_or_else(|| Error::Internal {
                what: format!("{name} was to go on behind what is not there"),
            })?;
            file.cut(part.length)?;
            file
        };
        Ok(Incoming {
            hold,
            called,
            record,
            file: Some(file),
            length: part.length,
            digests: None,
        })
    }

    /// Whether `entry`, one of `.keyferry`, is a part, or the record of one, that nothing
    /// can go on with.
    pub(super) fn is_dead_part(&self, entry: &str) -> Result<bool, Error> {
        let hold = self.hold()?;
        let called = entry.strip_suffix(RECORD).unwrap_or(entry);
        if !is_part(entry) || !self.owns(hold, entry) {
            return Ok(false);
        }
        let record = PartRecord::read(hold, &record_name(called))?;
        let is_needed = record.is_some_and(|record| {
            let wanted = self.wanted(&record.name);
            wanted.is_some_and(|wanted| wanted.in_pieces) && called == part_name(&record.name)
        });
        Ok(!is_needed || hold.stat(called)?.is_none())
    }
}

impl Incoming {
    /// How many bytes there are, those of earlier runs included.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends `bytes`. After an error nothing more can be appended in this run; what came
    /// before is kept.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.digests = None;
        let file = self.file.as_ref().ok_or_else(|| self.broken())?;
        if let Err(error) = file.append(bytes) {
            let _ = self.rest();
            self.file = None;
            return Err(error);
        }
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.length = self.length.saturating_add(count);
        match self.length.saturating_sub(self.record.durable) >= AT_RISK {
            true => self.rest(),
            false => Ok(()),
        }
    }

    /// Makes durable what came, so that a later run can go on behind it. Also tried when it
    /// is dropped.
    pub fn rest(&mut self) -> Result<(), Error> {
        let Some(file) = self.file.as_ref() else {
            return Ok(());
        };
        if self.length <= self.record.durable {
            return Ok(());
        }
        if let Err(error) = file.sync() {
            // The next attempt could succeed although bytes are lost (fsync(2)).
            self.file = None;
            return Err(error);
        }
        let before = std::mem::replace(&mut self.record.durable, self.length);
        let written = self.record.write(&self.hold, &record_name(&self.called));
        if written.is_err() {
            self.record.durable = before;
        }
        written
    }

    /// Reads the whole file back, once, and says what it is.
    pub fn digests(&mut self) -> Result<&Digests, Error> {
        let digests = match self.digests.take() {
            Some(digests) => digests,
            None => self.read_back()?,
        };
        Ok(self.digests.insert(digests))
    }

    /// Removes what came, since it is not what it should be, and remembers `why`: see
    /// [`Part::refused`].
    pub fn refuse(mut self, why: &str) -> Result<(), Error> {
        if let Some(file) = self.file.take() {
            file.cut(0)?;
        }
        self.record.durable = 0;
        self.record.refused = Some(why.to_owned());
        self.record.write(&self.hold, &record_name(&self.called))
    }

    /// Removes what came: it is there already.
    pub fn discard(mut self) -> Result<(), Error> {
        self.file = None;
        self.forget()?;
        self.hold.unlink(&self.called)?;
        self.hold.sync()
    }

    pub(super) fn name(&self) -> &FileName {
        &self.record.name
    }

    /// Moves the file to `staged` in `to`, for `access`.
    pub(super) fn move_to(&self, to: &Dir, staged: &str, access: &Access) -> Result<(), Error> {
        let file = self.file.as_ref().ok_or_else(|| self.broken())?;
        self.hold.rename_into(&self.called, to, staged)?;
        let given = file.give(access);
        if given.is_err() {
            self.move_back(to, staged);
        }
        given
    }

    /// Undoes [`Self::move_to`], as far as that goes. Nobody else may read the file again
    /// before it has its private name.
    pub(super) fn move_back(&self, from: &Dir, staged: &str) {
        let private = Access {
            owner: Some(me()),
            ..Access::PRIVATE
        };
        let closed = self.file.as_ref().map(|file| file.set_access(&private));
        if matches!(closed, Some(Ok(()))) {
            let _ = from.rename_into(staged, &self.hold, &self.called);
            let _ = self.hold.sync();
        }
    }

    /// Removes the record: the file is a version's now.
    pub(super) fn forget(&self) -> Result<(), Error> {
        self.hold.unlink(&record_name(&self.called))
    }

    fn read_back(&self) -> Result<Digests, Error> {
        let mut file = self.hold.open_file(&self.called)?;
        let file = file.as_mut().ok_or_else(|| self.broken())?;
        if file.stat()?.length != self.length {
            return Err(self.broken());
        }
        let mut md5 = Md5::new();
        let sha256 = digest_file(file, &mut |chunk| {
            md5.update(chunk);
            Ok(())
        })?;
        let md5 = md5.finalize().into();
        Ok(Digests { md5, sha256 })
    }

    fn broken(&self) -> Error {
        Error::Disk {
            action: "go on with",
            path: self.hold.join(&self.called),
            errno: Errno::IO,
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let _ = self.rest();
    }
}

/// Whether `name` is one that a part or its record has.
pub(super) fn is_part(name: &str) -> bool {
    let called = name.strip_suffix(RECORD).unwrap_or(name);
    called.strip_prefix(PART).is_some_and(is_id)
}

/// Whether `name` is one that a part's record has.
pub(super) fn is_part_record(name: &str) -> bool {
    name.ends_with(RECORD) && is_part(name)
}

/// Of the file's name alone, so that each has no more than one part.
fn part_name(name: &FileName) -> String {
    let digest = digest(name.as_str().as_bytes());
    format!("{PART}{}", digest.get(..16).unwrap_or_default())
}

fn record_name(called: &str) -> String {
    format!("{called}{RECORD}")
}

const PART: &str = "partial-";
const RECORD: &str = ".json";
/// How many bytes a power cut may cost.
const AT_RISK: u64 = 8 << 20;
