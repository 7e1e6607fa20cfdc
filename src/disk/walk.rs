//! The walk from `/` to a directory, checking each step on its opened descriptor.
//!
//! Whoever can rename a directory on the way could put another in its place, so each
//! must belong to root or the running user and be writable by nobody else; a sticky
//! one (`/tmp`) is fine, since others cannot rename there what is not theirs. `openat2`
//! would do part of this, but old kernels and emulators lack it.

use std::ffi::OsStr;
use std::path::{Component, Path};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{flock, AtFlags, FileType, FlockOperation, Mode as Bits, OFlags};
use rustix::io::Errno;

use super::{failed, is_id, random_id, set_access, Access, Dir, Root, Stat};
use crate::error::Error;

impl Dir {
    /// Walks to `path`, which is absolute. `None` when it does not exist.
    pub fn walk(path: &Path) -> Result<Option<Self>, Error> {
        Self::walk_in(&Root::default(), path)
    }

    /// The same in `root`.
    pub fn walk_in(root: &Root, path: &Path) -> Result<Option<Self>, Error> {
        match Self::reach(root, path)? {
            Some(dir) => dir.reopened().map(Some),
            None => Ok(None),
        }
    }

    /// The same for somebody who need not be allowed to list it: nothing can be done with what
    /// is given, but to see that it is there. Who may write to the top of an image is for its
    /// builder.
    pub fn reach(root: &Root, path: &Path) -> Result<Option<Self>, Error> {
        let mut here = match root.top() {
            Some(top) => Self::top(top)?,
            None => Self::root()?,
        };
        for component in components(path)? {
            match here.step(component)? {
                Some(next) => here = next,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    /// Walks to `path` and makes what is missing of it: ancestors with mode 0755, the last
    /// directory with `access`. One that exists is left as it is.
    pub fn create_path(path: &Path, access: &Access) -> Result<Self, Error> {
        let mut here = Self::root()?;
        let mut rest = components(path)?.into_iter().peekable();
        while let Some(component) = rest.next() {
            let wanted = if rest.peek().is_some() {
                &Access::PUBLIC
            } else {
                access
            };
            here = match here.step(component)? {
                Some(next) => next,
                None => here.reopened()?.create_step(component, wanted)?,
            };
        }
        here.reopened()
    }

    /// Opens the directory `name` in this one, under the same rules. `None` when there is none.
    pub fn open_dir(&self, name: &str) -> Result<Option<Self>, Error> {
        match self.step(OsStr::new(name))? {
            Some(dir) => dir.reopened().map(Some),
            None => Ok(None),
        }
    }

    /// Makes the directory `name`, which only the running user may enter.
    pub fn make_dir(&self, name: &str) -> Result<Self, Error> {
        self.attempt("create", name, || {
            rustix::fs::mkdirat(&self.fd, name, Bits::RWXU)
        })?;
        let made = self.open_dir(name)?;
        made.ok_or_else(|| failed("open", &self.path.join(name), Errno::NOENT))
    }

    fn root() -> Result<Self, Error> {
        let root = Self::top(Path::new("/"))?;
        root.refuse_unsafe()?;
        Ok(root)
    }

    fn top(path: &Path) -> Result<Self, Error> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = super::attempt("open", path, || {
            rustix::fs::open(path, flags, Bits::empty())
        })?;
        Ok(Self {
            fd,
            path: path.to_owned(),
        })
    }

    /// The same to a directory of somebody else's: no symbolic link is followed, but it does
    /// not matter who may write on the way. For reading what a service of the system wrote.
    pub(super) fn walk_foreign(path: &Path) -> Result<Option<Self>, Error> {
        let mut here = Self::root()?;
        for component in components(path)? {
            match here.step_blindly(component)? {
                Some(next) => here = next,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    /// One step down, to a directory that keeps to the rules.
    fn step(&self, name: &OsStr) -> Result<Option<Self>, Error> {
        let next = self.step_blindly(name)?;
        if let Some(next) = &next {
            next.refuse_unsafe()?;
        }
        Ok(next)
    }

    /// One step down. `O_PATH` needs no right to list the directory, only to pass it.
    fn step_blindly(&self, name: &OsStr) -> Result<Option<Self>, Error> {
        let path = self.path.join(name);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened =
            rustix::io::retry_on_intr(|| rustix::fs::openat(&self.fd, name, flags, Bits::empty()));
        let fd = match opened {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR) => {
                return Err(Error::UnsafeDirectory {
                    problem: self.what_else(name),
                    path,
                })
            }
            Err(errno) => return Err(failed("open", &path, errno)),
        };
        Ok(Some(Self { fd, path }))
    }

    /// What stands at `name`, which is no directory.
    fn what_else(&self, name: &OsStr) -> String {
        let stat = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW);
        let kind = stat.map(|stat| Stat::from(stat).kind);
        if kind != Ok(FileType::Symlink) {
            return "is not a directory".to_owned();
        }
        match rustix::fs::readlinkat(&self.fd, name, Vec::new()) {
            Ok(target) => format!("is a symbolic link to {}", target.to_string_lossy()),
            Err(_) => "is a symbolic link".to_owned(),
        }
    }

    fn refuse_unsafe(&self) -> Result<(), Error> {
        let stat = self.own_stat()?;
        match broken_rule(&stat, rustix::process::geteuid().as_raw()) {
            None => Ok(()),
            Some(problem) => Err(Error::UnsafeDirectory {
                path: self.path.clone(),
                problem,
            }),
        }
    }

    /// The same directory, opened again for listing, syncing and changing its mode.
    pub fn reopened(&self) -> Result<Self, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = self.attempt("open", "", || {
            rustix::fs::openat(&self.fd, ".", flags, Bits::empty())
        })?;
        let path = self.path.clone();
        Ok(Self { fd, path })
    }

    /// Makes one directory of a path. It gets its name only when its mode is right: a run
    /// killed in between must not leave an ancestor that nobody can pass.
    fn create_step(&self, component: &OsStr, access: &Access) -> Result<Self, Error> {
        self.wait_for_others();
        if let Some(made_meanwhile) = self.step(component)? {
            return Ok(made_meanwhile);
        }
        self.remove_unfinished();
        let name = format!("{UNFINISHED}{}", random_id()?);
        let target = self.path.join(component);
        let made =
            rustix::io::retry_on_intr(|| rustix::fs::mkdirat(&self.fd, name.as_str(), Bits::RWXU));
        made.map_err(|errno| failed("create", &target, errno))?;
        let finished = self.finish_step(&name, component, access);
        if finished.is_err() {
            let _ = self.remove_dir(&name);
        }
        finished
    }

    fn finish_step(&self, name: &str, component: &OsStr, access: &Access) -> Result<Self, Error> {
        let target = self.path.join(component);
        let mut made = self
            .open_dir(name)?
            .ok_or_else(|| failed("create", &target, Errno::NOENT))?;
        set_access(&made.fd, &target, access)?;
        made.sync()?;
        super::attempt("create", &target, || {
            rustix::fs::renameat(&self.fd, name, &self.fd, component)
        })?;
        self.sync()?;
        made.path = target;
        Ok(made)
    }

    /// Runs that start together, of two instances say, make the same ancestors: one at a time,
    /// or each takes the other's for a left-over. The lock goes with this descriptor. It
    /// cannot be waited for without end, since anybody may hold one on a public directory.
    fn wait_for_others(&self) {
        for _ in 0..100 {
            match flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::INTR | Errno::WOULDBLOCK) => sleep(Duration::from_millis(10)),
                _ => return,
            }
        }
    }

