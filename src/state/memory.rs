//! `state.json`: when each set was last confirmed, what was missing once, and where files were
//! ever delivered to.

use std::time::Duration;

use super::Delivered;
use crate::disk::{self, Access, Dir};
use crate::error::Error;
use crate::json::{Json, Malformed, Members};

/// What outlives a boot. Unknown fields are ignored, so that the previous minor release can
/// read it after an A/B rollback. What that release did not know, it drops: directories of the
/// configuration are remembered anew then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// By their names, in order.
    sets: Vec<(String, SetMemory)>,
    /// Where files may lie that were delivered.
    pub directories: Vec<Delivered>,
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
    /// Its name in the state directory.
    pub const FILE: &'static str = "state.json";

    /// Reads `state.json` from `directory`.
    ///
    /// One that cannot be used only makes ages unknown: a damaged one is replaced by the next
    /// write, one of a later release (after an A/B rollback) is left for it.
    pub fn load(directory: &Dir) -> Result<Self, Error> {
        let Some(bytes) = directory.read(Self::FILE, LIMIT)? else {
            return Ok(Self::empty());
        };
        let outcome = Self::read(bytes.expose()).unwrap_or_else(|error| {
            let Malformed { line, column, .. } = error;
            log::warn!("state.json is damaged (line {line} column {column}) and is begun anew");
            Some(Self::empty())
        });
        Ok(outcome.unwrap_or_else(|| {
            let path = directory.join(Self::FILE);
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
        if let Some(directories) = document.find("directories") {
            let directories = Json::of(directories);
            let directories = directories.and_then(|json| Delivered::read_list(&json));
            memory.directories = directories.ok_or(document.lacking())?;
        }
        Ok(Some(memory))
    }

    /// The sets of which something is remembered; some may come twice.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let directories = self.directories.iter();
        let sets = self.sets.iter().map(|(name, _)| name.as_str());
        sets.chain(directories.map(|delivered| delivered.set.as_str()))
    }

    /// What is remembered of `set`.
    pub fn set(&self, set: &str) -> SetMemory {
        let known = self.sets.iter().find(|(name, _)| name == set);
        known.map(|(_, memory)| memory.clone()).unwrap_or_default()
    }

    /// Remembers `memory` of `set`.
    pub fn remember(&mut self, set: &str, memory: SetMemory) {
        let place = self.sets.partition_point(|(name, _)| name.as_str() < set);
        match self.sets.get_mut(place) {
            Some((name, known)) if name == set => *known = memory,
            _ => self.sets.insert(place, (set.to_owned(), memory)),
        }
    }

    /// Whether a later release's file lies there, which stays untouched.
    pub fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// Forgets all but the directories of all sets but those that `keep` names.
    pub fn retain(&mut self, keep: &dyn Fn(&str) -> bool) {
        self.sets.retain(|(set, _)| keep(set));
    }

    /// Whether the difference to what lies on disk (`old`) is worth a write to flash.
    ///
    /// A mere confirmation is, when the written one is older than `rest(set)`.
    pub fn deserves_writing(&self, old: &Self, rest: impl Fn(&str) -> Duration) -> bool {
        if old.foreign {
            return false;
        }
        let same_sets = self.sets.len() == old.sets.len() && self.directories == old.directories;
        let quiet = |(name, new): &(String, SetMemory)| {
            let Some((_, old)) = old.sets.iter().find(|(old, _)| old == name) else {
                return false;
            };
            old.missing_once == new.missing_once && !aged(old.confirmed, new.confirmed, rest(name))
        };
        !(same_sets && self.sets.iter().all(quiet))
    }

    /// Writes `state.json`, atomically and durably.
    pub fn save(&self, directory: &Dir) -> Result<(), Error> {
        disk::refuse_read_only(directory.path())?;
        let sets = self
            .sets
            .iter()
            .map(|(name, set)| (name.clone(), set.json()));
        let json = Json::object(vec![
            ("format", Json::Number(FORMAT)),
            ("sets", Json::Object(sets.collect())),
            ("directories", Delivered::list(&self.directories)),
        ]);
        directory.replace_small(Self::FILE, json.indented().as_bytes(), &Access::PRIVATE)
    }

    /// Nothing.
    pub fn empty() -> Self {
        Self {
            sets: Vec::new(),
            directories: Vec::new(),
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
        let mut new = old.clone();
        Delivered::add_to(&mut new.directories, "mqtt", "/srv/mqtt".as_ref());
        assert!(new.deserves_writing(&old, rest) && old.deserves_writing(&new, rest));
        assert!(!new.deserves_writing(&new, rest));
    }

    #[test]
    fn a_directory_is_remembered_once_and_longer_than_what_is_known_of_its_set() {
        let top = tempfile::tempdir().unwrap();
        let directory = Dir::walk(top.path()).unwrap().unwrap();
        let mut written = memory(7, &["a"]);
        for (set, path) in [("mqtt", "/srv/a"), ("vpn", "/srv/b"), ("mqtt", "/srv/a")] {
            Delivered::add_to(&mut written.directories, set, path.as_ref());
        }
        written.save(&directory).unwrap();
        let mut read = Memory::load(&directory).unwrap();
        assert_eq!(read, written);
        assert_eq!(read.names().collect::<Vec<_>>(), ["mqtt", "mqtt", "vpn"]);
        read.retain(&|set| set != "mqtt");
        assert_eq!(read.directories, written.directories);
        assert_eq!(read.names().collect::<Vec<_>>(), ["mqtt", "vpn"]);
    }

    #[test]
    fn a_directory_that_nobody_can_have_written_makes_the_file_a_damaged_one() {
        for bad in [
            r#"{"set": "mqtt"}"#,
            r#"{"set": "../mqtt", "directory": "/srv"}"#,
            r#"{"set": "mqtt", "directory": "srv"}"#,
            "7",
        ] {
            let text = format!(r#"{{"format": 1, "sets": {{}}, "directories": [{bad}]}}"#);
            assert!(Memory::read(text.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn unknown_fields_of_a_later_minor_release_are_read_over() {
        let text = r#"{"format": 1, "later": 2, "sets": {"mqtt": {"confirmed": 7, "later": []}}}"#;
        let memory = Memory::read(text.as_bytes()).unwrap().unwrap();
        assert_eq!(memory.set("mqtt").confirmed, Some(7));
    }
}
