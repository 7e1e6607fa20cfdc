//! Asking an HTTP proxy for a way to a host: `CONNECT` (RFC 9110, section 9.3.6).

use std::io::{self, Read, Write};

use crate::name::{foreign, HostName};
use crate::secret::Secret;

/// Why there is no way through.
#[derive(Debug)]
pub(super) enum Blocked {
    /// What came is no answer to `CONNECT`.
    Garbled(String),
    /// The connection to the proxy broke.
    Io(io::Error),
    /// The proxy said no.
    Status(u16),
}

/// Opens a way to port 443 of `host` over `wire`, which leads to the proxy.
pub(super) fn open(
    wire: &mut (impl Read + Write),
    host: &HostName,
    authorization: Option<&Secret>,
) -> Result<(), Blocked> {
    ask(wire, host, authorization).map_err(Blocked::Io)?;
    let head = read_head(wire)?;
    match status(&head) {
        Some(200..=299) => Ok(()),
        Some(status) => Err(Blocked::Status(status)),
        None => {
            let text = String::from_utf8_lossy(&head).into_owned();
            let first = text.lines().next().unwrap_or_default();
            let shown = foreign(first, 60);
            Err(Blocked::Garbled(format!("it does not speak HTTP: {shown}")))
        }
    }
}

fn ask(wire: &mut impl Write, host: &HostName, authorization: Option<&Secret>) -> io::Result<()> {
    let credentials = authorization.map_or(&[][..], Secret::expose);
    let mut request = Secret::with_limit(credentials.len().saturating_add(REQUEST));
    let head = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n");
    let mut parts = vec![head.as_bytes()];
    if authorization.is_some() {
        parts.extend([b"Proxy-Authorization: ", credentials, b"\r\n"]);
    }
    parts.push(b"\r\n");
    for part in parts {
        request
            .push(part)
            .map_err(|_| io::Error::other("a request too long"))?;
    }
    wire.write_all(request.expose())
}

/// Reads to the empty line that ends the head. Bytewise, since what follows belongs to
/// TLS; a proxy's answer is short.
fn read_head(wire: &mut impl Read) -> Result<Vec<u8>, Blocked> {
    let mut head = Vec::new();
    let mut byte = [0_u8];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LONGEST_HEAD {
            let problem = format!("it sent more than {LONGEST_HEAD} bytes of headers");
            return Err(Blocked::Garbled(problem));
        }
        match wire.read(&mut byte).map_err(Blocked::Io)? {
            0 if head.is_empty() => return Err(Blocked::Garbled(CLOSED.to_owned())),
            0 => break,
            _ => head.extend_from_slice(&byte),
        }
    }
    Ok(head)
}

/// The status of `HTTP/1.1 200 Connection established`.
fn status(head: &[u8]) -> Option<u16> {
    let whole = head.ends_with(b"\r\n\r\n");
    let text = head.strip_prefix(b"HTTP/1.").filter(|_| whole)?;
    let digits = text.get(2..5).filter(|_| text.get(1) == Some(&b' '))?;
    let ends = matches!(text.get(5), Some(b' ' | b'\r'));
    let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (ends && (100..=999).contains(&status)).then_some(status)
}

const CLOSED: &str = "it closed the connection without an answer";

/// Room for the request beside the credentials: the host twice, and the fixed words.
const REQUEST: usize = 1024;

const LONGEST_HEAD: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// A proxy that says `answer` to anything.
    struct Wire {
        answer: Cursor<Vec<u8>>,
        asked: Vec<u8>,
    }

    impl Read for Wire {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.answer.read(buffer)
        }
    }

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.asked.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn ask_proxy(answer: &[u8]) -> (Result<(), Blocked>, Wire) {
        let mut wire = Wire {
            answer: Cursor::new(answer.to_vec()),
            asked: Vec::new(),
        };
        let host = HostName::parse("vault.test").unwrap();
        let credentials = Secret::copy_of(b"Basic eDp5");
        (open(&mut wire, &host, Some(&credentials)), wire)
    }

    #[test]
    fn asks_for_port_443_and_leaves_what_follows_to_tls() {
        let (outcome, wire) = ask_proxy(b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\nTLS");
        outcome.unwrap();
        assert_eq!(wire.answer.position(), 27);
        let asked = "CONNECT vault.test:443 HTTP/1.1\r\nHost: vault.test:443\r\nProxy-Authorization: Basic eDp5\r\n\r\n";
        assert_eq!(wire.asked, asked.as_bytes());
    }

    #[test]
    fn passes_on_the_status_of_a_refusal() {
        for (answer, wanted) in [
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", 407),
            ("HTTP/1.0 403 \r\n\r\n", 403),
            ("HTTP/1.1 502\r\n\r\n", 502),
        ] {
            let (outcome, _) = ask_proxy(answer.as_bytes());
            assert!(matches!(outcome, Err(Blocked::Status(status)) if status == wanted));
        }
    }

    #[test]
    fn refuses_garbage_silence_and_endless_heads() {
        let endless = [b"HTTP/1.1 200 OK\r\n".to_vec(), vec![b'x'; LONGEST_HEAD]].concat();
        for answer in [
            &b""[..],
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 20\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            &endless,
        ] {
            let (outcome, _) = ask_proxy(answer);
            assert!(matches!(outcome, Err(Blocked::Garbled(_))), "{outcome:?}");
        }
    }
}
