//! `state.json`: when each set was last confirmed, and what was missing once.

use std::time::Duration;

use crate::disk::{Access, Dir};
use crate::error::Error;
use crate::json::{Json, Malformed, Members};

/// What outlives a boot. Unknown fields are ignored, so that the previous minor release can
/// read it after an A/B rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// By their names, in order.
    sets: Vec<(String, SetMemory)>,
    /// Whether a later release's file lies there, which stays untouched.
    foreign: bool,
}

/// What is remembered of one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetMemory {
    /// Seconds since 1970 of the last run that confirmed every object.
    pub confirmed: Option<i64>,
    /// Objects that were delivered before and answered 404 in the last run.
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
        let outcome = Self::read(bytes.expose()).unwrap_or_else(|error| {
            let Malformed { line, column, .. } = error;
            log::warn!("{FILE} is damaged (line {line} column {column}) and is begun anew");
            Some(Self::empty())
        });
        Ok(outcome.unwrap_or_else(|| {
            let path = directory.path().join(FILE);
            log::warn!("{}", Error::NewerFormat { path });
            Self {
                foreign: true,
                ..Self::empty()
            }
        }))
    }

    /// `None` for what a later release wrote.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let document = Members::read(bytes)?;
        let format = document.any_number_of("format")?;
        if format.ok_or(document.lacking())? > FORMAT {
            return Ok(None);
        }
        let mut memory = Self::empty();
        if let Some(sets) = document.find("sets") {
            for (name, set) in sets.members().ok_or(document.lacking())? {
                let set = Json::of(set).and_then(|set| SetMemory::read(&set));
                memory.remember(&name, set.ok_or(document.lacking())?);
            }
        }
        Ok(Some(memory))
    }

    /// What is remembered of `set`.
    pub fn set(&self, set: &str) -> SetMemory {
        let known = self.sets.iter().find(|(name, _)| name == set);
        known.map(|(_, memory)| memory.clone()).unwrap_or_default()
    }

    /// Remembers `memory` of `set`.
    pub fn remember(&mut self, set: &str, memory: SetMemory) {
        self.sets.retain(|(name, _)| name != set);
        let place = self.sets.partition_point(|(name, _)| name.as_str() < set);
        self.sets.insert(place, (set.to_owned(), memory));
    }

    /// Forgets all sets but those that `keep` names.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.sets.retain(|(set, _)| keep(set));
    }

    /// Whether the difference to what lies on disk (`old`) is worth a write to flash.
    ///
    /// A mere confirmation is, when the written one is older than `rest(set)`.
    pub fn deserves_writing(&self, old: &Self, rest: impl Fn(&str) -> Duration) -> bool {
        if old.foreign {
            return false;
        }
        let same_sets = self.sets.len() == old.sets.len();
        let quiet = |(name, new): &(String, SetMemory)| {
            let Some((_, old)) = old.sets.iter().find(|(old, _)| old == name) else {
                return false;
            };
            old.missing_once == new.missing_once && !aged(old.confirmed, new.confirmed, rest(name))
        };
        !(same_sets && self.sets.iter().all(quiet))
    }

    /// Writes `state.json`, atomically.
    pub fn save(&self, directory: &Dir) -> Result<(), Error> {
        let sets = self
            .sets
            .iter()
            .map(|(name, set)| (name.clone(), set.json()));
        let json = Json::object(vec![
            ("format", Json::Number(FORMAT)),
            ("sets", Json::Object(sets.collect())),
        ]);
        directory.replace_small(FILE, json.indented().as_bytes(), &Access::PRIVATE)
    }

    fn empty() -> Self {
        Self {
            sets: Vec::new(),
            foreign: false,
        }
    }
}

impl SetMemory {
    fn read(json: &Json) -> Option<Self> {
        let missing = match json.member("missing_once") {
            None => &[],
            Some(_) => json.list_of("missing_once")?,
        };
        let mut missing_once = Vec::new();
        for object in missing {
            missing_once.push(object.as_text()?);
        }
        Some(Self {
            confirmed: json.any_number_of("confirmed")?,
            missing_once,
        })
    }

    fn json(&self) -> Json {
        let mut json = Json::Object(Vec::new());
        if let Some(confirmed) = self.confirmed {
            json.add("confirmed", Json::Number(confirmed));
        }
        if !self.missing_once.is_empty() {
            json.add("missing_once", Json::texts(&self.missing_once));
        }
        json
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
const FORMAT: i64 = 1;
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
        let memory = Memory::read(text.as_bytes()).unwrap().unwrap();
        assert_eq!(memory.set("mqtt").confirmed, Some(7));
    }
}
