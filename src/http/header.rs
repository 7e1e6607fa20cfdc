//! A header with a secret value on its way to the wire, past ureq.
//!
//! ureq would hold it in header values whose memory is not wiped, and a token with many
//! groups is longer than its output buffer. So the client puts the header here, and the
//! transport that carries the next request to that very host takes it and writes it
//! itself.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::failure::Failure;
use crate::name::HostName;
use crate::secret::Secret;

/// A header that nobody may see.
#[derive(Clone, Copy, Debug)]
pub struct SecretHeader<'a> {
    /// All that stands before the value: `Authorization: Bearer `.
    pub label: &'static str,
    /// The value: visible ASCII without blanks.
    pub value: &'a Secret,
}

/// The secret header of the request in progress, if it has one.
#[derive(Clone, Default)]
pub(super) struct HeaderSlot(Arc<Mutex<Option<Addressed>>>);

struct Addressed {
    host: HostName,
    header: OwnHeader,
}

/// A header that was laid ready.
pub(super) struct OwnHeader {
    label: &'static str,
    value: Secret,
}

impl HeaderSlot {
    /// Lays `header` ready for the next request to `host`.
    ///
    /// # Errors
    /// A value with a character that could end the header.
    pub(super) fn put(&self, host: &HostName, header: SecretHeader<'_>) -> Result<(), Failure> {
        let SecretHeader { label, value } = header;
        if !value.expose().iter().all(u8::is_ascii_graphic) {
            return Err(Failure::internal("a secret that no header can hold"));
        }
        *self.lock() = Some(Addressed {
            host: host.clone(),
            header: OwnHeader {
                label,
                value: Secret::copy_of(value.expose()),
            },
        });
        Ok(())
    }

    /// The header, if it was laid ready for `host`.
    pub(super) fn take(&self, host: &HostName) -> Option<OwnHeader> {
        let mut slot = self.lock();
        slot.take_if(|addressed| addressed.host == *host)
            .map(|addressed| addressed.header)
    }

    /// Forgets a header that was not taken.
    pub(super) fn clear(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Addressed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes `head`, which begins with a request line, with `header` as its first header: all
/// in one piece, since each write becomes a TLS record and a packet of its own.
pub(super) fn write_head(out: &mut dyn Write, head: &[u8], header: &OwnHeader) -> io::Result<()> {
    let line_end = head.windows(2).position(|pair| pair == b"\r\n");
    let split = line_end.and_then(|end| head.split_at_checked(end.saturating_add(2)));
    let Some((request_line, rest)) = split else {
        return Err(io::Error::other("a request without request line"));
    };
    let (label, value) = (header.label.as_bytes(), header.value.expose());
    let parts = [request_line, label, value, b"\r\n", rest];
    let length = parts.iter().map(|part| part.len()).sum();
    let mut whole = Secret::with_limit(length);
    for part in parts {
        whole
            .push(part)
            .map_err(|_| io::Error::other("a request longer than itself"))?;
    }
    out.write_all(whole.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(value: &Secret) -> SecretHeader<'_> {
        let label = "Authorization: Bearer ";
        SecretHeader { label, value }
    }

    #[test]
    fn goes_only_to_its_host_and_only_once() {
        let (mine, other) = ("a.test", "b.test");
        let (mine, other) = (
            HostName::parse(mine).unwrap(),
            HostName::parse(other).unwrap(),
        );
        let slot = HeaderSlot::default();
        slot.put(&mine, bearer(&Secret::copy_of(b"t0ken"))).unwrap();
        assert!(slot.take(&other).is_none());
        assert_eq!(slot.take(&mine).unwrap().value.expose(), b"t0ken");
        assert!(slot.take(&mine).is_none());
    }

    #[test]
    fn a_value_cannot_add_headers() {
        let host = HostName::parse("a.test").unwrap();
        for bad in [&b"a\r\nX: y"[..], b"a b", b"a\0", b"\xff"] {
            let slot = HeaderSlot::default();
            assert!(slot.put(&host, bearer(&Secret::copy_of(bad))).is_err());
        }
    }

    #[test]
    fn the_header_follows_the_request_line() {
        let mut out = Vec::new();
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let header = OwnHeader {
            label: "X-Identity-Header: ",
            value: Secret::copy_of(b"t"),
        };
        write_head(&mut out, head, &header).unwrap();
        assert_eq!(
            out,
            b"GET / HTTP/1.1\r\nX-Identity-Header: t\r\nHost: a\r\n\r\n"
        );
    }
}
