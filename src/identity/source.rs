//! Where a credential lies, and its bytes, with the checks that its place asks for.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::config::CredentialFile;
use crate::disk::{self, Origin};
use crate::error::{CredentialProblem, Error};
use crate::secret::Secret;

/// The bytes of a credential; never only white space.
pub(super) fn read(file: &CredentialFile) -> Result<Secret, Error> {
    let outcome = match file {
        CredentialFile::Credential(name) => systemd_credential(name),
        CredentialFile::Environment(name) => environment(name),
        CredentialFile::File(path) => disk::read_credential(path, Origin::Path),
    };
    let secret = outcome.map_err(|problem| problem_of(file, problem))?;
    if secret.expose().iter().all(u8::is_ascii_whitespace) {
        return Err(problem_of(file, CredentialProblem::Empty));
    }
    Ok(secret)
}

/// The text of a credential. One trailing newline is dropped (files end in one); everything
/// else belongs to the secret.
pub(super) fn read_line(file: &CredentialFile) -> Result<Secret, Error> {
    let text = read(file)?;
    let bytes = text.expose();
    let without = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let without = without
        .strip_suffix(b"\r")
        .filter(|_| without.len() < bytes.len())
        .unwrap_or(without);
    Ok(Secret::copy_of(without))
}

/// Where a credential lies, for messages.
pub(super) fn place(file: &CredentialFile) -> String {
    match file {
        CredentialFile::Credential(name) => format!("credential {name}"),
        CredentialFile::Environment(name) => format!("environment variable {name}"),
        CredentialFile::File(path) => path.display().to_string(),
    }
}

/// `problem`, with the credential's place.
pub(super) fn problem_of(file: &CredentialFile, problem: CredentialProblem) -> Error {
    Error::Credential {
        source: place(file),
        problem,
    }
}

/// A credential that systemd passed (`LoadCredential=`), below `$CREDENTIALS_DIRECTORY`.
fn systemd_credential(name: &str) -> Result<Secret, CredentialProblem> {
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or(CredentialProblem::Missing)?;
    disk::read_credential(&PathBuf::from(directory).join(name), Origin::Systemd)
}

fn environment(name: &str) -> Result<Secret, CredentialProblem> {
    let value = std::env::var_os(name).ok_or(CredentialProblem::Missing)?;
    Ok(Secret::copy_of(value.as_bytes()))
}
