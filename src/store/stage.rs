//! The next version of a set, while it is put together where no reader looks.

use rustix::io::Errno;

use super::heal::remove_generation;
use super::record::Record;
use super::verify::{digest, digest_file};
use super::wanted::Wanted;
use super::{
    staged_name, Entry, FileState, Incoming, Live, Provenance, Store, HOLD, MARKER, PENDING,
};
use crate::config::Layout;
use crate::disk::{mutant, random_id, Access, Dir};
use crate::error::Error;
use crate::name::FileName;

/// The next version of a set. Dropped without [`Staging::commit`] it leaves nothing but parts
/// of large files.
#[derive(Debug)]
pub struct Staging<'store> {
    pub(super) store: &'store mut Store,
    pub(super) id: String,
    /// The new generation's directory; none in the plain layout.
    pub(super) generation: Option<Dir>,
    pub(super) entries: Vec<Entry>,
    /// Files that came in pieces and lie where they came, but for the first `moved`.
    pub(super) adopted: Vec<Incoming>,
    pub(super) moved: usize,
    /// Whether readers may see it already, so that it must stay.
    pub(super) switched: bool,
}

/// How a staged version differs from the live one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that were not there.
    pub added: Vec<FileName>,
    /// Files with other content than on disk.
    pub changed: Vec<FileName>,
    /// Files that will not be there any more.
    pub removed: Vec<FileName>,
}

impl Store {
    /// Begins the next version, making the set's directory if need be. Comes after
    /// [`Store::heal`]; while a hook is pending no new version may begin.
    pub fn stage(&mut self) -> Result<Staging<'_>, Error> {
        self.prepare_directories()?;
        if self.pending.is_some() {
            return Err(Error::Internal {
                what: "a version was begun while a hook was pending".to_owned(),
            });
        }
        self.refuse_foreign()?;
        let id = random_id()?;
        let generation = match self.set.layout {
            Layout::Linked => Some(self.hold()?.make_dir(&id)?),
            Layout::Plain => None,
        };
        Ok(Staging {
            store: self,
            id,
            generation,
            entries: Vec::new(),
            adopted: Vec::new(),
            moved: 0,
            switched: false,
        })
    }

    pub(super) fn prepare_directories(&mut self) -> Result<(), Error> {
        let access = self.directory_access();
        if self.root.is_none() {
            self.root = Some(Dir::create_path(&self.set.directory, &access)?);
        }
        if !self.locked {
            self.root()?.lock()?;
            self.locked = true;
            self.load()?;
        }
        if self.hold.is_none() {
            let hold = self.root()?.make_dir(HOLD)?;
            hold.set_access(&access)?;
            self.root()?.sync()?;
            self.hold = Some(hold);
        }
        self.repair_directories()?;
        Ok(())
    }
}

