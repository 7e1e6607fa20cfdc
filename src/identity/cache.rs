//! Tokens kept in the runtime directory (tmpfs) between runs: 0600, one file per authority,
//! tenant, client and audience, or per identity of the machine and audience.
//!
//! A cache that cannot be read or written only costs a sign-in; it never fails a run.

use ring::digest;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Token;
use crate::clock;
use crate::disk::{Access, Dir};
use crate::error::Error;
use crate::secret::Secret;

/// The cache of one instance.
#[derive(Debug)]
pub struct TokenCache {
    directory: Dir,
}

/// What a token is filed under.
#[derive(Debug)]
pub struct CacheKey {
    /// Equal for all that may share a token.
    pub(super) name: String,
    /// Where the credential lies that it came from.
    pub(super) credential: String,
}

#[derive(Deserialize, Serialize)]
struct Entry<'a> {
    format: u32,
    /// Repeated from the file's name, so that a renamed file is no other token.
    key: &'a str,
    /// Whose sign-in it came from: of two credentials of one application, each finds its own.
    credential: &'a str,
    obtained: i64,
    expires: i64,
    token: &'a str,
}

impl TokenCache {
    /// The cache in `directory`, the instance's runtime directory.
    pub fn new(directory: Dir) -> Self {
        Self { directory }
    }

    /// A token that is fresh now, or nothing.
    pub fn find(&self, key: &CacheKey) -> Option<Token> {
        let bytes = self
            .directory
            .read(&file_name(&key.name), LIMIT)
            .unwrap_or_else(|error| {
                log::debug!("token cache: {error}");
                None
            })?;
        let entry: Entry<'_> = serde_json::from_slice(bytes.expose()).ok()?;
        let is_ours = entry.key == key.name && entry.credential == key.credential;
        if entry.format != FORMAT || !is_ours {
            return None;
        }
        let token = Token::new(
            Secret::copy_of(entry.token.as_bytes()),
            entry.obtained,
            entry.expires,
        );
        Some(token).filter(|token| token.is_fresh(clock::now()))
    }

    /// Keeps `token` for later runs.
    pub fn keep(&self, key: &CacheKey, token: &Token) {
        if let Err(error) = self.write(key, token) {
            log::warn!("the token is not kept for the next run: {error}");
        }
    }

    /// Forgets the token, which the vault refused.
    pub fn forget(&self, key: &CacheKey) {
        if let Err(error) = self.directory.unlink(&file_name(&key.name)) {
            log::debug!("token cache: {error}");
        }
    }

    fn write(&self, key: &CacheKey, token: &Token) -> Result<(), Error> {
        let CacheKey {
            name: key,
            credential,
        } = key;
        let entry = Entry {
            format: FORMAT,
            key,
            credential,
            obtained: token.obtained(),
            expires: token.expires(),
            token: token.value().expose_str().unwrap_or_default(),
        };
        // Large enough from the start: a buffer that grows leaves copies of the token behind.
        let mut json = Zeroizing::new(Vec::with_capacity(
            token
                .value()
                .len()
                .saturating_add(key.len())
                .saturating_add(credential.len().saturating_mul(6))
                .saturating_add(256),
        ));
        serde_json::to_writer(&mut *json, &entry).map_err(|_| Error::Internal {
            what: "a token that is no JSON".to_owned(),
        })?;
        self.directory
            .replace_small(&file_name(key), &json, &Access::PRIVATE)
    }
}

/// `token-` and the first 16 digits of the key's SHA-256.
fn file_name(key: &str) -> String {
    let digest = digest::digest(&digest::SHA256, key.as_bytes());
    let digits: String = digest
        .as_ref()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("token-{digits}.json")
}

const FORMAT: u32 = 1;
/// Bytes; as large as a token reply may be.
const LIMIT: usize = 64 * 1024;
