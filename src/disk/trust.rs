//! Files that others wrote and this program believes: configuration and credentials.
//!
//! What counts is the opened descriptor, never the path: it must be a regular file that
//! belongs to root or the running user. Nobody else may write a configuration; nobody
//! else may read a credential.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode as Bits, OFlags};
use rustix::io::{retry_on_intr, Errno};

use super::walk::broken_rule;
use super::{attempt, failed, Dir, File, Stat};
use crate::error::{CredentialProblem, Error, Place};
use crate::secret::Secret;

/// Where a credential file comes from, which says who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A path of the configuration. A file of root's may be readable by the process's own
    /// primary group, nothing wider.
    Path,
    /// systemd's `$CREDENTIALS_DIRECTORY`. Group bits are not looked at: there they are the
    /// mask of an access control list.
    Systemd,
}

/// Reads a configuration file of at most 1 MiB. File and directory must belong to root or
/// the running user and be writable by nobody else; the file is no symbolic link.
pub fn read_config(path: &Path) -> Result<Secret, Error> {
    let dir = config_directory(path.parent().unwrap_or(Path::new("")))?;
    let name = path
        .file_name()
        .ok_or_else(|| failed("open", path, Errno::ISDIR))?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = retry_on_intr(|| rustix::fs::openat(&dir.fd, name, flags, Bits::empty()));
    let fd = match opened {
        Ok(fd) => fd,
        Err(Errno::LOOP) => return Err(untrusted(path, "is a symbolic link")),
        Err(errno) => return Err(failed("open", path, errno)),
    };
    let file = File::from_parts(fd, path);
    let stat = file.stat()?;
    if stat.kind != FileType::RegularFile {
        return Err(untrusted(path, "is not a regular file"));
    }
    if let Some(rule) = broken_rule(&stat, rustix::process::geteuid().as_raw()) {
        return Err(untrusted(path, &rule));
    }
    file.read_all(CONFIG_LIMIT)
}

/// The names in a directory of configuration files, sorted, under the same rules. `None`
/// when there is no such directory.
pub fn config_names(directory: &Path) -> Result<Option<Vec<OsString>>, Error> {
    match config_directory(directory) {
        Ok(dir) => {
            let mut names = dir.names()?;
            names.sort();
            Ok(Some(names))
        }
        Err(Error::Disk { errno, .. }) if errno == Errno::NOENT => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a credential file of at most 64 KiB. Symbolic links are followed: the descriptor
/// at their end is what must be trustworthy. An empty file is the caller's to judge.
pub fn read_credential(path: &Path, origin: Origin) -> Result<Secret, CredentialProblem> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = retry_on_intr(|| rustix::fs::open(path, flags, Bits::empty()));
    let fd = opened.map_err(|errno| match errno {
        Errno::NOENT | Errno::NOTDIR => CredentialProblem::Missing,
        Errno::NXIO => CredentialProblem::NotAFile,
        errno => CredentialProblem::Unreadable(errno),
    })?;
    let mut file = File::from_parts(fd, path);
    let stat = rustix::fs::fstat(file.fd()).map_err(CredentialProblem::Unreadable)?;
    refuse_shared(&stat.into(), origin, &Process::current())?;
    let mut content = Secret::with_limit(CREDENTIAL_LIMIT);
    match content.fill_from(&mut file) {
        Ok(Ok(())) => Ok(content),
        Ok(Err(too_long)) => Err(CredentialProblem::TooLong {
            limit: too_long.limit,
        }),
        Err(error) => Err(CredentialProblem::Unreadable(
            Errno::from_io_error(&error).unwrap_or(Errno::IO),
        )),
    }
}

/// Reads a file of at most `limit` bytes that a service of the system wrote, which owns it.
/// `None` when it is not there.
///
/// Whoever named the file must not be able to lead us elsewhere: no component of the path
/// may be a symbolic link, and it must be a regular file.
///
/// # Errors
/// [`Error::UnsafeDirectory`] and [`Error::ForeignFile`] where something else stands in the
/// path; [`Error::Disk`] with `EFBIG` for a longer file, which is not read.
pub fn read_foreign(directory: &Path, name: &str, limit: usize) -> Result<Option<Secret>, Error> {
    let Some(dir) = Dir::walk_foreign(directory)? else {
        return Ok(None);
    };
    let Some(file) = dir.open_file(name)? else {
        return Ok(None);
    };
    let length = file.stat()?.length;
    if usize::try_from(length).map_or(true, |length| length > limit) {
        return Err(failed("read", &dir.join(name), Errno::FBIG));
    }
    file.read_all(limit).map(Some)
}

/// Whose rights this process has.
struct Process {
    user: u32,
    group: u32,
}

impl Process {
    fn current() -> Self {
        Self {
            user: rustix::process::geteuid().as_raw(),
            group: rustix::process::getegid().as_raw(),
        }
    }
}

fn refuse_shared(stat: &Stat, origin: Origin, process: &Process) -> Result<(), CredentialProblem> {
    if stat.kind != FileType::RegularFile {
        return Err(CredentialProblem::NotAFile);
    }
    if stat.owner != 0 && stat.owner != process.user {
        return Err(CredentialProblem::OtherOwner { owner: stat.owner });
    }
    let allowed = match origin {
        Origin::Systemd => 0o770,
        Origin::Path if stat.owner == 0 && stat.group == process.group => 0o740,
        Origin::Path => 0o700,
    };
    if stat.mode & 0o777 & !allowed != 0 {
        return Err(CredentialProblem::ReadableByOthers { mode: stat.mode });
    }
    Ok(())
}

/// Opens a directory of configuration files. How it was reached does not matter, what was
/// opened does.
fn config_directory(path: &Path) -> Result<Dir, Error> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd: OwnedFd = attempt("open", path, || {
        rustix::fs::open(path, flags, Bits::empty())
    })?;
    let dir = Dir {
        fd,
        path: path.to_owned(),
    };
    match broken_rule(&dir.own_stat()?, rustix::process::geteuid().as_raw()) {
        None => Ok(dir),
        Some(problem) => Err(Error::UnsafeDirectory {
            path: dir.path,
            problem,
        }),
    }
}

