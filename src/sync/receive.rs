//! Blobs: from the account into a file of the set, in a bounded buffer.
//!
//! What comes is kept for a later run, whatever happens; it becomes the file when all of it
//! is there and its digests are right.

use rustix::io::Errno;

use super::recipe;
use super::session::Session;
use super::work::{Fate, Work};
use super::Mode;
use crate::blob::{self, Access, Download, Facts, Have, Opened};
use crate::config::{Blob, File, Set, Source};
use crate::disk;
use crate::error::{BlobProblem, Error};
use crate::report::Progress;
use crate::store::{FileState, LiveFile, Part, Provenance, Store};

impl Work<'_> {
    /// Brings the blob of the file at `place` up to date.
    pub(super) fn receive(&mut self, session: &mut Session<'_>, place: usize) {
        let outcome = match self.failure {
            Some(_) => Ok(()),
            None => self.receive_file(session, place),
        };
        self.arrived(outcome);
    }

    fn receive_file(&mut self, session: &mut Session<'_>, place: usize) -> Result<(), Error> {
        let file = self.file(place)?;
        let Source::Blob(blob) = &file.source else {
            return Ok(());
        };
        let source = recipe::source(&file.source);
        let etag = self
            .current(&file, blob)
            .map(|on_disk| on_disk.entry.provenance.version.clone());
        let part = self.store()?.part(&file.name, &source)?;
        let refusal = part.as_ref().and_then(|part| refused(blob, part));
        let limit = blob.limit(disk::lies_in_memory(&self.set.directory));
        let outcome = session.ask_storage(&blob.host, &mut |access: &Access<'_>| {
            let have = Have {
                etag_on_disk: match (&refusal, &part) {
                    (Some(_), Some(part)) => Some(part.etag.as_str()),
                    _ => etag.as_deref(),
                },
                partial: part.as_ref().map(|part| (part.etag.as_str(), part.length)),
            };
            match blob::open(access, blob, &have, limit)? {
                Opened::Unchanged => match refusal.clone() {
                    Some(problem) => Err(blob::problem(blob, problem)),
                    None => Ok(()),
                },
                // The one before the one that was refused.
                Opened::Content(download) if etag.as_deref() == Some(download.etag()) => Ok(()),
                Opened::Content(mut download) => self.take_in(place, &file, blob, &mut download),
            }
        });
        match outcome {
            Err(missing @ Error::Missing { .. }) => {
                self.take_missing(place, &file, source, &missing)
            }
            outcome => outcome,
        }
    }

    /// The file on disk, if it is of this blob and as it should be.
    fn current(&self, file: &File, blob: &Blob) -> Option<&LiveFile> {
        let on_disk = self.live()?.file(&file.name)?;
        let entry = &on_disk.entry;
        let wanted = blob
            .sha256
            .as_ref()
            .is_none_or(|sha256| *sha256 == entry.sha256);
        let same = entry.provenance.source == recipe::source(&file.source);
        (same && wanted && on_disk.state != FileState::Damaged).then_some(on_disk)
    }

    fn take_in(
        &mut self,
        place: usize,
        file: &File,
        blob: &Blob,
        download: &mut Download<'_>,
    ) -> Result<(), Error> {
        let provenance = Provenance {
            source: recipe::source(&file.source),
            version: download.etag().to_owned(),
            expires: None,
        };
        if self.mode == Mode::DryRun {
            self.change(place, file, &provenance.version);
            return Ok(());
        }
        disk::refuse_read_only(&self.set.directory)?;
        let begun = Part {
            etag: provenance.version.clone(),
            length: download.starts_at(),
            refused: None,
        };
        let name = &file.name;
        let mut incoming = self
            .staging()?
            .store()
            .receive(name, &provenance.source, &begun)?;
        // What came of another version is gone by now.
        self.refuse_full(file, download)?;
        let mut progress = Progress::new(name.as_str(), download.length(), begun.length);
        let mut buffer = vec![0_u8; BUFFER];
        loop {
            let count = download.next(&mut buffer)?;
            if count == 0 {
                break;
            }
            incoming.write(buffer.get(..count).unwrap_or_default())?;
            progress.step(count);
        }
        drop(progress);
        let digests = incoming.digests()?.clone();
        let problem = match &blob.sha256 {
            _ if download.md5().is_some_and(|md5| md5 != digests.md5) => Some(BlobProblem::BadMd5),
            Some(sha256) if *sha256 != digests.sha256 => Some(BlobProblem::OtherSha256 {
                found: digests.sha256.clone(),
            }),
            _ => None,
        };
        if let Some(problem) = problem {
            let why = match &problem {
                BlobProblem::OtherSha256 { found } => found,
                _ => MD5,
            };
            incoming.refuse(why)?;
            return Err(blob::problem(blob, problem));
        }
        let on_disk = self.live().and_then(|live| live.file(name));
        let same = on_disk.is_some_and(|on_disk| {
            on_disk.state != FileState::Damaged && on_disk.entry.sha256 == digests.sha256
        });
        match same {
            true => self.renamed = true,
            false => self.change(place, file, &provenance.version),
        }
        self.staging()?.adopt(incoming, &provenance)?;
        self.decide(place, Fate::New);
        Ok(())
    }

    /// Says so before a byte is taken, if there is no room for the rest, even without the
    /// version before the live one.
    fn refuse_full(&mut self, file: &File, download: &Download<'_>) -> Result<(), Error> {
        let set = self.set;
        let rest = download.length().saturating_sub(download.starts_at());
        let free = disk::free_bytes(&set.directory).unwrap_or(u64::MAX);
        if free < rest {
            self.staging()?.make_room(rest.saturating_sub(free))?;
        }
        refuse_full(set, file, rest)
    }
}

