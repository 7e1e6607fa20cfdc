//! The access token on its way to the wire, past ureq.
//!
//! ureq would hold it in header values whose memory is not wiped, and a token with many
//! groups is longer than its output buffer. So the client puts the token here, and the
//! transport that carries the next request to that very host takes it and writes the
//! header itself.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::failure::Failure;
use crate::name::HostName;
use crate::secret::Secret;

/// The token of the request in progress, if it has one.
#[derive(Clone, Default)]
pub(super) struct TokenSlot(Arc<Mutex<Option<Addressed>>>);

struct Addressed {
    host: HostName,
    token: Secret,
}

impl TokenSlot {
    /// Lays `token` ready for the next request to `host`.
    ///
    /// # Errors
    /// A token with a character that could end the header.
    pub(super) fn put(&self, host: &HostName, token: &Secret) -> Result<(), Failure> {
        if !token.expose().iter().all(u8::is_ascii_graphic) {
            return Err(Failure::internal("an access token that no header can hold"));
        }
        *self.lock() = Some(Addressed {
            host: host.clone(),
            token: Secret::copy_of(token.expose()),
        });
        Ok(())
    }

    /// The token, if it was laid ready for `host`.
    pub(super) fn take(&self, host: &HostName) -> Option<Secret> {
        let mut slot = self.lock();
        slot.take_if(|addressed| addressed.host == *host)
            .map(|addressed| addressed.token)
    }

    /// Forgets a token that was not taken.
    pub(super) fn clear(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Addressed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes `head`, which begins with a request line, with `token` as its first header: all
/// in one piece, since each write becomes a TLS record and a packet of its own.
pub(super) fn write_head(out: &mut impl Write, head: &[u8], token: &Secret) -> io::Result<()> {
    let line_end = head.windows(2).position(|pair| pair == b"\r\n");
    let split = line_end.and_then(|end| head.split_at_checked(end.saturating_add(2)));
    let Some((request_line, rest)) = split else {
        return Err(io::Error::other("a request without request line"));
    };
    let parts = [request_line, HEADER, token.expose(), b"\r\n", rest];
    let length = parts.iter().map(|part| part.len()).sum();
    let mut whole = Secret::with_limit(length);
    for part in parts {
        whole
            .push(part)
            .map_err(|_| io::Error::other("a request longer than itself"))?;
    }
    out.write_all(whole.expose())
}

const HEADER: &[u8] = b"Authorization: Bearer ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_only_to_its_host_and_only_once() {
        let (mine, other) = ("a.test", "b.test");
        let (mine, other) = (
            HostName::parse(mine).unwrap(),
            HostName::parse(other).unwrap(),
        );
        let slot = TokenSlot::default();
        slot.put(&mine, &Secret::copy_of(b"t0ken")).unwrap();
        assert!(slot.take(&other).is_none());
        assert_eq!(slot.take(&mine).unwrap().expose(), b"t0ken");
        assert!(slot.take(&mine).is_none());
    }

    #[test]
    fn a_token_cannot_add_headers() {
        let host = HostName::parse("a.test").unwrap();
        for bad in [&b"a\r\nX: y"[..], b"a b", b"a\0", b"\xff"] {
            let slot = TokenSlot::default();
            assert!(slot.put(&host, &Secret::copy_of(bad)).is_err());
        }
    }

    #[test]
    fn the_header_follows_the_request_line() {
        let mut out = Vec::new();
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        write_head(&mut out, head, &Secret::copy_of(b"t")).unwrap();
        assert_eq!(
            out,
            b"GET / HTTP/1.1\r\nAuthorization: Bearer t\r\nHost: a\r\n\r\n"
        );
    }
}
