//! A version of the set: as it should be, or as a reader finds it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The files of a version of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub files: BTreeMap<String, File>,
}

/// A file as a reader finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub content: String,
    pub mode: u32,
}

impl Version {
    pub fn contents(&self) -> BTreeMap<String, String> {
        let files = self.files.iter();
        files
            .map(|(name, file)| (name.clone(), file.content.clone()))
            .collect()
    }

    pub fn of(files: &[(&str, String, u32)]) -> Self {
        let file = |(name, content, mode): &(&str, String, u32)| {
            let content = content.clone();
            (
                (*name).to_owned(),
                File {
                    content,
                    mode: *mode,
                },
            )
        };
        Self {
            files: files.iter().map(file).collect(),
        }
    }

    /// The files in `directory`, links followed, names with a dot in front left out. None
    /// when there is no such directory.
    pub fn read(directory: &Path) -> Self {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if !name.starts_with('.') {
                files.insert(name, File::read(&entry.path()));
            }
        }
        Self { files }
    }
}

impl File {
    fn read(path: &Path) -> Self {
        let content = fs::read_to_string(path);
        Self {
            content: content.unwrap_or_else(|error| format!("unreadable: {error}")),
            mode: fs::metadata(path).map_or(0, |stat| stat.mode() & 0o7777),
        }
    }
}

/// A content of this length that says what it is, and differs from all others in its first
/// ten letters.
pub fn text(file: &str, word: &str, length: usize) -> String {
    format!("{file}-{word}-")
        .chars()
        .cycle()
        .take(length)
        .collect()
}
