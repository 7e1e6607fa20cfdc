//! Files: new ones that are whole or gone, existing ones that are what they seem.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode as Bits, OFlags};
use rustix::io::{retry_on_intr, Errno};

use super::{attempt, failed, mutant, set_access, Access, Dir, Stat};
use crate::error::Error;
use crate::secret::Secret;

/// A regular file, opened for reading, or to grow.
#[derive(Debug)]
pub struct File {
    fd: OwnedFd,
    path: PathBuf,
}

/// A file being written. Dropped before [`NewFile::finish`], it is removed again.
#[derive(Debug)]
pub struct NewFile<'dir> {
    dir: &'dir Dir,
    name: String,
    fd: OwnedFd,
    whole: bool,
}

impl Dir {
    /// Opens the regular file `name`. `None` when there is nothing; anything but a regular
    /// file is [`Error::ForeignFile`].
    pub fn open_file(&self, name: &str) -> Result<Option<File>, Error> {
        let path = self.join(name);
        // Without O_NONBLOCK a FIFO of this name would hold the run up for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = retry_on_intr(|| rustix::fs::openat(&self.fd, name, flags, Bits::empty()));
        let fd = match opened {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::NXIO) => return Err(Error::ForeignFile { path }),
            Err(errno) => return Err(failed("open", &path, errno)),
        };
        let file = File { fd, path };
        if file.stat()?.kind != FileType::RegularFile {
            return Err(Error::ForeignFile { path: file.path });
        }
        Ok(Some(file))
    }

    /// The content of the regular file `name`, at most `limit` bytes (else `EFBIG`).
    pub fn read(&self, name: &str, limit: usize) -> Result<Option<Secret>, Error> {
        match self.open_file(name)? {
            Some(file) => file.read_all(limit).map(Some),
            None => Ok(None),
        }
    }

    /// Begins a file that does not exist yet; until it is finished only the running user
    /// may read it.
    pub fn create(&self, name: &str) -> Result<NewFile<'_>, Error> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = self.attempt("create", name, || {
            rustix::fs::openat(&self.fd, name, flags, Bits::RUSR | Bits::WUSR)
        })?;
        Ok(NewFile {
            dir: self,
            name: name.to_owned(),
            fd,
            whole: false,
        })
    }
}

impl NewFile<'_> {
    /// Appends `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        write(&self.fd, &self.dir.join(&self.name), bytes)
    }

    /// Gives it its owner, group and mode and makes its content durable. Its name becomes
    /// durable by [`Dir::sync`].
    pub fn finish(mut self, access: &Access) -> Result<(), Error> {
        set_access(&self.fd, &self.dir.join(&self.name), access)?;
        if !mutant::is("rename-first") {
            self.dir
                .attempt("sync", &self.name, || rustix::fs::fsync(&self.fd))?;
        }
        self.whole = true;
        Ok(())
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        if !self.whole {
            let _ = self.dir.unlink(&self.name);
        }
    }
}

impl File {
    pub(super) fn from_parts(fd: OwnedFd, path: &Path) -> Self {
        let path = path.to_owned();
        Self { fd, path }
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What the opened descriptor is.
    pub fn stat(&self) -> Result<Stat, Error> {
        let stat = attempt("look at", &self.path, || rustix::fs::fstat(&self.fd))?;
        Ok(stat.into())
    }

    /// All of it, at most `limit` bytes (else `EFBIG`).
    pub fn read_all(mut self, limit: usize) -> Result<Secret, Error> {
        let length = usize::try_from(self.stat()?.length).unwrap_or(usize::MAX);
        // One byte more than its length, so that the limit is met only by a file that grew.
        let mut content = Secret::with_limit(limit.min(length.saturating_add(1)));
        match content.fill_from(&mut self) {
            Ok(Ok(())) => Ok(content),
            Ok(Err(_)) => Err(failed("read", &self.path, Errno::FBIG)),
            Err(error) => {
                let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
                Err(failed("read", &self.path, errno))
            }
        }
    }

    /// The next bytes; 0 at the end.
    pub fn read_chunk(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        attempt("read", &self.path, || {
            rustix::io::read(&self.fd, &mut *buffer)
        })
    }

    /// Sets owner, group and mode, durably. On the way nobody may read it who may neither
    /// before nor after.
    pub fn set_access(&self, access: &Access) -> Result<(), Error> {
        let before = self.stat()?.mode;
        let narrow = before & u32::from(access.mode.bits());
        if narrow != before {
            attempt("change the mode of", &self.path, || {
                rustix::fs::fchmod(&self.fd, Bits::from_raw_mode(narrow))
            })?;
        }
        set_access(&self.fd, &self.path, access)?;
        attempt("sync", &self.path, || rustix::fs::fsync(&self.fd))
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        Ok(rustix::io::read(&self.fd, buffer)?)
    }
}

/// Writes all of `bytes` where the descriptor stands.
pub(super) fn write(fd: &OwnedFd, path: &Path, mut bytes: &[u8]) -> Result<(), Error> {
    while !bytes.is_empty() {
        let written = attempt("write", path, || rustix::io::write(fd, bytes))?;
        if written == 0 {
            return Err(failed("write", path, Errno::IO));
        }
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_is_removed_and_a_finished_one_private() {
        let top = tempfile::tempdir().unwrap();
        let dir = Dir::walk(top.path()).unwrap().unwrap();
        let mut file = dir.create("a").unwrap();
        file.write(b"half").unwrap();
        drop(file);
        assert_eq!(dir.stat("a").unwrap(), None);
        let mut file = dir.create("a").unwrap();
        file.write(b"whole").unwrap();
        file.finish(&Access::PRIVATE).unwrap();
        assert_eq!(dir.stat("a").unwrap().unwrap().mode, 0o600);
        assert_eq!(dir.read("a", 5).unwrap().unwrap().expose(), b"whole");
        assert!(matches!(
            dir.create("a"),
            Err(Error::Disk {
                errno: Errno::EXIST,
                ..
            })
        ));
    }

    #[test]
    fn only_regular_files_within_the_limit_are_read() {
        let top = tempfile::tempdir().unwrap();
        let dir = Dir::walk(top.path()).unwrap().unwrap();
        dir.replace_small("long", b"123456", &Access::PRIVATE)
            .unwrap();
        dir.symlink("long", "link").unwrap();
        dir.make_dir("directory").unwrap();
        rustix::fs::mkfifoat(&dir.fd, "fifo", Bits::RUSR).unwrap();
        assert!(matches!(
            dir.read("long", 5),
            Err(Error::Disk {
                errno: Errno::FBIG,
                ..
            })
        ));
        for name in ["link", "directory", "fifo"] {
            assert!(
                matches!(dir.read(name, 5), Err(Error::ForeignFile { .. })),
                "{name}"
            );
        }
        assert!(dir.read("none", 5).unwrap().is_none());
    }
}
