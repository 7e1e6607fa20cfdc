//! `seen.json`: which change of its objects each file on disk was made from.
//!
//! For sets that ask a vault's list what changed. It lies in the runtime directory, in memory:
//! after a boot every object is fetched once. What cannot be read of it is as good as nothing.

use crate::disk::{Access, Dir};
use crate::error::Error;
use crate::json::Json;

/// What was seen of all sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The files.
    pub files: Vec<SeenFile>,
}

/// What was seen of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFile {
    /// Its set.
    pub set: String,
    /// Its name.
    pub file: String,
    /// What it was made of.
    pub source: String,
    /// SHA-256 of its content, 64 hexadecimal digits.
    pub sha256: String,
    /// When its objects were fetched, in seconds since 1970 of this device's clock.
    pub at: i64,
    /// When each of its objects was changed, in seconds since 1970 of the vault's clock.
    pub updated: Vec<i64>,
}

impl Seen {
    /// Its name in the runtime directory.
    pub const FILE: &'static str = "seen.json";

    /// Reads `seen.json` from `directory`.
    pub fn load(directory: &Dir) -> Self {
        let content = directory.read(Self::FILE, LIMIT).ok().flatten();
        let json = content.and_then(|content| Json::read(content.expose()));
        json.and_then(|json| parse(&json)).unwrap_or_default()
    }

    /// What was seen of `file` in `set`.
    pub fn file(&self, set: &str, file: &str) -> Option<&SeenFile> {
        let mut files = self.files.iter();
        files.find(|seen| seen.set == set && seen.file == file)
    }

    /// Writes `seen.json`, atomically.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn save(&self, directory: &Dir) -> Result<(), Error> {
        let mut files = self.files.iter().map(|file| {
            let updated = file.updated.iter();
            Json::object(vec![
                ("set", Json::text(&file.set)),
                ("file", Json::text(&file.file)),
                ("source", Json::text(&file.source)),
                ("sha256", Json::text(&file.sha256)),
                ("at", Json::Number(file.at)),
                (
                    "updated",
                    Json::List(updated.map(|time| Json::Number(*time)).collect()),
                ),
            ])
        });
        let json = Json::object(vec![("format", Json::Number(FORMAT))]);
        let text = json.pretty_with("files", &mut files);
        directory.replace_small(Self::FILE, text.as_bytes(), &Access::PRIVATE)
    }
}

fn parse(json: &Json) -> Option<Seen> {
    if json.number_of("format")? != FORMAT {
        return None;
    }
    let files = json.list_of("files")?.iter();
    Some(Seen {
        files: files.map(parse_file).collect::<Option<_>>()?,
    })
}

fn parse_file(json: &Json) -> Option<SeenFile> {
    let updated = json.list_of("updated")?.iter();
    Some(SeenFile {
        set: json.text_of("set")?,
        file: json.text_of("file")?,
        source: json.text_of("source")?,
        sha256: json.text_of("sha256")?,
        at: json.number_of("at")?,
        updated: updated.map(Json::as_number).collect::<Option<_>>()?,
    })
}

const FORMAT: i64 = 1;
const LIMIT: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_damage_is_nothing() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().canonicalize().unwrap();
        let directory = Dir::walk(&path).unwrap().unwrap();
        assert_eq!(Seen::load(&directory), Seen::default());
        let seen = Seen {
            files: vec![SeenFile {
                set: "mqtt".to_owned(),
                file: "a\"b".to_owned(),
                source: "v/secrets/a".to_owned(),
                sha256: "00".to_owned(),
                at: 5,
                updated: vec![1, 2],
            }],
        };
        seen.save(&directory).unwrap();
        assert_eq!(Seen::load(&directory), seen);
        let file = path.join(Seen::FILE);
        let whole = std::fs::read(&file).unwrap();
        for length in 0..whole.len().saturating_sub(1) {
            let cut = whole.get(..length).unwrap();
            directory
                .replace_small(Seen::FILE, cut, &Access::PRIVATE)
                .unwrap();
            assert_eq!(Seen::load(&directory), Seen::default(), "cut at {length}");
        }
    }
}
