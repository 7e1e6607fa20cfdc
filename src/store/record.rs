//! The records of a set: marker, intent, pending hook; JSON with a format number.
//!
//! The previous minor release must be able to read them: unknown fields are ignored and the
//! number rises only when a reader of today would be wrong. All are private to keyferry,
//! since the digest of a short secret is as good as the secret.

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{Entry, Live, Pending, Provenance, MARKER, PENDING};
use crate::disk::{Access, Dir};
use crate::error::Error;
use crate::name::FileName;

/// What a marker or an intent says.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) instance: String,
    pub(super) set: String,
    pub(super) id: String,
    pub(super) previous: Option<String>,
    pub(super) when: i64,
    pub(super) files: Vec<Entry>,
}

/// What stands where a record is expected.
#[derive(Debug)]
pub(super) enum Found {
    Absent,
    /// Something that no release wrote: the medium's work, or somebody's.
    Damaged,
    Whole(Record),
}

impl Found {
    pub(super) fn record(&self) -> Option<&Record> {
        match self {
            Self::Whole(record) => Some(record),
            Self::Absent | Self::Damaged => None,
        }
    }
}

impl Record {
    pub(super) fn names(&self) -> impl Iterator<Item = &FileName> {
        self.files.iter().map(|entry| &entry.name)
    }

    pub(super) fn read(dir: &Dir, name: &str) -> Result<Found, Error> {
        let Some(content) = dir.read(name, LIMIT)? else {
            return Ok(Found::Absent);
        };
        refuse_newer(dir, name, content.expose())?;
        let raw = serde_json::from_slice(content.expose()).ok();
        Ok(raw.and_then(parse).map_or(Found::Damaged, Found::Whole))
    }

    /// The marker in `dir`. One that the medium no longer gives is damaged, as a file is.
    pub(super) fn read_marker(dir: &Dir) -> Result<Found, Error> {
        match Self::read(dir, MARKER) {
            Err(Error::Disk {
                errno: Errno::IO, ..
            }) => Ok(Found::Damaged),
            other => other,
        }
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>, Error> {
        to_json(&RawRecord {
            format: FORMAT,
            instance: self.instance.clone(),
            set: self.set.clone(),
            id: self.id.clone(),
            previous: self.previous.clone(),
            when: self.when,
            files: self.files.iter().map(raw_file).collect(),
        })
    }
}

/// Records that the hook for the version `id` is to run. Durable on return.
pub(super) fn write_pending(hold: &Dir, id: &str) -> Result<(), Error> {
    let raw = RawPending {
        format: FORMAT,
        id: id.to_owned(),
    };
    hold.replace_small(PENDING, &to_json(&raw)?, &Access::PRIVATE)
}

/// A damaged record counts for the live version: a hook too many does less harm than one
/// too few.
pub(super) fn read_pending(hold: &Dir, live: Option<&Live>) -> Result<Option<Pending>, Error> {
    let Some(content) = hold.read(PENDING, LIMIT)? else {
        return Ok(None);
    };
    refuse_newer(hold, PENDING, content.expose())?;
    let id = match serde_json::from_slice::<RawPending>(content.expose()) {
        Ok(raw) => raw.id,
        Err(_) => live.map(|live| live.id.clone()).unwrap_or_default(),
    };
    Ok(Some(Pending { id }))
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[derive(Serialize, Deserialize)]
struct RawRecord {
    format: u32,
    instance: String,
    set: String,
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    when: i64,
    files: Vec<RawFile>,
}

#[derive(Serialize, Deserialize)]
struct RawFile {
    name: String,
    source: String,
    version: String,
    length: u64,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct RawPending {
    format: u32,
    id: String,
}

fn parse(raw: RawRecord) -> Option<Record> {
    let mut files = Vec::with_capacity(raw.files.len());
    for file in raw.files {
        files.push(Entry {
            name: FileName::parse(&file.name).ok()?,
            provenance: Provenance {
                source: file.source,
                version: file.version,
            },
            length: file.length,
            sha256: file.sha256,
        });
    }
    Some(Record {
        instance: raw.instance,
        set: raw.set,
        id: raw.id,
        previous: raw.previous,
        when: raw.when,
        files,
    })
}

fn raw_file(entry: &Entry) -> RawFile {
    RawFile {
        name: entry.name.to_string(),
        source: entry.provenance.source.clone(),
        version: entry.provenance.version.clone(),
        length: entry.length,
        sha256: entry.sha256.clone(),
    }
}

/// The number is read alone first: the rest of a later format may look like anything.
fn refuse_newer(dir: &Dir, name: &str, content: &[u8]) -> Result<(), Error> {
    match serde_json::from_slice::<Format>(content) {
        Ok(found) if found.format > FORMAT => Err(Error::NewerFormat {
            path: dir.join(name),
        }),
        _ => Ok(()),
    }
}

fn to_json(raw: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(raw).map_err(|error| Error::Internal {
        what: format!("a record could not be written as JSON: {error}"),
    })
}

const FORMAT: u32 = 1;
const LIMIT: usize = 1 << 20;
