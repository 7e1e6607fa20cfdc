//! Azure Arc: the agent wants to see the content of a file that only root and the group
//! `himds` can read (protocol notes 4.3).
//!
//! The agent names the file, and whoever plays the agent could name any: a client that reads
//! what it is told gives away the machine's secrets (CVE-2024-35255). So the file must lie
//! in the agent's own directory, under a plain name, and be no link.

use std::path::Path;

use rustix::io::Errno;

use super::ManagedIdentity;
use crate::disk;
use crate::error::{Error, ManagedIdentityProblem};
use crate::http::{Client, Reply, SecretHeader};
use crate::secret::Secret;

/// Where the agent puts its key files.
pub(super) const TOKENS: &str = "/var/opt/azcmagent/tokens";

/// Asks the agent, whose keys lie in `directory`; gives its reply, whatever the status says.
pub(super) fn ask(
    identity: &ManagedIdentity,
    client: &Client,
    query: &str,
    directory: &Path,
) -> Result<Reply, Error> {
    let reply = ask_with_key(identity, client, query, directory)?;
    if reply.status != 401 {
        return Ok(reply);
    }
    // A key is good for one token and a short time: an attempt that failed on its way may
    // have used it up.
    ask_with_key(identity, client, query, directory)
}

fn ask_with_key(
    identity: &ManagedIdentity,
    client: &Client,
    query: &str,
    directory: &Path,
) -> Result<Reply, Error> {
    let broken = |rule: &str| identity.problem(ManagedIdentityProblem::Challenge(rule.to_owned()));
    let challenge = identity.ask(client, query, None)?;
    let header = match (challenge.status, challenge.header("www-authenticate")) {
        (200, _) => return Err(broken("is missing: it gives a token to anybody")),
        (401, Some(header)) => header,
        (401, None) if challenge.looks_like_json() => return Err(broken("names no key file")),
        _ => return Ok(challenge),
    };
    let name = key_name(header, directory).map_err(broken)?;
    let key = match disk::read_foreign(directory, name, LONGEST) {
        Ok(Some(key)) => Secret::copy_of(key.expose().trim_ascii_end()),
        Ok(None) => return Err(broken("names a key file that is not there")),
        Err(error) => return Err(unreadable(identity, error)),
    };
    if key.is_empty() || !key.expose().iter().all(u8::is_ascii_graphic) {
        return Err(broken("names a file that holds no key"));
    }
    let label = "Authorization: Basic ";
    let secret = SecretHeader { label, value: &key };
    identity.ask(client, query, Some(secret))
}

/// The name of the key file in `directory`, by a challenge `Basic realm=PATH`.
fn key_name<'a>(header: &'a str, directory: &Path) -> Result<&'a str, &'static str> {
    let (scheme, realm) = header.split_once(' ').unwrap_or((header, ""));
    let path = realm.trim().strip_prefix("realm=");
    let Some(path) = path.filter(|_| scheme.eq_ignore_ascii_case("basic")) else {
        return Err("names no key file");
    };
    let quoted = path
        .strip_prefix('"')
        .and_then(|path| path.strip_suffix('"'));
    let path = quoted.unwrap_or(path);
    let below = directory
        .to_str()
        .and_then(|above| path.strip_prefix(above));
    let Some(name) = below.and_then(|below| below.strip_prefix('/')) else {
        return Err("names a file outside of the agent's directory");
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.chars().all(plain) || name.starts_with('.') || name.len() > 255 {
        return Err("names a file outside of the agent's directory");
    }
    match name.strip_suffix(".key") {
        Some(_) => Ok(name),
        None => Err("names a file that does not end in .key"),
    }
}

fn unreadable(identity: &ManagedIdentity, error: Error) -> Error {
    identity.problem(match error {
        Error::Disk {
            errno: Errno::ACCESS | Errno::PERM,
            path,
            ..
        } => ManagedIdentityProblem::KeyUnreadable {
            path: path.display().to_string(),
        },
        Error::Disk {
            errno: Errno::FBIG, ..
        } => ManagedIdentityProblem::Challenge(format!(
            "names a file that is longer than {LONGEST} bytes"
        )),
        Error::ForeignFile { .. } => {
            ManagedIdentityProblem::Challenge("names what is no regular file".to_owned())
        }
        Error::UnsafeDirectory { .. } => {
            ManagedIdentityProblem::Challenge(format!("cannot be answered: {error}"))
        }
        error => return error,
    })
}

/// Bytes of a key file.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_names_a_key_in_the_agents_directory() {
        let directory = Path::new(TOKENS);
        let outside = "names a file outside of the agent's directory";
        let at = |path: &str| format!("Basic realm={TOKENS}{path}");
        let long = format!("/{}.key", "a".repeat(252));
        for (header, wanted) in [
            (at("/a-b_c.1.key"), Ok("a-b_c.1.key")),
            (format!("basic  realm=\"{TOKENS}/a.key\""), Ok("a.key")),
            (String::new(), Err("names no key file")),
            ("Basic".to_owned(), Err("names no key file")),
            ("Basic realm".to_owned(), Err("names no key file")),
            (
                format!("Bearer realm={TOKENS}/a.key"),
                Err("names no key file"),
            ),
            (
                format!("Basic uri={TOKENS}/a.key"),
                Err("names no key file"),
            ),
            ("Basic realm=".to_owned(), Err(outside)),
            ("Basic realm=a.key".to_owned(), Err(outside)),
            ("Basic realm=/etc/shadow".to_owned(), Err(outside)),
            ("Basic realm=/etc/shadow.key".to_owned(), Err(outside)),
            (at(""), Err(outside)),
            (at("a.key"), Err(outside)),
            (at("/../../../../etc/a.key"), Err(outside)),
            (at("/b/a.key"), Err(outside)),
            (at("//a.key"), Err(outside)),
            (at("/./a.key"), Err(outside)),
            (at("/.key"), Err(outside)),
            (at("/..key"), Err(outside)),
            (at("/a b.key"), Err(outside)),
            (at("/a\\b.key"), Err(outside)),
            (at("/a%2fb.key"), Err(outside)),
            (at("/a.key, Basic realm=b"), Err(outside)),
            (at(&long), Err(outside)),
            (at("/a"), Err("names a file that does not end in .key")),
            (at("/a.KEY"), Err("names a file that does not end in .key")),
            (
                at("/a.key.bak"),
                Err("names a file that does not end in .key"),
            ),
            (at("/"), Err("names a file that does not end in .key")),
        ] {
            assert_eq!(key_name(&header, directory), wanted, "{header}");
        }
    }
}