    /// Removes what a killed [`Self::create_path`] left here; only empty directories can go.
    pub fn remove_unfinished(&self) {
        let me = rustix::process::geteuid().as_raw();
        for name in self.names().unwrap_or_default() {
            let Some(name) = name.to_str() else { continue };
            let pattern = name.strip_prefix(UNFINISHED).is_some_and(is_id);
            let ours = || matches!(self.stat(name), Ok(Some(stat)) if stat.owner == me);
            if pattern && ours() {
                let _ = self.remove_dir(name);
            }
        }
    }
}

/// The parts of an absolute path, which must not climb.
fn components(path: &Path) -> Result<Vec<&OsStr>, Error> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::RootDir => {}
            Component::CurDir | Component::ParentDir | Component::Prefix(_) => {
                return Err(Error::UnsafeDirectory {
                    path: path.to_owned(),
                    problem: "holds '..'".to_owned(),
                })
            }
        }
    }
    if !path.has_root() {
        return Err(Error::UnsafeDirectory {
            path: path.to_owned(),
            problem: "is not absolute".to_owned(),
        });
    }
    Ok(parts)
}

/// The rule that a directory breaks, if any.
pub(super) fn broken_rule(stat: &Stat, me: u32) -> Option<String> {
    if stat.owner != 0 && stat.owner != me {
        return Some(format!("belongs to user {}", stat.owner));
    }
    if stat.kind == FileType::Directory && stat.mode & STICKY != 0 {
        return None;
    }
    if stat.mode & 0o020 != 0 {
        return Some("is writable by its group".to_owned());
    }
    if stat.mode & 0o002 != 0 {
        return Some("is writable by everyone".to_owned());
    }
    None
}

