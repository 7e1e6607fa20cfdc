//! Files and directories: the only place of the program that writes to a disk.
//!
//! A directory is opened once, by walking to it without following symbolic links
//! ([`Dir::walk`]), and all work is done relative to its descriptor. New content is
//! created beside its place, made durable, and renamed into it; whoever may read it is
//! settled before it gets there. Nothing here knows what the bytes mean.

mod ability;
mod entry;
mod file;
mod growing;
mod id;
mod lock;
pub(crate) mod mutant;
mod room;
mod root;
mod small;
mod trust;
mod walk;

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Gid, RawMode, Uid};
use rustix::io::{retry_on_intr, Errno};

pub use ability::{is_executable, is_own_group, may_change_owners, refuse_read_only};
pub use file::{File, NewFile};
pub use id::{hex, is_id, random_id};
pub use lock::Lock;
pub use room::{free_bytes, lies_in_memory};
pub use root::Root;
pub use small::temporary_of;
pub use trust::{config_names, read_config, read_credential, read_foreign, Origin};

use crate::error::Error;
use crate::name::Mode;

/// An opened directory and the path that led to it, which is only for messages.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

/// Who may do what with a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Its owner; whoever creates it without.
    pub owner: Option<Uid>,
    /// Its group; the creator's without.
    pub group: Option<Gid>,
    /// Its mode.
    pub mode: Mode,
}

/// What the system tells about a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: FileType,
    /// All twelve mode bits.
    pub mode: u32,
    /// Its owner's id.
    pub owner: u32,
    /// Its group's id.
    pub group: u32,
    /// Length in bytes.
    pub length: u64,
}

impl Dir {
    /// Where it was found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in it, for messages; its own for an empty name.
    pub fn join(&self, name: &str) -> PathBuf {
        if name.is_empty() {
            return self.path.clone();
        }
        self.path.join(name)
    }

    /// One system call on `name` in this directory, again when a signal interrupted it.
    fn attempt<T>(
        &self,
        action: &'static str,
        name: &str,
        call: impl FnMut() -> rustix::io::Result<T>,
    ) -> Result<T, Error> {
        attempt(action, &self.join(name), call)
    }
}

impl Access {
    /// A directory for the running user alone.
    pub const CLOSED: Self = Self::of(0o700);
    /// A file for the running user alone.
    pub const PRIVATE: Self = Self::of(0o600);
    /// A directory that everybody may pass and list.
    pub const PUBLIC: Self = Self::of(0o755);

    const fn of(bits: u16) -> Self {
        Self {
            owner: None,
            group: None,
            mode: match Mode::new(bits) {
                Some(mode) => mode,
                None => unreachable!(),
            },
        }
    }
}

impl Stat {
    /// Whether owner, group and mode are as `access` wants them.
    pub fn agrees_with(&self, access: &Access) -> bool {
        access
            .owner
            .is_none_or(|owner| owner.as_raw() == self.owner)
            && access
                .group
                .is_none_or(|group| group.as_raw() == self.group)
            && u32::from(access.mode.bits()) == self.mode
    }
}

impl From<rustix::fs::Stat> for Stat {
    fn from(stat: rustix::fs::Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode),
            mode: stat.st_mode & 0o7777,
            owner: stat.st_uid,
            group: stat.st_gid,
            length: u64::try_from(stat.st_size).unwrap_or(0),
        }
    }
}

/// One system call on `path`, again when a signal interrupted it.
fn attempt<T>(
    action: &'static str,
    path: &Path,
    call: impl FnMut() -> rustix::io::Result<T>,
) -> Result<T, Error> {
    retry_on_intr(call).map_err(|errno| failed(action, path, errno))
}

fn failed(action: &'static str, path: &Path, errno: Errno) -> Error {
    Error::Disk {
        action,
        path: path.to_owned(),
        errno,
    }
}

/// `fchown`, then `fchmod`: the other way round a moment would exist in which the wrong
/// group may already read.
fn set_access(fd: &OwnedFd, path: &Path, access: &Access) -> Result<(), Error> {
    let chown = || {
        attempt("change the owner of", path, || {
            rustix::fs::fchown(fd, access.owner, access.group)
        })
    };
    let chmod = || {
        let bits = RawMode::from(access.mode.bits());
        attempt("change the mode of", path, || {
            rustix::fs::fchmod(fd, rustix::fs::Mode::from_raw_mode(bits))
        })
    };
    if mutant::is("chmod-first") {
        chmod()?;
        return chown();
    }
    chown()?;
    chmod()
}
