//! Identity `client_secret` (protocol notes 3.2).

use super::read;
use crate::config::CredentialFile;
use crate::error::Error;
use crate::secret::Secret;

/// Reads the secret. One trailing newline is dropped (files end in one); everything else
/// belongs to the secret.
pub(super) fn load(file: &CredentialFile) -> Result<Secret, Error> {
    let text = read(file)?;
    let bytes = text.expose();
    let without = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let without = without
        .strip_suffix(b"\r")
        .filter(|_| without.len() < bytes.len())
        .unwrap_or(without);
    Ok(Secret::copy_of(without))
}
