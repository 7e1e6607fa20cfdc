//! Sets on disk: what is live, what a killed run left, what comes next.
//!
//! A set is one directory. In it `.keyferry` holds what is ours alone: the generations and
//! the link `current` of the linked layout, the marker and the intent of the plain one, the
//! record of a pending hook, parts of large files. A marker is written last and names each file with its source,
//! version, length and digest; only what a marker names is believed. A run goes
//! [`Store::open`], [`Store::heal`], [`Store::repair`], then, if something is new,
//! [`Store::stage`] and [`Staging::commit`]. Opening reads only. Before that, [`Store::select`]
//! says which files the vault names, and [`Store::receive`] takes in large ones.

mod adopt;
mod commit;
mod heal;
mod incoming;
mod links;
mod plain;
mod purge;
mod record;
mod repair;
mod restore;
mod stage;
mod verify;
mod wanted;

#[cfg(test)]
mod tests;

pub use commit::{Commit, Hook};
pub use heal::Healed;
pub use incoming::{Digests, Incoming, Part};
pub use purge::{Holding, Removal};
pub use stage::{Changes, Staging};

use rustix::fs::Uid;

use crate::config::{Layout, Set};
use crate::disk::{is_id, Access, Dir};
use crate::error::Error;
use crate::name::FileName;
use record::{Found, Record};
use wanted::Wanted;

/// One set's directory.
#[derive(Debug)]
pub struct Store {
    /// Without its files: of them counts what is in `wanted`.
    set: Set,
    instance: String,
    /// The files that are to be delivered: those of the configuration, then selected ones.
    wanted: Vec<Wanted>,
    /// How many of them are those of the configuration.
    configured: usize,
    /// Whether a run has said which ones are selected.
    listed: bool,
    /// The set's directory, once it exists.
    root: Option<Dir>,
    /// `.keyferry` in it.
    hold: Option<Dir>,
    live: Option<Live>,
    /// Names that are ours although regular files stand there.
    plain_names: Vec<FileName>,
    pending: Option<Pending>,
    locked: bool,
}

/// The version of a set that was committed last, whole.
#[derive(Clone, Debug)]
pub struct Live {
    /// Its id, 16 hexadecimal digits.
    pub id: String,
    /// When it was committed, in seconds since 1970.
    pub when: i64,
    /// How it lies on disk, which may differ from what is configured now.
    pub layout: Layout,
    /// Its files.
    pub files: Vec<LiveFile>,
    /// The generation before it, if one was kept.
    previous: Option<String>,
}

/// A file of the live version.
#[derive(Clone, Debug)]
pub struct LiveFile {
    /// What its marker says of it.
    pub entry: Entry,
    /// How it compares with that.
    pub state: FileState,
}

/// What a marker says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: FileName,
    /// Where its content came from.
    pub provenance: Provenance,
    /// The pattern of the selection that it was delivered for.
    pub pattern: Option<String>,
    /// Its length in bytes.
    pub length: u64,
    /// SHA-256 of its content, 64 hexadecimal digits.
    pub sha256: String,
}

/// Where a file's content came from. Stands in the marker: no secret may be in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The object, by any text that tells it apart from all others.
    pub source: String,
    /// The object's version.
    pub version: String,
    /// When the object expires, in seconds since 1970, if it does.
    pub expires: Option<i64>,
}

/// How a delivered file compares with its marker and the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Content differs, or the file is gone or unreadable: to be fetched again.
    Damaged,
    /// Content is right; owner, group or mode is not: [`Store::repair`] sets it.
    Drifted,
    /// As it was delivered.
    Intact,
}

/// A hook that is still to run for the live version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The version it is for.
    pub id: String,
}

impl Store {
    /// Looks at the set's directory and changes nothing; it need not exist yet.
    ///
    /// Refuses an unsafe directory, one that another set or instance has claimed, and state
    /// of a later format.
    pub fn open(set: &Set, instance: &str) -> Result<Self, Error> {
        let mut store = Self {
            set: set.without_files(),
            instance: instance.to_owned(),
            wanted: set.files.iter().map(Wanted::configured).collect(),
            configured: set.files.len(),
            listed: false,
            root: None,
            hold: None,
            live: None,
            plain_names: Vec::new(),
            pending: None,
            locked: false,
        };
        store.refuse_impossible_owners()?;
        store.resolve(None);
        store.load()?;
        Ok(store)
    }

    /// The version that was committed last, with how its files were found at opening.
    pub fn live(&self) -> Option<&Live> {
        self.live.as_ref()
    }