fn untrusted(path: &Path, rule: &str) -> Error {
    Error::Config {
        place: Place {
            file: PathBuf::from(path),
            line: 0,
            column: 0,
        },
        problem: format!("this file {rule}, so it is not read"),
        advice: format!(
            "make {} a regular file of root's that nobody else can write",
            path.display()
        ),
    }
}

const CONFIG_LIMIT: usize = 1 << 20;
const CREDENTIAL_LIMIT: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_credential_is_for_root_or_ourselves_alone() {
        use Origin::{Path, Systemd};
        let process = Process {
            user: 500,
            group: 50,
        };
        let shared = |mode| Err(CredentialProblem::ReadableByOthers { mode });
        for (owner, group, mode, origin, outcome) in [
            (500, 50, 0o600, Path, Ok(())),
            (500, 50, 0o640, Path, shared(0o640)),
            (0, 50, 0o640, Path, Ok(())),
            (0, 50, 0o660, Path, shared(0o660)),
            (0, 51, 0o640, Path, shared(0o640)),
            (0, 50, 0o644, Path, shared(0o644)),
            (
                501,
                50,
                0o600,
                Path,
                Err(CredentialProblem::OtherOwner { owner: 501 }),
            ),
            (0, 0, 0o440, Systemd, Ok(())),
            (0, 0, 0o444, Systemd, shared(0o444)),
        ] {
            let stat = Stat {
                kind: FileType::RegularFile,
                mode,
                owner,
                group,
                length: 1,
            };
            assert_eq!(
                refuse_shared(&stat, origin, &process),
                outcome,
                "{owner}:{group} {mode:o}"
            );
        }
    }

    #[test]
    fn a_credential_is_a_regular_file_of_bounded_length() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        written(&at("good"), 10, 0o600);
        written(&at("long"), CREDENTIAL_LIMIT + 1, 0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), Bits::RUSR).unwrap();
        for (name, problem) in [
            ("none", CredentialProblem::Missing),
            ("good/below", CredentialProblem::Missing),
            ("", CredentialProblem::NotAFile),
            ("fifo", CredentialProblem::NotAFile),
            (
                "long",
                CredentialProblem::TooLong {
                    limit: CREDENTIAL_LIMIT,
                },
            ),
        ] {
            assert_eq!(
                read_credential(&at(name), Origin::Path).unwrap_err(),
                problem,
                "{name}"
            );
        }
        assert_eq!(
            read_credential(&at("good"), Origin::Path).unwrap().len(),
            10
        );
    }

    #[test]
    fn a_foreign_file_is_read_where_it_stands_and_nowhere_else() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        let tokens = at("tokens");
        for directory in [&tokens, &tokens.join("d.key")] {
            rustix::fs::mkdir(directory, Bits::RWXU | Bits::RWXG).unwrap();
        }
        written(&tokens.join("a.key"), 10, 0o666);
        written(&tokens.join("long.key"), 11, 0o600);
        rustix::fs::symlink(at("tokens/a.key"), at("tokens/l.key")).unwrap();
        rustix::fs::symlink(&tokens, at("link")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("tokens/f.key"), Bits::RUSR).unwrap();
        changed(&tokens, 0o777);
        let read = |directory: &str, name| read_foreign(&at(directory), name, 10);
        assert_eq!(read("tokens", "a.key").unwrap().unwrap().len(), 10);
        assert!(read("tokens", "b.key").unwrap().is_none());
        assert!(read("none", "a.key").unwrap().is_none());
        for name in ["d.key", "f.key", "l.key"] {
            let error = read("tokens", name).unwrap_err();
            assert!(matches!(error, Error::ForeignFile { .. }), "{error}");
        }
        let error = read("link", "a.key").unwrap_err();
        assert!(matches!(error, Error::UnsafeDirectory { .. }), "{error}");
        let error = read("tokens", "long.key").unwrap_err();
        assert!(
            matches!(error, Error::Disk { errno, .. } if errno == Errno::FBIG),
            "{error}"
        );
    }

    #[test]
    fn a_configuration_that_others_can_write_is_not_read() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("config.json");
        for (mode, problem) in [
            (0o640, None),
            (
                0o660,
                Some("this file is writable by its group, so it is not read"),
            ),
            (
                0o602,
                Some("this file is writable by everyone, so it is not read"),
            ),
        ] {
            written(&path, 3, mode);
            match (read_config(&path), problem) {
                (Ok(content), None) => assert_eq!(content.len(), 3),
                (Err(Error::Config { problem: found, .. }), Some(wanted)) => {
                    assert_eq!(found, wanted);
                }
                other => panic!("{other:?}"),
            }
        }
        written(&path, 3, 0o640);
        changed(top.path(), 0o777);
        assert!(matches!(
            read_config(&path),
            Err(Error::UnsafeDirectory { .. })
        ));
        assert!(matches!(
            config_names(top.path()),
            Err(Error::UnsafeDirectory { .. })
        ));
        changed(top.path(), 0o700);
        assert_eq!(config_names(top.path()).unwrap().unwrap(), ["config.json"]);
        assert_eq!(config_names(&top.path().join("conf.d")).unwrap(), None);
    }

    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn written(path: &Path, length: usize, mode: u32) {
        std::fs::write(path, vec![b'x'; length]).unwrap();
        changed(path, mode);
    }

    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn changed(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}
