//! What can be done with the entries of a directory, relative to its descriptor.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use rustix::fs::{AtFlags, FlockOperation, StatxAttributes, StatxFlags};
use rustix::io::Errno;

use super::{failed, random_id, set_access, Access, Dir, Stat};
use crate::error::Error;

impl Dir {
    /// The names in it, without `.` and `..`.
    pub fn names(&self) -> Result<Vec<OsString>, Error> {
        let mut names = Vec::new();
        let entries = self.attempt("list", "", || rustix::fs::Dir::read_from(&self.fd))?;
        for entry in entries {
            let entry = entry.map_err(|errno| failed("list", &self.path, errno))?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }

    /// The same as texts, in order. What is no UTF-8 is there with stand-ins: none of ours is.
    pub fn sorted_names(&self) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> = Vec::new();
        for name in self.names()? {
            let name = name.to_string_lossy().into_owned();
            let place = names.partition_point(|other| *other < name);
            names.insert(place, name);
        }
        Ok(names)
    }

    /// What stands at `name`, a symbolic link not followed.
    pub fn stat(&self, name: &str) -> Result<Option<Stat>, Error> {
        let stat = self.attempt("look at", name, || {
            optional(rustix::fs::statat(
                &self.fd,
                name,
                AtFlags::SYMLINK_NOFOLLOW,
            ))
        })?;
        Ok(stat.map(Stat::from))
    }

    /// The directory itself.
    pub fn own_stat(&self) -> Result<Stat, Error> {
        let stat = self.attempt("look at", "", || rustix::fs::fstat(&self.fd))?;
        Ok(stat.into())
    }

    /// Whether something is mounted at `name`, so that nothing can be renamed over it. Kernels
    /// before 5.8 cannot tell: no.
    pub fn is_mount_point(&self, name: &str) -> bool {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        rustix::fs::statx(&self.fd, name, flags, StatxFlags::empty())
            .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
    }

    /// Where the symbolic link `name` points; `None` when there is nothing or no link.
    pub fn read_link(&self, name: &str) -> Result<Option<OsString>, Error> {
        let target = self.attempt("read the link", name, || {
            match rustix::fs::readlinkat(&self.fd, name, Vec::new()) {
                Err(Errno::INVAL) => Ok(None),
                other => optional(other),
            }
        })?;
        Ok(target.map(|target| OsString::from_vec(target.into_bytes())))
    }

    /// Makes the symbolic link `name`.
    pub fn symlink(&self, target: &str, name: &str) -> Result<(), Error> {
        self.attempt("create the link", name, || {
            rustix::fs::symlinkat(target, &self.fd, name)
        })
    }

    /// Makes the symbolic link `name`, in the place of what stands there, in one step.
    pub fn replace_symlink(&self, target: &str, name: &str) -> Result<(), Error> {
        let temporary = format!(".{name}.{}", random_id()?);
        self.symlink(target, &temporary)?;
        let renamed = self.rename(&temporary, name);
        if renamed.is_err() {
            let _ = self.unlink(&temporary);
        }
        renamed
    }

    /// Renames within the directory, over what stands at `to`.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        self.attempt("replace", to, || {
            rustix::fs::renameat(&self.fd, from, &self.fd, to)
        })
    }

    /// Renames `name` to `called` in the directory `to` of the same file system, over what
    /// stands there.
    pub fn rename_into(&self, name: &str, to: &Dir, called: &str) -> Result<(), Error> {
        to.attempt("create", called, || {
            rustix::fs::renameat(&self.fd, name, &to.fd, called)
        })
    }

    /// Gives the file `name` the second name `called` in the directory `to`. `false` where that
    /// cannot be had: of other file systems, other people's files, too many names.
    pub fn link_into(&self, name: &str, to: &Dir, called: &str) -> Result<bool, Error> {
        to.attempt("create", called, || {
            let no_flags = AtFlags::empty();
            match rustix::fs::linkat(&self.fd, name, &to.fd, called, no_flags) {
                Ok(()) => Ok(true),
                Err(Errno::MLINK | Errno::OPNOTSUPP | Errno::PERM | Errno::XDEV) => Ok(false),
                Err(errno) => Err(errno),
            }
        })
    }

    /// Removes a file or link; that it is gone already is no error.
    pub fn unlink(&self, name: &str) -> Result<(), Error> {
        self.attempt("remove", name, || {
            optional(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()))
        })?;
        Ok(())
    }

    /// Removes an empty directory; that it is gone already is no error.
    pub fn remove_dir(&self, name: &str) -> Result<(), Error> {
        self.attempt("remove", name, || {
            optional(rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR))
        })?;
        Ok(())
    }

    /// Sets owner, group and mode of the directory itself.
    pub fn set_access(&self, access: &Access) -> Result<(), Error> {
        set_access(&self.fd, &self.path, access)
    }

    /// Makes durable which names are in it.
    pub fn sync(&self) -> Result<(), Error> {
        self.attempt("sync", "", || rustix::fs::fsync(&self.fd))
    }

    /// Keeps other processes' [`Dir::lock`] on this directory out for as long as `self` lives.
    /// Writes nothing.
    pub fn lock(&self) -> Result<(), Error> {
        let operation = FlockOperation::NonBlockingLockExclusive;
        match rustix::io::retry_on_intr(|| rustix::fs::flock(&self.fd, operation)) {
            Ok(()) => Ok(()),
            Err(Errno::WOULDBLOCK) => Err(Error::Locked {
                path: self.path.clone(),
                holder: None,
            }),
            Err(errno) => Err(failed("lock", &self.path, errno)),
        }
    }
}

/// Absence told as a value.
fn optional<T>(result: rustix::io::Result<T>) -> rustix::io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}
