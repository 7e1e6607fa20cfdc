//! Finds and reads the configuration's files.
//!
//! Who can write them can have any secret delivered anywhere, so each file and its
//! directory must belong to root or the running user and be writable by nobody else,
//! checked on the opened descriptor. Symbolic links are not followed to a file.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, Mode, OFlags, CWD};
use rustix::io::Errno;

use super::document::{whole_file, Document};
use super::problem::Problem;

/// One file of the configuration.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Its path below the configuration's directory: `conf.d/20-mqtt.json`.
    pub name: String,
    /// Its text.
    pub document: Result<Document, Problem>,
}

/// The configuration's files: the main one, then the drop-ins in name order. `config`
/// is the main file or the directory of all.
///
/// # Errors
/// The directories or the main file cannot be read or are not safe.
pub(super) fn read(config: &Path) -> Result<Vec<SourceFile>, Problem> {
    match open(CWD, config, OFlags::DIRECTORY) {
        Ok(descriptor) => {
            let directory = checked_directory(descriptor, config)?;
            let mut files = vec![main_file(&directory, config, OsStr::new("config.json"))?];
            files.extend(drop_ins(&directory, &config.join("conf.d"))?);
            Ok(files)
        }
        Err(Errno::NOTDIR) => {
            let parent = parent(config);
            let descriptor = open(CWD, &parent, OFlags::DIRECTORY);
            let descriptor = descriptor.map_err(|errno| unreadable(&parent, errno))?;
            let directory = checked_directory(descriptor, &parent)?;
            let name = config.file_name().unwrap_or_default();
            Ok(vec![main_file(&directory, &parent, name)?])
        }
        Err(errno) => Err(unreadable(config, errno)),
    }
}

/// The directory that holds the configuration at `config`.
pub(super) fn directory(config: &Path) -> PathBuf {
    if config.is_dir() {
        config.to_owned()
    } else {
        parent(config)
    }
}

fn parent(config: &Path) -> PathBuf {
    match config.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn main_file(directory: &File, path: &Path, name: &OsStr) -> Result<SourceFile, Problem> {
    Ok(SourceFile {
        name: name.to_string_lossy().into_owned(),
        document: Ok(read_file(directory, path, name)?),
    })
}

fn drop_ins(config: &File, path: &Path) -> Result<Vec<SourceFile>, Problem> {
    let descriptor = match open(config, Path::new("conf.d"), OFlags::DIRECTORY) {
        Ok(descriptor) => descriptor,
        Err(Errno::NOENT) => return Ok(Vec::new()),
        Err(errno) => return Err(unreadable(path, errno)),
    };
    let directory = checked_directory(descriptor, path)?;
    let mut names = names(&directory).map_err(|errno| unreadable(path, errno))?;
    names.sort();
    if names.len() > MOST_DROP_INS {
        return Err(problem(
            path,
            &format!("holds more than {MOST_DROP_INS} files"),
            "remove what is not needed",
        ));
    }
    let files = names.iter().map(|name| SourceFile {
        name: format!("conf.d/{}", name.to_string_lossy()),
        document: read_file(&directory, path, name),
    });
    Ok(files.collect())
}

/// The names of drop-ins: `*.json`, but nothing hidden.
fn names(directory: &File) -> Result<Vec<OsString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = OsString::from_vec(entry?.file_name().to_bytes().to_vec());
        if name.as_bytes().ends_with(b".json") && !name.as_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    Ok(names)
}

fn read_file(directory: &File, path: &Path, name: &OsStr) -> Result<Document, Problem> {
    let path = path.join(name);
    let descriptor = open(directory, Path::new(name), OFlags::NOFOLLOW);
    let file = File::from(descriptor.map_err(|errno| unreadable(&path, errno))?);
    let metadata = check_owner(&file, &path)?;
    if !metadata.is_file() {
        return Err(problem(&path, "is not a regular file", "write a file"));
    }
    let mut bytes = Vec::new();
    let outcome = file
        .take(LONGEST_FILE.saturating_add(1))
        .read_to_end(&mut bytes);
    outcome
        .map_err(|error| unreadable(&path, Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LONGEST_FILE {
        let rule = format!("is longer than {LONGEST_FILE} bytes");
        return Err(problem(&path, &rule, "split it into files of conf.d/"));
    }
    Document::new(path, bytes)
}

fn open(directory: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    // Without NONBLOCK a FIFO in a file's place would hang the run.
    let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    rustix::fs::openat(directory, path, flags, Mode::empty())
}

fn checked_directory(descriptor: OwnedFd, path: &Path) -> Result<File, Problem> {
    let directory = File::from(descriptor);
    check_owner(&directory, path)?;
    Ok(directory)
}

fn check_owner(file: &File, path: &Path) -> Result<std::fs::Metadata, Problem> {
    let metadata = file.metadata().map_err(|_| unreadable(path, Errno::IO))?;
    let owner = metadata.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(problem(
            path,
            &format!("belongs to user {owner}, not to root or the user that runs this"),
            &format!("chown root {}", path.display()),
        ));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(problem(
            path,
            &format!("may be written by others than its owner (mode {mode:04o})"),
            &format!("chmod go-w {}", path.display()),
        ));
    }
    Ok(metadata)
}

fn unreadable(path: &Path, errno: Errno) -> Problem {
    let shown = path.display();
    match errno {
        Errno::NOENT => problem(
            path,
            "does not exist",
            "write the configuration there, or name another with --config",
        ),
        Errno::LOOP => problem(
            path,
            "is a symbolic link",
            "put the file itself there, so that its owner and mode can be checked",
        ),
        Errno::ACCESS | Errno::PERM => problem(
            path,
            "cannot be read: permission denied",
            &format!("let the user that runs keyferry read {shown}"),
        ),
        _ => problem(
            path,
            &format!("cannot be read: {errno}"),
            &format!("look at {shown}"),
        ),
    }
}

fn problem(path: &Path, problem: &str, advice: &str) -> Problem {
    Problem {
        place: whole_file(path.to_owned()),
        problem: problem.to_owned(),
        advice: advice.to_owned(),
    }
}

const LONGEST_FILE: u64 = 1024 * 1024;
const MOST_DROP_INS: usize = 256;
