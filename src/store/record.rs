//! The records of a set: marker, intent, pending hook, parts; JSON with a format number.
//!
//! The previous minor release must be able to read them: unknown fields are ignored and the
//! number rises only when a reader of today would be wrong. All are private to keyferry,
//! since the digest of a short secret is as good as the secret.

use std::path::Path;

use rustix::io::Errno;

use super::{Entry, Live, Pending, Provenance, MARKER, PENDING};
use crate::disk::{Access, Dir};
use crate::error::Error;
use crate::json::Json;
use crate::name::{foreign, FileName};

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

/// What lies beside a part of a file.
#[derive(Clone, Debug)]
pub(super) struct PartRecord {
    pub(super) name: FileName,
    pub(super) source: String,
    pub(super) etag: String,
    /// How many bytes of it surely lie on the medium.
    pub(super) durable: u64,
    /// Why all of it was not good enough, so that it need not come again to be refused again.
    pub(super) refused: Option<String>,
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

    /// The record `name`, whatever release wrote it, as far as it can be read.
    pub(super) fn of_any_release(dir: &Dir, name: &str) -> Result<Option<Self>, Error> {
        match dir.read(name, LIMIT) {
            Err(Error::Disk {
                errno: Errno::IO, ..
            }) => Ok(None),
            content => Ok(content?.and_then(|content| parse(&Json::read(content.expose())?))),
        }
    }

    /// Whether it speaks of `set` of `instance`.
    pub(super) fn is_of(&self, instance: &str, set: &str) -> bool {
        self.instance == instance && self.set == set
    }

    /// Refuses `directory` when this record in it speaks of another set or instance.
    pub(super) fn refuse_other(
        &self,
        instance: &str,
        set: &str,
        directory: &Path,
    ) -> Result<(), Error> {
        if self.is_of(instance, set) {
            return Ok(());
        }
        let set = foreign(&self.set, 64);
        let owner = match self.instance.as_str() {
            "" => format!("set {set}"),
            instance => format!("set {set} of instance {}", foreign(instance, 64)),
        };
        Err(Error::ClaimedDirectory {
            path: directory.to_owned(),
            owner,
        })
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut json = Json::object(vec![
            ("format", Json::Number(FORMAT)),
            ("instance", Json::text(self.instance.as_str())),
            ("set", Json::text(self.set.as_str())),
            ("id", Json::text(self.id.as_str())),
        ]);
        if let Some(previous) = &self.previous {
            json.add("previous", Json::text(previous.as_str()));
        }
        json.add("when", Json::Number(self.when));
        let mut files = self.files.iter().map(file_json);
        json.pretty_with("files", &mut files).into_bytes()
    }
}

impl PartRecord {
    /// The record `name`. One that cannot be used is as good as none.
    pub(super) fn read(hold: &Dir, name: &str) -> Result<Option<Self>, Error> {
        let Ok(Some(content)) = hold.read(name, LIMIT) else {
            return Ok(None);
        };
        let json = Json::read(content.expose()).unwrap_or(Json::Null);
        refuse_newer(hold, name, &json)?;
        Ok(parse_part(&json))
    }

    /// Durable on return.
    pub(super) fn write(&self, hold: &Dir, name: &str) -> Result<(), Error> {
        let durable = i64::try_from(self.durable).unwrap_or(i64::MAX);
        let json = Json::object(vec![
            ("format", Json::Number(FORMAT)),
            ("name", Json::text(self.name.as_str())),
            ("source", Json::text(self.source.as_str())),
            ("etag", Json::text(self.etag.as_str())),
            ("durable", Json::Number(durable)),
            ("refused", Json::text_or_null(self.refused.as_deref())),
        ]);
        hold.replace_small(name, json.pretty().as_bytes(), &Access::PRIVATE)
    }
}

/// Records that the hook for the version `id` is to run. Durable on return.
pub(super) fn write_pending(hold: &Dir, id: &str) -> Result<(), Error> {
    let json = Json::object(vec![
        ("format", Json::Number(FORMAT)),
        ("id", Json::text(id)),
    ]);
    hold.replace_small(PENDING, json.pretty().as_bytes(), &Access::PRIVATE)
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
            expires: json.any_number_of("expires")?,
        },
        pattern: json.any_text_of("pattern")?,
        length: u64::try_from(json.number_of("length")?).ok()?,
        sha256: json.text_of("sha256")?,
    })
}

fn parse_part(json: &Json) -> Option<PartRecord> {
    format(json)?;
    Some(PartRecord {
        name: FileName::parse(&json.text_of("name")?).ok()?,
        source: json.text_of("source")?,
        etag: json.text_of("etag")?,
        durable: u64::try_from(json.number_of("durable")?).ok()?,
        refused: json.any_text_of("refused")?,
    })
}

fn file_json(entry: &Entry) -> Json {
    let provenance = &entry.provenance;
    let length = i64::try_from(entry.length).unwrap_or(i64::MAX);
    let mut json = Json::object(vec![
        ("name", Json::text(entry.name.as_str())),
        ("source", Json::text(provenance.source.as_str())),
        ("version", Json::text(provenance.version.as_str())),
        ("length", Json::Number(length)),
        ("sha256", Json::text(entry.sha256.as_str())),
    ]);
    if let Some(expires) = provenance.expires {
        json.add("expires", Json::Number(expires));
    }
    if let Some(pattern) = &entry.pattern {
        json.add("pattern", Json::text(pattern.as_str()));
    }
    json
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

fn format(json: &Json) -> Option<i64> {
    json.number_of("format").filter(|format| *format >= 0)
}

const FORMAT: i64 = 1;
const LIMIT: usize = 1 << 20;
