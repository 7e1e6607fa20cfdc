//! The files by which the Arc agent tells a privileged process from others, and false ones.
//!
//! All of them lie in the tokens directory, but for what is to lie outside of it: that goes into a
//! directory of its own among the temporary files. All are removed when the endpoint ends.

#![expect(
    clippy::disallowed_methods,
    reason = "the product's rule; this is no product"
)]

use std::collections::HashMap;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{symlink, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use base64::prelude::{Engine, BASE64_STANDARD};
use rustix::fs::{mknodat, FileType, Mode, CWD};

use crate::machine::arc::ArcChallenge;
use crate::{lock, random};

/// The files of one agent.
pub(crate) struct KeyFiles {
    directory: PathBuf,
    outside: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The file of each key that is good for a token.
    good: HashMap<String, PathBuf>,
    /// The first lines of false files.
    baits: Vec<String>,
    made: Vec<PathBuf>,
}

/// What a client's key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redeemed {
    /// From a file that the client should not have read.
    Bait,
    Good,
    Unknown,
}

impl KeyFiles {
    /// Files in a directory, which has to exist.
    pub fn new(directory: &Path) -> io::Result<KeyFiles> {
        let directory = directory.canonicalize()?;
        let outside = std::env::temp_dir().join(format!("outside-{}", random::guid()));
        Ok(KeyFiles {
            directory,
            outside,
            state: Mutex::default(),
        })
    }

    /// Makes the file of a challenge; gives the challenge's header.
    pub fn challenge(&self, challenge: &ArcChallenge) -> io::Result<String> {
        let name = random::guid();
        let path = self.directory.join(format!("{name}.key"));
        let path = match challenge {
            ArcChallenge::Directory => {
                fs::create_dir(&path)?;
                self.remember(&path);
                path
            }
            ArcChallenge::Dots => {
                let out = "/..".repeat(self.directory.components().count());
                let bait = self.bait_outside(&name)?;
                PathBuf::from(format!(
                    "{}{out}{}",
                    self.directory.display(),
                    bait.display()
                ))
            }
            ArcChallenge::Empty => self.write(path, b"", 0o640)?,
            ArcChallenge::Fifo => {
                mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o640), 0)?;
                self.remember(&path);
                path
            }
            ArcChallenge::Header(header) => return Ok(header.clone()),
            ArcChallenge::LineBreak => {
                let text = format!("{}\r\nX-Injected: yes", self.bait());
                self.write(path, text.as_bytes(), 0o640)?
            }
            ArcChallenge::Missing => path,
            ArcChallenge::NoExtension => {
                self.write(self.directory.join(name), self.bait().as_bytes(), 0o640)?
            }
            ArcChallenge::NoRealm => return Ok("Basic".to_owned()),
            ArcChallenge::Outside => self.bait_outside(&name)?,
            // With a bad key the agent asks again, even where it did not ask at first.
            ArcChallenge::Proper | ArcChallenge::Immediate => {
                let key = random_key();
                let path = self.write(path, key.as_bytes(), 0o640)?;
                lock(&self.state).good.insert(key, path.clone());
                path
            }
            ArcChallenge::Symlink => {
                symlink(self.bait_outside(&name)?, &path)?;
                self.remember(&path);
                path
            }
            ArcChallenge::TooLarge => {
                let mut text = self.bait();
                text.push_str(&"a".repeat(LARGEST + 1 - text.len()));
                lock(&self.state).baits.push(text.clone());
                self.write(path, text.as_bytes(), 0o640)?
            }
            ArcChallenge::Unreadable => self.write(path, self.bait().as_bytes(), 0o000)?,
        };
        Ok(format!("Basic realm={}", path.display()))
    }

    /// Takes a key back: it was good once, and its file goes.
    pub fn redeem(&self, content: &str) -> Redeemed {
        let mut state = lock(&self.state);
        if let Some(path) = state.good.remove(content) {
            let _ = fs::remove_file(path);
            return Redeemed::Good;
        }
        match state.baits.iter().any(|bait| bait == content) {
            true => Redeemed::Bait,
            false => Redeemed::Unknown,
        }
    }

    fn bait(&self) -> String {
        let bait = random_key();
        lock(&self.state).baits.push(bait.clone());
        bait
    }

    fn bait_outside(&self, name: &str) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.outside)?;
        let path = self.outside.join(format!("{name}.key"));
        self.write(path, self.bait().as_bytes(), 0o640)
    }

    /// Writes a new file, whose mode does not depend on the umask.
    fn write(&self, path: PathBuf, content: &[u8], mode: u32) -> io::Result<PathBuf> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        self.remember(&path);
        file.write_all(content)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        Ok(path)
    }

    fn remember(&self, path: &Path) {
        lock(&self.state).made.push(path.to_owned());
    }
}

impl Drop for KeyFiles {
    fn drop(&mut self) {
        for path in lock(&self.state).made.drain(..) {
            // What was used up is gone already.
            let _ = match path.is_dir() && !path.is_symlink() {
                true => fs::remove_dir(&path),
                false => fs::remove_file(&path),
            };
        }
        let _ = fs::remove_dir(&self.outside);
    }
}

/// A key with all that a careless encoder would change.
fn random_key() -> String {
    format!("{}/+==", BASE64_STANDARD.encode(random::bytes::<32>()))
}

/// The size that clients allow a key file, in bytes.
const LARGEST: usize = 4096;
