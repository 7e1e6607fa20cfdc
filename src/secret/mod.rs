//! Bytes that must leave no trace: secret values, tokens, private keys, passwords.
//!
//! A [`Secret`] is allocated once at its limit, never grows (a regrown buffer leaves
//! a copy behind), cannot be cloned, printed or serialised, and is overwritten when
//! dropped. Only the part that was ever written is touched then, so a large limit
//! costs no resident memory. Everything that handles such bytes borrows from here.

mod json;

use std::fmt;
use std::io::{self, Read};

use zeroize::Zeroize;

/// A bounded buffer of secret bytes.
pub struct Secret {
    /// Invariant: `capacity >= limit` from the start, so a push never reallocates.
    bytes: Vec<u8>,
    limit: usize,
}

/// More bytes came than the buffer's limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// The limit in bytes.
    pub limit: usize,
}

impl Secret {
    /// An empty buffer that takes at most `limit` bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(limit),
            limit,
        }
    }

    /// A copy of `bytes`; the caller wipes the original.
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut secret = Self::with_limit(bytes.len());
        secret.bytes.extend_from_slice(bytes);
        secret
    }

    /// All of `parts`, one behind the other; the caller wipes them.
    pub fn concat(parts: &[&[u8]]) -> Self {
        let limit = parts.iter().map(|part| part.len()).sum();
        let mut secret = Self::with_limit(limit);
        for part in parts {
            secret.bytes.extend_from_slice(part);
        }
        secret
    }

    /// Appends `bytes`, or changes nothing when they do not fit.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if bytes.len() > self.limit.saturating_sub(self.bytes.len()) {
            return Err(TooLong { limit: self.limit });
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends all that `source` gives. `Ok(Err(TooLong))` when it gives more than fits.
    pub fn fill_from(&mut self, source: &mut impl Read) -> io::Result<Result<(), TooLong>> {
        let mut chunk = [0_u8; 2048];
        let outcome = loop {
            match source.read(&mut chunk) {
                Ok(0) => break Ok(Ok(())),
                Ok(count) => {
                    if let Err(too_long) = self.push(chunk.get(..count).unwrap_or_default()) {
                        break Ok(Err(too_long));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        chunk.zeroize();
        outcome
    }

    /// The bytes themselves. Every caller of this is a place to look at in a review.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes as text, if they are UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// Number of bytes held.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // The slice, not the `Vec`: `Vec::zeroize` would also touch capacity never used.
        self.bytes.as_mut_slice().zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_grows_past_its_limit() {
        let mut secret = Secret::with_limit(4);
        let start = secret.bytes.as_ptr();
        secret.push(b"abcd").unwrap();
        assert_eq!(secret.push(b"e"), Err(TooLong { limit: 4 }));
        assert_eq!(secret.expose(), b"abcd");
        assert_eq!(secret.bytes.as_ptr(), start);
    }

    #[test]
    fn parts_are_joined_without_room_to_spare() {
        let secret = Secret::concat(&[b"ab", b"", b"c"]);
        assert_eq!(secret.expose(), b"abc");
        assert_eq!(secret.limit, 3);
    }

    #[test]
    fn fill_stops_at_the_limit() {
        let mut secret = Secret::with_limit(3000);
        let long = vec![7_u8; 3001];
        let outcome = secret.fill_from(&mut long.as_slice()).unwrap();
        assert_eq!(outcome, Err(TooLong { limit: 3000 }));
    }

    #[test]
    fn debug_shows_only_the_length() {
        let text = format!("{:?}", Secret::copy_of(b"hunter2"));
        assert_eq!(text, "Secret(7 bytes)");
    }
}
