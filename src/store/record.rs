//! The records of a set: marker, intent, pending hook; JSON with a format number.
//!
//! The previous minor release must be able to read them: unknown fields are ignored and the
//! number rises only when a reader of today would be wrong. All are private to keyferry,
//! since the digest of a short secret is as good as the secret.

use rustix::io::Errno;
use serde::Serialize;

use super::{Entry, Live, Pending, Provenance, MARKER, PENDING};
use crate::disk::{Access, Dir};
use crate::error::Error;
use crate::json::Json;
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
        let json = Json::read(content.expose()).unwrap_or(Json::Null);
        refuse_newer(dir, name, &json)?;
        Ok(parse(&json).map_or(Found::Damaged, Found::Whole))
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
    let json = Json::read(content.expose()).unwrap_or(Json::Null);
    refuse_newer(hold, PENDING, &json)?;
    let id = format(&json).and_then(|_| json.text_of("id"));
    let id = id.or_else(|| live.map(|live| live.id.clone()));
    let id = id.unwrap_or_default();
    Ok(Some(Pending { id }))
}

#[derive(Serialize)]
struct RawRecord {
    format: u32,
    instance: String,
    set: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    when: i64,
    files: Vec<RawFile>,
}

#[derive(Serialize)]
struct RawFile {
    name: String,
    source: String,
    version: String,
    length: u64,
    sha256: String,
}

#[derive(Serialize)]
struct RawPending {
    format: u32,
    id: String,
}

fn parse(json: &Json) -> Option<Record> {
    format(json)?;
    let files = json.list_of("files")?.iter();
    Some(Record {
        instance: json.text_of("instance")?,
        set: json.text_of("set")?,
        id: json.text_of("id")?,
        previous: json.any_text_of("previous")?,
        when: json.number_of("when")?,
        files: files.map(parse_file).collect::<Option<_>>()?,
    })
}

fn parse_file(json: &Json) -> Option<Entry> {
    Some(Entry {
        name: FileName::parse(&json.text_of("name")?).ok()?,
        provenance: Provenance {
            source: json.text_of("source")?,
            version: json.text_of("version")?,
        },
        length: u64::try_from(json.number_of("length")?).ok()?,
        sha256: json.text_of("sha256")?,
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

/// The number is looked at first: the rest of a later format may look like anything.
fn refuse_newer(dir: &Dir, name: &str, json: &Json) -> Result<(), Error> {
    match format(json) {
        Some(format) if format > FORMAT => Err(Error::NewerFormat {
            path: dir.join(name),
        }),
        _ => Ok(()),
    }
}

fn format(json: &Json) -> Option<u32> {
    u32::try_from(json.number_of("format")?).ok()
}

fn to_json(raw: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(raw).map_err(|error| Error::Internal {
        what: format!("a record could not be written as JSON: {error}"),
    })
}

const FORMAT: u32 = 1;
const LIMIT: usize = 1 << 20;