impl Staging<'_> {
    /// The set's directory; after the commit its live version is the new one.
    pub fn store(&mut self) -> &mut Store {
        self.store
    }

    /// The version that is live, which after the commit is the new one.
    pub fn live(&self) -> Option<&Live> {
        self.store.live()
    }

    /// Adds the file `name` with this content.
    pub fn put(
        &mut self,
        name: &FileName,
        provenance: &Provenance,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let wanted = self.wanted(name)?;
        let access = wanted.access();
        let entry = Entry {
            name: name.clone(),
            provenance: provenance.clone(),
            pattern: wanted.pattern.clone(),
            length: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: digest(bytes),
        };
        let in_place = self.lies_in_place(&entry);
        self.entries.push(entry);
        if in_place {
            return Ok(());
        }
        let written = self.write(name, bytes, &access);
        if written.is_err() {
            self.entries.pop();
        }
        written
    }

    /// Takes the file `name` over from the live version, if its content still is what the
    /// marker says.
    pub fn keep(&mut self, name: &FileName) -> Result<(), Error> {
        let wanted = self.wanted(name)?;
        let (access, pattern) = (wanted.access(), wanted.pattern.clone());
        let nothing = || Error::NothingOnDisk {
            set: self.store.set.name.clone(),
        };
        let live = self.store.live.as_ref().ok_or_else(nothing)?;
        let mut entry = live.file(name).ok_or_else(nothing)?.entry.clone();
        entry.pattern = pattern;
        if !self.lies_in_place(&entry) {
            self.copy(live, &entry, &access)?;
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Gives up the generation before the live one, if that may bring `missing` bytes: this
    /// version needs its room more. Not while the live one is damaged: then it is last good.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn make_room(&self, missing: u64) -> Result<(), Error> {
        if !self.store.live.as_ref().is_some_and(Live::is_whole) {
            return Ok(());
        }
        let hold = self.store.hold()?;
        for id in self.store.dead_generations(&[&self.id])? {
            if length_of(hold, &id)? >= missing {
                remove_generation(hold, &id)?;
            }
        }
        Ok(())
    }

    /// How it differs from the live version so far.
    pub fn changes(&self) -> Changes {
        let mut changes = Changes::default();
        let live = self.store.live.as_ref();
        for entry in &self.entries {
            match live.and_then(|live| live.file(&entry.name)) {
                None => changes.added.push(entry.name.clone()),
                Some(file) if file.state == FileState::Damaged => {
                    changes.changed.push(entry.name.clone());
                }
                Some(file) if file.entry.sha256 != entry.sha256 => {
                    changes.changed.push(entry.name.clone());
                }
                Some(_) => {}
            }
        }
        changes.removed = self.store.live_names();
        changes
            .removed
            .retain(|name| self.entries.iter().all(|entry| entry.name != *name));
        changes
    }

    pub(super) fn record(&self, now: i64) -> Record {
        let live = self.store.live.as_ref();
        let linked = self.generation.is_some();
        let before = live.filter(|live| linked && live.layout == Layout::Linked);
        Record {
            instance: self.store.instance.clone(),
            set: self.store.set.name.to_string(),
            id: self.id.clone(),
            previous: before.map(|live| live.id.clone()),
            when: now,
            files: self.entries.clone(),
        }
    }

    pub(super) fn write_marker(&self, now: i64) -> Result<(), Error> {
        let dir = self.dir()?;
        if mutant::is("marker-first") {
            dir.unlink(MARKER)?;
        }
        let mut marker = dir.create(MARKER)?;
        marker.write(&self.record(now).to_json())?;
        marker.finish(&Access::PRIVATE)
    }

    /// Where its files are written.
    pub(super) fn dir(&self) -> Result<&Dir, Error> {
        match &self.generation {
            Some(generation) => Ok(generation),
            None => self.store.root(),
        }
    }

    /// Under which name a file is written.
    pub(super) fn staged(&self, name: &FileName) -> String {
        match self.generation {
            Some(_) => name.to_string(),
            None => staged_name(name, &self.id),
        }
    }

    pub(super) fn wanted(&self, name: &FileName) -> Result<&Wanted, Error> {
        let twice = self.entries.iter().any(|entry| entry.name == *name);
        let wanted = self.store.wanted(name).filter(|_| !twice);
        wanted.ok_or_else(|| Error::Internal {
            what: format!("file {name} was staged twice or is not of this set"),
        })
    }

    /// Whether a plain file is there with this content: then it is left as it is.
    pub(super) fn lies_in_place(&self, entry: &Entry) -> bool {
        let live = self.store.live.as_ref();
        let plain = live.filter(|live| self.generation.is_none() && live.layout == Layout::Plain);
        plain
            .and_then(|live| live.file(&entry.name))
            .is_some_and(|file| {
                file.state != FileState::Damaged && file.entry.sha256 == entry.sha256
            })
    }

    fn write(&self, name: &FileName, bytes: &[u8], access: &Access) -> Result<(), Error> {
        if mutant::is("marker-first") && self.generation.is_some() {
            self.write_marker(0)?;
        }
        let mut file = self.dir()?.create(&self.staged(name))?;
        file.write(bytes)?;
        file.finish(access)
    }

    /// Takes the file of `entry` over from where `live` lies. A large one gets a second name
    /// there instead of a second time its bytes: versions do not change. What a medium, or
    /// somebody, does to it happens to both, then.
    fn copy(&self, live: &Live, entry: &Entry, access: &Access) -> Result<(), Error> {
        let name = entry.name.as_str();
        let damaged = || Error::Disk {
            action: "keep",
            path: self.store.set.directory.join(name),
            errno: Errno::IO,
        };
        let from = self.store.live_dir(live)?.ok_or_else(damaged)?;
        let (to, staged) = (self.dir()?, self.staged(&entry.name));
        let mut file = from.open_file(name)?.ok_or_else(damaged)?;
        if entry.length > LARGEST_COPY && file.stat()?.agrees_with(access) {
            if digest_file(&mut file, &mut |_| Ok(()))? != entry.sha256 {
                return Err(damaged());
            }
            if from.link_into(name, to, &staged)? {
                return Ok(());
            }
            file = from.open_file(name)?.ok_or_else(damaged)?;
        }
        let mut copy = to.create(&staged)?;
        if digest_file(&mut file, &mut |chunk| copy.write(chunk))? != entry.sha256 {
            return Err(damaged());
        }
        copy.finish(access)
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        let (Ok(root), Ok(hold)) = (self.store.root(), self.store.hold()) else {
            return;
        };
        if self.switched {
            return;
        }
        self.move_adopted_back();
        let _ = hold.unlink(PENDING);
        if self.generation.is_some() {
            let _ = remove_generation(hold, &self.id);
            return;
        }
        for entry in &self.entries {
            let _ = root.unlink(&staged_name(&entry.name, &self.id));
        }
    }
}

/// How many bytes the files of the generation `id` have.
fn length_of(hold: &Dir, id: &str) -> Result<u64, Error> {
    let mut length: u64 = 0;
    if let Some(generation) = hold.open_dir(id)? {
        for name in generation.names()? {
            let stat = name.to_str().map(|name| generation.stat(name));
            if let Some(stat) = stat.transpose()?.flatten() {
                length = length.saturating_add(stat.length);
            }
        }
    }
    Ok(length)
}

/// Up to this length a kept file is copied.
const LARGEST_COPY: u64 = 64 << 10;
