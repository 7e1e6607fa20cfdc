//! Comparing files with what their marker says, a small wiped buffer at a time.

use ring::digest::{Context, SHA256};
use rustix::io::Errno;
use zeroize::Zeroize;

use super::{Entry, FileState};
use crate::disk::{hex, Access, Dir, File};
use crate::error::Error;

/// How the file of `entry` in `dir` compares with it. Without `access`, who may read it
/// does not count.
pub(super) fn state(dir: &Dir, entry: &Entry, access: Option<&Access>) -> Result<FileState, Error> {
    match examine(dir, entry, access) {
        // What the medium no longer gives, or somebody replaced, is fetched again.
        Err(Error::ForeignFile { .. }) => Ok(FileState::Damaged),
        Err(Error::Disk { errno, .. }) if errno == Errno::IO => Ok(FileState::Damaged),
        other => other,
    }
}

fn examine(dir: &Dir, entry: &Entry, access: Option<&Access>) -> Result<FileState, Error> {
    let Some(mut file) = dir.open_file(entry.name.as_str())? else {
        return Ok(FileState::Damaged);
    };
    let stat = file.stat()?;
    if stat.length != entry.length || digest_file(&mut file, &mut |_| Ok(()))? != entry.sha256 {
        return Ok(FileState::Damaged);
    }
    match access {
        Some(access) if !stat.agrees_with(access) => Ok(FileState::Drifted),
        _ => Ok(FileState::Intact),
    }
}

/// Gives the rest of `file` to `sink`, piece by piece, and returns its digest.
pub(super) fn digest_file(
    file: &mut File,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
) -> Result<String, Error> {
    let mut context = Context::new(&SHA256);
    let mut buffer = [0_u8; 4096];
    let outcome = loop {
        let chunk = match file.read_chunk(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(count) => buffer.get(..count).unwrap_or_default(),
            Err(error) => break Err(error),
        };
        context.update(chunk);
        if let Err(error) = sink(chunk) {
            break Err(error);
        }
    };
    buffer.zeroize();
    outcome.map(|()| hex(context.finish().as_ref()))
}

pub(super) fn digest(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&SHA256, bytes).as_ref())
}
