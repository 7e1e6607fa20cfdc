//! Reads what a private cloud told before, from the state directory.

use std::path::Path;

use crate::cloud::{Pin, UnusablePin};
use crate::disk::{Dir, Root};
use crate::error::Error;
use crate::name::HostName;

/// What the cloud behind `resource_manager` told when it was asked last; nothing if it never
/// was, or if the file is damaged (then it counts as never asked).
///
/// # Errors
/// A file that cannot be read, or that a later release wrote.
pub fn pin(
    root: &Root,
    state_directory: &Path,
    resource_manager: &HostName,
) -> Result<Option<Pin>, Error> {
    let Some(directory) = Dir::walk_in(root, state_directory)? else {
        return Ok(None);
    };
    let Some(bytes) = directory.read(Pin::FILE, Pin::LIMIT)? else {
        return Ok(None);
    };
    let path = directory.join(Pin::FILE);
    match Pin::read(bytes.expose()) {
        Ok(pin) => Ok(Some(pin).filter(|pin| pin.cloud.name == resource_manager.as_str())),
        Err(UnusablePin::Newer) => Err(Error::NewerFormat { path }),
        Err(UnusablePin::Damaged) => {
            log::warn!("{} is damaged and is not used", path.display());
            Ok(None)
        }
    }
}