const STICKY: u32 = 0o1000;
const UNFINISHED: &str = ".keyferry.";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::PathBuf;

    use super::*;
    use crate::name::Mode;

    #[test]
    fn only_root_and_ourselves_may_own_and_nobody_else_may_write() {
        for (owner, mode, rule) in [
            (0, 0o755, None),
            (1000, 0o700, None),
            (0, 0o1777, None),
            (1001, 0o755, Some("belongs to user 1001")),
            (1001, 0o1777, Some("belongs to user 1001")),
            (0, 0o775, Some("is writable by its group")),
            (1000, 0o777, Some("is writable by its group")),
            (1000, 0o757, Some("is writable by everyone")),
        ] {
            let stat = Stat {
                kind: FileType::Directory,
                mode,
                owner,
                group: 5,
                length: 0,
            };
            assert_eq!(
                broken_rule(&stat, 1000).as_deref(),
                rule,
                "{owner} {mode:o}"
            );
        }
    }

    #[test]
    fn unsafe_ancestors_are_named_with_their_rule() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        for name in ["shared/set", "real/set"] {
            made(&at(name), 0o755);
        }
        made(&at("shared"), 0o775);
        symlinked("real", &at("link"));
        written(&at("file"));
        for (path, culprit, rule) in [
            ("shared/set", "shared", "is writable by its group"),
            ("link/set", "link", "is a symbolic link to real"),
            ("link", "link", "is a symbolic link to real"),
            ("file/set", "file", "is not a directory"),
            ("real/../real", "real/../real", "holds '..'"),
        ] {
            for outcome in [
                Dir::walk(&at(path)).map(drop),
                Dir::create_path(&at(path), &Access::PUBLIC).map(drop),
            ] {
                match outcome {
                    Err(Error::UnsafeDirectory { path, problem }) => {
                        assert_eq!((path, problem.as_str()), (at(culprit), rule));
                    }
                    other => panic!("{path}: {other:?}"),
                }
            }
        }
        assert!(Dir::walk(&at("real/set")).unwrap().is_some());
        assert!(Dir::walk(&at("real/none/set")).unwrap().is_none());
        assert!(Dir::walk(Path::new("relative")).is_err());
    }

    #[test]
    fn missing_ancestors_are_made_with_their_modes_whatever_a_kill_left() {
        let top = tempfile::tempdir().unwrap();
        let private = Access {
            owner: None,
            group: None,
            mode: Mode::new(0o750).unwrap(),
        };
        made(&top.path().join(".keyferry.0123456789abcdef"), 0o700);
        let path = top.path().join("a/b/c");
        let dir = Dir::create_path(&path, &private).unwrap();
        assert_eq!(dir.path(), path);
        for (name, mode) in [("a", 0o755), ("a/b", 0o755), ("a/b/c", 0o750)] {
            let found = std::fs::metadata(top.path().join(name)).unwrap().mode() & 0o7777;
            assert_eq!(found, mode, "{name}");
        }
        let names: Vec<PathBuf> = std::fs::read_dir(top.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(names, [top.path().join("a")]);
    }

    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn made(path: &Path, mode: u32) {
        std::fs::create_dir_all(path).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn symlinked(target: &str, path: &Path) {
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn written(path: &Path) {
        std::fs::write(path, "").unwrap();
    }
}
