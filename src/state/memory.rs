//! `state.json`: when each set was last confirmed, and what was missing once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::disk::{Access, Dir};
use crate::error::Error;

/// What outlives a boot. Unknown fields are ignored, so that the previous minor release can
/// read it after an A/B rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    format: u32,
    #[serde(default)]
    sets: BTreeMap<String, SetMemory>,
    /// Whether a later release's file lies there, which stays untouched.
    #[serde(skip)]
    foreign: bool,
}

/// What is remembered of one set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetMemory {
    /// Seconds since 1970 of the last run that confirmed every object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<i64>,
    /// Objects that were delivered before and answered 404 in the last run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_once: Vec<String>,
}

impl Memory {
    /// Reads `state.json` from `directory`.
    ///
    /// One that cannot be used only makes ages unknown: a damaged one is replaced by the next
    /// write, one of a later release (after an A/B rollback) is left for it.
    pub fn load(directory: &Dir) -> Result<Self, Error> {
        let Some(bytes) = directory.read(FILE, LIMIT)? else {
            return Ok(Self::empty());
        };
        let memory = serde_json::from_slice(bytes.expose()).unwrap_or_else(|error| {
            log::warn!(
                "{FILE} is damaged (line {} column {}) and is begun anew",
                error.line(),
                error.column()
            );
            Self::empty()
        });
        if memory.format > FORMAT {
            let path = directory.path().join(FILE);
            log::warn!("{}", Error::NewerFormat { path });
            return Ok(Self {
                foreign: true,
                ..Self::empty()
            });
        }
        Ok(memory)
    }

    /// What is remembered of `set`.
    pub fn set(&self, set: &str) -> SetMemory {
        self.sets.get(set).cloned().unwrap_or_default()
    }

    /// Remembers `memory` of `set`.
    pub fn remember(&mut self, set: &str, memory: SetMemory) {
        self.sets.insert(set.to_owned(), memory);
    }

    /// Forgets all sets but those that `keep` names.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.sets.retain(|set, _| keep(set));
    }

    /// Whether the difference to what lies on disk (`old`) is worth a write to flash.
    ///
    /// A mere confirmation is, when the written one is older than `rest(set)`.
    pub fn deserves_writing(&self, old: &Self, rest: impl Fn(&str) -> Duration) -> bool {
        if old.foreign {
            return false;
        }
        let same_sets = self.sets.keys().eq(old.sets.keys());
        let quiet = |(name, new): (&String, &SetMemory)| {
            let old = old.set(name);
            old.missing_once == new.missing_once && !aged(old.confirmed, new.confirmed, rest(name))
        };
        !(same_sets && self.sets.iter().all(quiet))
    }

    /// Writes `state.json`, atomically.
    pub fn save(&self, directory: &Dir) -> Result<(), Error> {
        let json = serde_json::to_vec_pretty(self).map_err(|_| Error::Internal {
            what: "a state that is no JSON".to_owned(),
        })?;
        directory.replace_small(FILE, &json, &Access::PRIVATE)
    }

    fn empty() -> Self {
        Self {
            format: FORMAT,
            sets: BTreeMap::new(),
            foreign: false,
        }
    }
}

/// Whether `new` is later than `old` by `rest`, or there was none, or the clock went back.
fn aged(old: Option<i64>, new: Option<i64>, rest: Duration) -> bool {
    match (old, new) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => match u64::try_from(new.saturating_sub(old)) {
            Ok(seconds) => seconds >= rest.as_secs(),
            Err(_) => true,
        },
    }
}

const FILE: &str = "state.json";
const FORMAT: u32 = 1;
/// Bytes; a set needs about a hundred.
const LIMIT: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(confirmed: i64, missing_once: &[&str]) -> Memory {
        let mut memory = Memory::empty();
        let missing_once = missing_once.iter().map(|name| (*name).to_owned()).collect();
        memory.remember(
            "mqtt",
            SetMemory {
                confirmed: Some(confirmed),
                missing_once,
            },
        );
        memory
    }

    #[test]
    fn a_confirmation_alone_is_written_only_after_the_rest() {
        let rest = |_: &str| Duration::from_secs(1000);
        let old = memory(5000, &[]);
        for (new, worth) in [
            (memory(5000, &[]), false),
            (memory(5999, &[]), false),
            (memory(6000, &[]), true),
            (memory(4000, &[]), true),
            (memory(5001, &["a"]), true),
        ] {
            assert_eq!(new.deserves_writing(&old, rest), worth, "{new:?}");
        }
        assert!(old.deserves_writing(&Memory::empty(), rest));
    }

    #[test]
    fn unknown_fields_of_a_later_minor_release_are_read_over() {
        let text = r#"{"format": 1, "later": 2, "sets": {"mqtt": {"confirmed": 7, "later": []}}}"#;
        let memory: Memory = serde_json::from_str(text).unwrap();
        assert_eq!(memory.set("mqtt").confirmed, Some(7));
    }
}
