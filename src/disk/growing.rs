//! Files that grow over several runs. Unlike a [`NewFile`](super::NewFile) one stays when it
//! is dropped; how much of it counts is the caller's to record.

use rustix::fs::{Mode as Bits, OFlags};
use rustix::io::{retry_on_intr, Errno};

use super::{attempt, failed, set_access, Access, Dir, File};
use crate::error::Error;

impl Dir {
    /// Begins the file `name`, which does not exist yet, for appending. Only the running user
    /// may read it.
    pub fn create_growing(&self, name: &str) -> Result<File, Error> {
        let flags = OFlags::CREATE | OFlags::EXCL;
        let fd = self.attempt("create", name, || {
            rustix::fs::openat(&self.fd, name, GROWING | flags, Bits::RUSR | Bits::WUSR)
        })?;
        Ok(File::from_parts(fd, &self.join(name)))
    }

    /// Opens the file `name` of an earlier run to go on with it. `None` unless it is a regular
    /// file of ours that has no other name: what is appended must not get elsewhere.
    pub fn open_growing(&self, name: &str) -> Result<Option<File>, Error> {
        let path = self.join(name);
        let opened = retry_on_intr(|| rustix::fs::openat(&self.fd, name, GROWING, Bits::empty()));
        let fd = match opened {
            Ok(fd) => fd,
            Err(Errno::ISDIR | Errno::LOOP | Errno::NOENT | Errno::NXIO) => return Ok(None),
            Err(errno) => return Err(failed("open", &path, errno)),
        };
        let stat = attempt("look at", &path, || rustix::fs::fstat(&fd))?;
        let is_ours = stat.st_uid == rustix::process::geteuid().as_raw();
        let is_file = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
        if !is_ours || !is_file || stat.st_nlink != 1 {
            return Ok(None);
        }
        Ok(Some(File::from_parts(fd, &path)))
    }
}

impl File {
    /// Appends `bytes`, if it was opened for that. After an error some of them may be there.
    pub fn append(&self, bytes: &[u8]) -> Result<(), Error> {
        super::file::write(self.fd(), self.path(), bytes)
    }

    /// Cuts it to `length` bytes.
    pub fn cut(&self, length: u64) -> Result<(), Error> {
        attempt("cut", self.path(), || {
            rustix::fs::ftruncate(self.fd(), length)
        })
    }

    /// Makes its content durable.
    pub fn sync(&self) -> Result<(), Error> {
        attempt("sync", self.path(), || rustix::fs::fsync(self.fd()))
    }

    /// Gives it its owner, group and mode, durably, when only the running user could read it
    /// until now.
    pub fn give(&self, access: &Access) -> Result<(), Error> {
        set_access(self.fd(), self.path(), access)?;
        self.sync()
    }
}

const GROWING: OFlags = OFlags::WRONLY
    .union(OFlags::APPEND)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_grows_over_several_openings() {
        let top = tempfile::tempdir().unwrap();
        let dir = Dir::walk(top.path()).unwrap().unwrap();
        assert!(dir.open_growing("a").unwrap().is_none());
        let file = dir.create_growing("a").unwrap();
        file.append(b"one, two").unwrap();
        assert_eq!(dir.stat("a").unwrap().unwrap().mode, 0o600);
        assert!(dir.create_growing("a").is_err());
        drop(file);
        let file = dir.open_growing("a").unwrap().unwrap();
        file.cut(5).unwrap();
        file.append(b"three").unwrap();
        assert_eq!(dir.read("a", 99).unwrap().unwrap().expose(), b"one, three");
    }

    #[test]
    fn nothing_is_appended_to_what_others_can_reach() {
        let top = tempfile::tempdir().unwrap();
        let dir = Dir::walk(top.path()).unwrap().unwrap();
        dir.create_growing("a").unwrap();
        dir.link_into("a", &dir, "b").unwrap();
        dir.symlink("a", "link").unwrap();
        dir.make_dir("directory").unwrap();
        rustix::fs::mkfifoat(&dir.fd, "fifo", Bits::RUSR | Bits::WUSR).unwrap();
        for name in ["a", "link", "directory", "fifo"] {
            assert!(dir.open_growing(name).unwrap().is_none(), "{name}");
        }
        dir.unlink("b").unwrap();
        assert!(dir.open_growing("a").unwrap().is_some());
    }
}
