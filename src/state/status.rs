//! `status.json`: how the last run ended, set by set.

mod form;

use rustix::fs::Gid;

use super::Delivered;
use crate::disk::{Access, Dir};
use crate::error::Error;
use crate::json::Json;
use crate::name::Mode;

/// The whole document. Its fields are an interface; `schema` counts breaking changes.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Directories in which files lie that no configured set delivers any more.
    pub orphaned: Vec<Delivered>,
}

/// The identity in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// `certificate gw-0042`.
    pub text: String,
    /// Seconds since 1970 until when it is valid, where known.
    pub expires: Option<i64>,
    /// Its place among those that the run could use, from 1; more than 1 is a fallback.
    pub position: usize,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// Its name.
    pub name: String,
    /// The version of its object.
    pub version: String,
    /// Seconds since 1970 until when the certificate is valid that it is of.
    pub expires: Option<i64>,
}

/// How a set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Its name in the runtime directory.
    pub const FILE: &'static str = "status.json";
    /// The number of [`Status::schema`].
    pub const SCHEMA: u32 = 1;

    /// Reads `status.json` from `directory`; nothing if no run has ended since the boot.
    ///
    /// # Errors
    /// A file of a later schema. One that is damaged is as good as none.
    pub fn load(directory: &Dir) -> Result<Option<Self>, Error> {
        let Some(bytes) = directory.read(Self::FILE, LIMIT)? else {
            return Ok(None);
        };
        let Some(document) = Json::read(bytes.expose()) else {
            return Ok(damaged());
        };
        let schema = document.number_of("schema").unwrap_or_default();
        if schema > i64::from(Self::SCHEMA) {
            return Err(Error::NewerFormat {
                path: directory.join(Self::FILE),
            });
        }
        Ok(Self::read(&document).or_else(damaged))
    }

    /// Writes `status.json`, atomically, readable by `group` where there is one.
    pub fn save(&self, directory: &Dir, group: Option<Gid>) -> Result<(), Error> {
        let access = Access {
            owner: None,
            group,
            mode: READABLE,
        };
        directory.replace_small(Self::FILE, self.to_json().as_bytes(), &access)
    }

    /// The set called `name`.
    pub fn set(&self, name: &str) -> Option<&SetStatus> {
        self.sets.iter().find(|set| set.name == name)
    }
}

impl SetState {
    const ALL: [Self; 9] = [
        Self::Absent,
        Self::Current,
        Self::Failed,
        Self::Misconfigured,
        Self::Missing,
        Self::Pending,
        Self::Refused,
        Self::Stale,
        Self::Unusable,
    ];

    fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

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
    log::warn!("status.json is damaged and is not used");
    None
}

/// Bytes; 64 sets of 256 files fit.
const LIMIT: usize = 4 * 1024 * 1024;
const READABLE: Mode = match Mode::new(0o640) {
    Some(mode) => mode,
    None => unreachable!(),
};

#[cfg(test)]
mod tests {
    use super::*;

    fn set(state: SetState, known: bool) -> SetStatus {
        let text = |text: &str| known.then(|| text.to_owned());
        SetStatus {
            name: "mqtt".to_owned(),
            state,
            reason: text("network"),
            error: text("no answer"),
            next_step: text("wait"),
            exit_code: 69,
            required: known,
            confirmed: known.then_some(1),
            changed: known.then_some(2),
            generation: text("g1"),
            max_stale: 3,
            directory: text("/run/keyferry/sets/mqtt"),
            files: vec![FileStatus {
                name: "password".to_owned(),
                version: "4387".to_owned(),
                expires: known.then_some(4),
            }],
        }
    }

    fn status(known: bool) -> Status {
        let sets = SetState::ALL.into_iter();
        let orphaned = std::iter::once(Delivered {
            set: "vpn".to_owned(),
            directory: "/srv/vpn".into(),
        });
        Status {
            schema: Status::SCHEMA,
            instance: "edge".to_owned(),
            cloud: "usgov".to_owned(),
            vaults: vec!["factory7-edge".to_owned()],
            identity: known.then(|| Chosen {
                text: "certificate gw-0042".to_owned(),
                expires: Some(4),
                position: 5,
            }),
            run: Run {
                at: -6,
                exit_code: 69,
                offline: known,
                milliseconds: 7,
                connections: 8,
                requests: 9,
                sent: 10,
                received: 11,
            },
            sets: sets.map(|state| set(state, known)).collect(),
            orphaned: orphaned.filter(|_| known).collect(),
        }
    }

    #[test]
    fn is_read_as_it_was_written() {
        for known in [false, true] {
            let status = status(known);
            let json = Json::read(status.to_json().as_bytes()).unwrap();
            assert_eq!(Status::read(&json), Some(status));
        }
    }

    #[test]
    fn a_status_of_before_there_were_orphans_is_read() {
        let status = status(false);
        let text = status.to_json().replace("\"orphaned\": []", "\"later\": 1");
        let json = Json::read(text.as_bytes()).unwrap();
        assert_eq!(Status::read(&json), Some(status));
    }

    #[test]
    fn what_lacks_a_member_or_has_a_wrong_one_is_no_status() {
        let good = status(true).to_json();
        for (from, to) in [
            ("\"schema\"", "\"scheme\""),
            ("\"at\"", "\"when\""),
            ("\"files\"", "\"file\""),
            ("\"absent\"", "\"gone\""),
            ("\"exit_code\": 69", "\"exit_code\": 256"),
            ("\"reason\": \"network\"", "\"reason\": 7"),
            ("\"expires\": 4", "\"expires\": 0.5"),
            ("\"/srv/vpn\"", "\"srv/vpn\""),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            let json = Json::read(bad.as_bytes()).unwrap();
            assert_eq!(Status::read(&json), None, "{to}");
        }
    }
}