    /// The hook that is still to run. Reliable after [`Store::heal`]; before it, the record
    /// of a commit that never happened may show.
    pub fn pending_hook(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// Clears the record of the pending hook, durably.
    pub fn hook_done(&mut self) -> Result<(), Error> {
        let hold = self.hold()?;
        hold.unlink(PENDING)?;
        hold.sync()?;
        self.pending = None;
        Ok(())
    }

    /// Reads what is on disk. Files that were verified already are not read again.
    fn load(&mut self) -> Result<(), Error> {
        if self.root.is_none() {
            self.root = Dir::walk(&self.set.directory)?;
        }
        let Some(root) = &self.root else {
            return Ok(());
        };
        let Some(hold) = root.open_dir(HOLD)? else {
            return Ok(());
        };
        let plain = Record::read_marker(&hold)?;
        let intent = Record::read(&hold, INTENT)?;
        let generation = current_generation(&hold)?;
        for record in [plain.record(), intent.record()].into_iter().flatten() {
            self.refuse_claimed(record)?;
        }
        self.plain_names = match &plain {
            Found::Absent => Vec::new(),
            // Damaged beyond reading, it still says that the files here were delivered.
            Found::Damaged => self.wanted_names(),
            Found::Whole(record) => record.names().cloned().collect(),
        };
        self.live = match (generation, plain) {
            (Some((dir, record)), _) => {
                self.refuse_claimed(&record)?;
                Some(self.verified(record, Layout::Linked, &dir)?)
            }
            (None, Found::Whole(record)) => Some(self.verified(record, Layout::Plain, root)?),
            (None, _) => None,
        };
        self.pending = record::read_pending(&hold, self.live.as_ref())?;
        self.hold = Some(hold);
        self.resolve(intent.record());
        Ok(())
    }

    fn verified(&self, record: Record, layout: Layout, dir: &Dir) -> Result<Live, Error> {
        let known = self.live.as_ref();
        if let Some(live) = known.filter(|live| live.id == record.id && live.layout == layout) {
            return Ok(live.clone());
        }
        let mut live = Live::new(record, layout);
        for file in &mut live.files {
            let access = self.access(&file.entry);
            file.state = verify::state(dir, &file.entry, access.as_ref())?;
        }
        Ok(live)
    }

    fn refuse_claimed(&self, record: &Record) -> Result<(), Error> {
        let set = &self.set;
        record.refuse_other(&self.instance, set.name.as_str(), &set.directory)
    }

    fn root(&self) -> Result<&Dir, Error> {
        self.root.as_ref().ok_or_else(not_there)
    }

    fn hold(&self) -> Result<&Dir, Error> {
        self.hold.as_ref().ok_or_else(not_there)
    }

    /// Group and mode of the set's directory and everything of ours in it that is one.
    fn directory_access(&self) -> Access {
        Access {
            owner: None,
            group: Some(self.set.group),
            mode: self.set.directory_mode,
        }
    }

    /// Where the live files themselves lie.
    fn live_dir(&self, live: &Live) -> Result<Option<Dir>, Error> {
        match live.layout {
            Layout::Linked => self.hold()?.open_dir(&live.id),
            Layout::Plain => self.root()?.reopened().map(Some),
        }
    }
}

impl Live {
    /// The file `name`, if it is part of this version.
    pub fn file(&self, name: &FileName) -> Option<&LiveFile> {
        self.files.iter().find(|file| file.entry.name == *name)
    }

    /// Whether no file needs to be fetched again.
    pub fn is_whole(&self) -> bool {
        self.files
            .iter()
            .all(|file| file.state != FileState::Damaged)
    }

    fn new(record: Record, layout: Layout) -> Self {
        let intact = |entry| LiveFile {
            entry,
            state: FileState::Intact,
        };
        Self {
            id: record.id,
            when: record.when,
            layout,
            files: record.files.into_iter().map(intact).collect(),
            previous: record.previous,
        }
    }
}

impl LiveFile {
    /// Whether its content on disk is `bytes`.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        self.state != FileState::Damaged && self.entry.sha256 == verify::digest(bytes)
    }
}

/// The generation that `current` names, if it is whole.
fn current_generation(hold: &Dir) -> Result<Option<(Dir, Record)>, Error> {
    let Some(id) = current_id(hold)? else {
        return Ok(None);
    };
    let Some(dir) = hold.open_dir(&id)? else {
        return Ok(None);
    };
    match Record::read_marker(&dir)? {
        Found::Whole(record) if record.id == id => Ok(Some((dir, record))),
        _ => Ok(None),
    }
}

/// Where `current` points, if it is a link as we make them.
fn current_id(hold: &Dir) -> Result<Option<String>, Error> {
    let target = hold.read_link(CURRENT)?;
    let id = target.and_then(|target| target.into_string().ok());
    Ok(id.filter(|id| is_id(id)))
}

/// Where a file of the plain layout waits for its turn.
fn staged_name(name: &FileName, id: &str) -> String {
    format!(".{name}.{id}")
}

fn me() -> Uid {
    rustix::process::geteuid()
}

fn not_there() -> Error {
    Error::Internal {
        what: "a set was used before its directory was made".to_owned(),
    }
}

const HOLD: &str = ".keyferry";
const MARKER: &str = ".keyferry.json";
const CURRENT: &str = "current";
const INTENT: &str = "intent";
const PENDING: &str = "pending";
