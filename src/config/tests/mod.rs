//! The loader as a whole, on configurations in fresh directories.

mod clouds;
mod examples;
mod golden;
mod merging;
mod schema;
mod sources;
mod table;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Config, LoadRequest};
use crate::disk::Root;
use crate::error::Error;

/// A configuration directory in a fresh place.
pub(super) struct Fixture {
    directory: tempfile::TempDir,
}

impl Fixture {
    pub fn new(main: &str) -> Self {
        let fixture = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        fixture.write("config.json", main);
        fixture
    }

    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    pub fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.directory.path().join(name);
        let parent = path.parent().unwrap();
        fs::create_dir_all(parent).unwrap();
        set_mode(parent, 0o755);
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o644);
        self
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    pub fn load(&self) -> Result<Config, Vec<Error>> {
        Config::load(&LoadRequest {
            config: self.path(),
            instance: None,
            root: Root::default(),
            told: None,
        })
    }

    /// All errors, wherever they are found, with the directory cut off.
    pub fn complaints(&self) -> Vec<String> {
        let errors = match self.load() {
            Ok(config) => {
                let broken = config.broken_sets.into_iter();
                broken
                    .flat_map(|set| std::iter::once(set.error).chain(set.others))
                    .collect()
            }
            Err(errors) => errors,
        };
        let root = format!("{}/", self.path().display());
        errors
            .iter()
            .map(|error| format!("{error} -> {}", error.advice()).replace(&root, ""))
            .collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A whole configuration around `sets`.
pub(super) fn with_sets(sets: &str) -> String {
    format!(
        r#"{{
"cloud": "usgov",
"identity": {{"type": "client_secret", "tenant": "contoso.us", "client_id": "4f4a1d1b-2a3c-4c5d-8e9f-0a1b2c3d4e5f", "client_secret": {{"credential": "entra"}}}},
"vault": "factory7-edge",
"sets": {sets}
}}"#
    )
}