/// Why a run would refuse a blob with these `facts` for `file` of `set` before it takes a byte:
/// there is no room for what is missing of it. Whether that is certain: where a version is live,
/// the one before it may make room, and so may what came of another blob. Only looks.
pub fn without_room(
    set: &Set,
    instance: &str,
    file: &File,
    facts: &Facts,
) -> Option<(Error, bool)> {
    let full = refuse_full(set, file, facts.length).err()?;
    let store = match Store::open(set, instance) {
        Ok(store) => store,
        Err(error) => return Some((error, true)),
    };
    let on_disk = store.live().and_then(|live| live.file(&file.name));
    if on_disk.is_some_and(|on_disk| {
        on_disk.state != FileState::Damaged && on_disk.entry.provenance.version == facts.etag
    }) {
        return None;
    }
    let is_certain = store.live().is_none();
    match store.part(&file.name, &recipe::source(&file.source)) {
        Ok(Some(part)) if part.etag == facts.etag => {
            let rest = facts.length.saturating_sub(part.length);
            Some((refuse_full(set, file, rest).err()?, is_certain))
        }
        Ok(None) => Some((full, is_certain)),
        // That goes first.
        _ => Some((full, false)),
    }
}

fn refuse_full(set: &Set, file: &File, rest: u64) -> Result<(), Error> {
    match disk::free_bytes(&set.directory) {
        Some(free) if free < rest => Err(Error::Disk {
            action: "write",
            path: set.directory.join(file.name.as_str()),
            errno: Errno::NOSPC,
        }),
        _ => Ok(()),
    }
}

/// What an earlier run found wrong with all of a blob's bytes, if that still counts: they need
/// not come again.
fn refused(blob: &Blob, part: &Part) -> Option<BlobProblem> {
    let why = part.refused.as_ref()?;
    if why == MD5 {
        return Some(BlobProblem::BadMd5);
    }
    let pinned = blob.sha256.as_ref()?;
    (pinned != why).then(|| BlobProblem::OtherSha256 { found: why.clone() })
}

/// Why a blob is refused whose MD5 is not what the account says; else it is its SHA-256.
const MD5: &str = "md5";
/// Bytes that are held at a time: what one TLS record brings.
const BUFFER: usize = 16 * 1024;
