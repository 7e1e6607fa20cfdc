//! Tokens kept in the runtime directory (tmpfs) between runs: 0600, one file per authority,
//! tenant, client and audience, or per identity of the machine and audience.
//!
//! A cache that cannot be read or written only costs a sign-in; it never fails a run.

use ring::digest;
use zeroize::Zeroizing;

use super::Token;
use crate::clock;
use crate::disk::{is_id, Access, Dir};
use crate::error::Error;
use crate::json::{Json, Members};
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
        let token = read(bytes.expose(), key)?;
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
        let value = token.value().expose_str().unwrap_or_default();
        let entry = Json::object(vec![
            ("format", Json::Number(FORMAT)),
            ("key", Json::text(&key.name)),
            ("credential", Json::text(&key.credential)),
            ("obtained", Json::Number(token.obtained())),
            ("expires", Json::Number(token.expires())),
        ]);
        let entry = entry.compact();
        // Large enough from the start (an escape is six characters at the most): a buffer that
        // grows leaves copies of the token behind.
        let room = value.len().saturating_mul(6).saturating_add(16);
        let mut text = Zeroizing::new(Vec::with_capacity(entry.len().saturating_add(room)));
        text.extend_from_slice(entry.trim_end_matches('}').as_bytes());
        text.extend_from_slice(b",\"token\":");
        serde_json::to_writer(&mut *text, value).map_err(|_| Error::Internal {
            what: "a token that is no JSON".to_owned(),
        })?;
        text.push(b'}');
        self.directory
            .replace_small(&file_name(&key.name), &text, &Access::PRIVATE)
    }
}

/// The token of an entry for `key`.
fn read(entry: &[u8], key: &CacheKey) -> Option<Token> {
    let entry = Members::read(entry).ok()?;
    // The name is repeated from the file's, so that a renamed file is no other token. The
    // credential is whose sign-in it came from: of two of one application, each finds its own.
    let is_ours = entry.find("format")?.number() == Some(FORMAT)
        && entry.text_of("key").as_ref() == Ok(&key.name)
        && entry.text_of("credential").as_ref() == Ok(&key.credential);
    if !is_ours {
        return None;
    }
    let token = Secret::from_json_string(entry.find("token")?.text())?;
    let obtained = entry.find("obtained")?.number()?;
    Some(Token::new(
        token,
        obtained,
        entry.find("expires")?.number()?,
    ))
}

/// Whether a file of this name keeps a token.
pub fn is_token_file(name: &str) -> bool {
    let digits = name.strip_prefix("token-");
    digits
        .and_then(|rest| rest.strip_suffix(".json"))
        .is_some_and(is_id)
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

const FORMAT: i64 = 1;
/// Bytes; as large as a token reply may be.
const LIMIT: usize = 64 * 1024;
