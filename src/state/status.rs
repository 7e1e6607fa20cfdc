//! `status.json`: how the last run ended, set by set.

use rustix::fs::Gid;
use serde::{Deserialize, Serialize};

use crate::disk::{Access, Dir};
use crate::error::Error;
use crate::name::Mode;

/// The whole document. Its fields are an interface; `schema` counts breaking changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// 1.
    pub schema: u32,
    /// The instance, empty for the only one.
    pub instance: String,
    /// The cloud's name.
    pub cloud: String,
    /// The vaults of the configuration, by their short names.
    pub vaults: Vec<String>,
    /// The identity that worked last, if any did.
    pub identity: Option<Chosen>,
    /// The last run.
    pub run: Run,
    /// The sets, in the order of the configuration.
    pub sets: Vec<SetStatus>,
}

/// The identity in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// `certificate gw-0042`.
    pub text: String,
    /// Seconds since 1970 until when it is valid, where known.
    pub expires: Option<i64>,
    /// Its place among those that the run could use, from 1; more than 1 is a fallback.
    pub position: usize,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Seconds since 1970 of its end, by the device's clock.
    pub at: i64,
    /// Its exit code.
    pub exit_code: u8,
    /// Whether it was `--offline`.
    pub offline: bool,
    /// Milliseconds it took.
    pub milliseconds: u64,
    /// TLS connections opened.
    pub connections: u32,
    /// Requests sent, each attempt counted.
    pub requests: u32,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
}

/// One set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetStatus {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: SetState,
    /// Why it is not current: a code of the closed list.
    pub reason: Option<String>,
    /// The error's sentence.
    pub error: Option<String>,
    /// What to do next.
    pub next_step: Option<String>,
    /// This set's own exit code.
    pub exit_code: u8,
    /// Whether it counts for exit code and readiness.
    pub required: bool,
    /// Seconds since 1970 of the last run that confirmed every object.
    pub confirmed: Option<i64>,
    /// Seconds since 1970 of the last switch to new content.
    pub changed: Option<i64>,
    /// The version on disk.
    pub generation: Option<String>,
    /// Seconds past which the set is too old.
    pub max_stale: u64,
    /// Its directory.
    pub directory: Option<String>,
    /// The delivered files.
    pub files: Vec<FileStatus>,
}

/// One delivered file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStatus {
    /// Its name.
    pub name: String,
    /// The version of its object.
    pub version: String,
}

/// How a set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SetState {
    /// Nothing was ever delivered, for a reason that may pass by itself.
    Absent,
    /// All objects confirmed by the last run.
    Current,
    /// Files could not be written.
    Failed,
    /// The configuration of the set cannot be used.
    Misconfigured,
    /// An object or a credential file is missing.
    Missing,
    /// The files are current; an `on_change` action has yet to succeed.
    Pending,
    /// Credential, role, firewall, disabled.
    Refused,
    /// Not refreshed; last good is served.
    Stale,
    /// A reply or object could not be used.
    Unusable,
}

impl Status {
    /// The number of [`Status::schema`].
    pub const SCHEMA: u32 = 1;

    /// Reads `status.json` from `directory`; nothing if no run has ended since the boot.
    ///
    /// # Errors
    /// A file of a later schema. One that is damaged is as good as none.
    pub fn load(directory: &Dir) -> Result<Option<Self>, Error> {
        let Some(bytes) = directory.read(FILE, LIMIT)? else {
            return Ok(None);
        };
        let Ok(schema) = serde_json::from_slice::<Schema>(bytes.expose()) else {
            return Ok(damaged());
        };
        if schema.schema > Self::SCHEMA {
            return Err(Error::NewerFormat {
                path: directory.path().join(FILE),
            });
        }
        Ok(serde_json::from_slice(bytes.expose()).unwrap_or_else(|_| damaged()))
    }

    /// Writes `status.json`, atomically, readable by `group` where there is one.
    pub fn save(&self, directory: &Dir, group: Option<Gid>) -> Result<(), Error> {
        let access = Access {
            owner: None,
            group,
            mode: READABLE,
        };
        directory.replace_small(FILE, self.to_json()?.as_bytes(), &access)
    }

    /// The document as text.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self).map_err(|_| Error::Internal {
            what: "a status that is no JSON".to_owned(),
        })
    }

    /// The set called `name`.
    pub fn set(&self, name: &str) -> Option<&SetStatus> {
        self.sets.iter().find(|set| set.name == name)
    }
}

impl SetState {
    /// The word for people; the same as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Current => "current",
            Self::Failed => "failed",
            Self::Misconfigured => "misconfigured",
            Self::Missing => "missing",
            Self::Pending => "pending",
            Self::Refused => "refused",
            Self::Stale => "stale",
            Self::Unusable => "unusable",
        }
    }
}

/// Not our doing, and the next run replaces it.
fn damaged() -> Option<Status> {
    log::warn!("{FILE} is damaged and is not used");
    None
}

#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

const FILE: &str = "status.json";
/// Bytes; 64 sets of 256 files fit.
const LIMIT: usize = 4 * 1024 * 1024;
const READABLE: Mode = match Mode::new(0o640) {
    Some(mode) => mode,
    None => unreachable!(),
};
