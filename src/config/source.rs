//! Finds and reads the configuration's files.
//!
//! Who can write them can have any secret delivered anywhere, so the disk room reads them
//! only where they and their directory belong to root or the running user and are
//! writable by nobody else.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::document::{whole_file, Document};
use super::problem::Problem;
use crate::disk::{self, Root};
use crate::error::Error;

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
pub(super) fn read(root: &Root, config: &Path) -> Result<Vec<SourceFile>, Problem> {
    let target = root.target(config);
    // A name without extension that does not exist was meant as a directory.
    let is_directory = target.is_dir() || (!target.exists() && config.extension().is_none());
    if !is_directory {
        return Ok(vec![main_file(&root.place(config))?]);
    }
    let mut files = vec![main_file(&root.place(&config.join("config.json")))?];
    files.extend(drop_ins(&root.target(&config.join("conf.d")))?);
    Ok(files)
}

/// The directory that holds the configuration at `config`.
pub(super) fn directory(root: &Root, config: &Path) -> PathBuf {
    match config.parent() {
        _ if root.target(config).is_dir() => config.to_owned(),
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn main_file(path: &Path) -> Result<SourceFile, Problem> {
    Ok(SourceFile {
        name: path.display().to_string(),
        document: Ok(read_file(path)?),
    })
}

fn drop_ins(directory: &Path) -> Result<Vec<SourceFile>, Problem> {
    let names = disk::config_names(directory).map_err(|error| problem(directory, error))?;
    let mut names = names.unwrap_or_default();
    names.retain(|name| is_drop_in(name));
    if names.len() > MOST_DROP_INS {
        return Err(Problem {
            place: whole_file(directory.to_owned()),
            problem: format!("holds more than {MOST_DROP_INS} files"),
            advice: "remove what is not needed".to_owned(),
        });
    }
    let files = names.iter().map(|name| SourceFile {
        name: format!("conf.d/{}", name.to_string_lossy()),
        document: read_file(&directory.join(name)),
    });
    Ok(files.collect())
}

/// `*.json`, but nothing hidden: editors and package managers leave other things there.
fn is_drop_in(name: &OsStr) -> bool {
    name.as_bytes().ends_with(b".json") && !name.as_bytes().starts_with(b".")
}

fn read_file(path: &Path) -> Result<Document, Problem> {
    let text = disk::read_config(path).map_err(|error| problem(path, error))?;
    Document::new(path.to_owned(), text.expose().to_vec())
}

/// What the disk room says, as a problem of the configuration: it is one for the exit
/// code, whatever stands in the way.
pub(super) fn problem(path: &Path, error: Error) -> Problem {
    let advice = match &error {
        Error::Disk { errno, .. } if *errno == Errno::NOENT => {
            "write the configuration there, or name another with --config".to_owned()
        }
        Error::Disk { errno, .. } if *errno == Errno::ACCESS => {
            "let the user that runs keyferry read it".to_owned()
        }
        Error::Disk { errno, .. } if *errno == Errno::FBIG => {
            "split it into files of conf.d/".to_owned()
        }
        Error::UnsafeDirectory { path, .. } => {
            format!("chown root {0} && chmod go-w {0}", path.display())
        }
        other => other.advice(),
    };
    let (path, problem) = match error {
        Error::Config { place, problem, .. } => (place.file, problem),
        Error::Disk { errno, .. } if errno == Errno::NOENT => (path.to_owned(), unreadable(errno)),
        Error::Disk { path, errno, .. } => (path, unreadable(errno)),
        Error::UnsafeDirectory { path, problem } => (path, problem),
        other => (path.to_owned(), other.to_string()),
    };
    Problem {
        place: whole_file(path),
        problem,
        advice,
    }
}

fn unreadable(errno: Errno) -> String {
    match errno {
        Errno::FBIG => "is longer than 1 MiB".to_owned(),
        Errno::NOENT => "does not exist".to_owned(),
        _ => format!("cannot be read: {errno}"),
    }
}

const MOST_DROP_INS: usize = 256;
