//! What clients did: every request in order, and what was wrong with it.
//!
//! A record is made before its reply is written, so that a test which has the reply finds the
//! record. Values of credentials are never kept.

use std::sync::Mutex;
use std::time::SystemTime;

use crate::http::Request;
use crate::lock;

/// One request as the server saw it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Logged {
    /// Counts up over the life of the cloud, `reset_log` included.
    pub number: u64,
    /// When the request had been read, by the machine's clock.
    pub at: SystemTime,
    /// The connection it came on: requests with equal numbers shared one.
    pub connection: u64,
    /// The method, such as `GET`.
    pub method: String,
    /// The host named by the Host header, in lower case and without a port.
    pub host: String,
    /// The path as sent.
    pub path: String,
    /// The query as sent, without the question mark.
    pub query: String,
    /// The status answered; 0 when no reply was sent.
    pub status: u16,
    /// Bytes of the request: head and body, without TLS.
    pub bytes_in: usize,
    /// Bytes of the reply: head and body, without TLS.
    pub bytes_out: usize,
    /// Those of them that belong to the body.
    pub body_out: usize,
    /// The User-Agent header.
    pub user_agent: Option<String>,
    /// The other headers, but for those that hold credentials.
    pub headers: Vec<(String, String)>,
    /// Whether an `Authorization: Bearer` header came with it.
    pub had_bearer: bool,
    /// Whether the service accepted the credential: the client's at the login host, the token at
    /// a vault.
    pub authorized: bool,
    /// The fault that was applied, if any.
    pub fault: Option<String>,
    /// Allowed but remarkable: what the real service forgives.
    pub notes: Vec<String>,
    /// What no well-behaved client does.
    pub unexpected: Vec<String>,
}

impl Logged {
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    pub(crate) fn unexpected(&mut self, text: impl Into<String>) {
        self.unexpected.push(text.into());
    }

    /// The part of a blob that was asked for, as in `bytes=1024-`; `x-ms-range` wins over `Range`.
    pub fn range(&self) -> Option<&str> {
        self.header("x-ms-range").or_else(|| self.header("range"))
    }

    /// The value of one of the kept headers, such as `if-match`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The records of all connections.
#[derive(Default)]
pub(crate) struct Log {
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    next: u64,
    handshakes: usize,
    resumptions: usize,
    failed_handshakes: Vec<String>,
    records: Vec<Logged>,
}

impl Log {
    /// A record for a request, not yet kept.
    pub fn begin(&self, connection: u64, request: &Request) -> Logged {
        let bearer = request.header("authorization").is_some_and(is_bearer);
        let mut record = self.blank(connection);
        record.method.clone_from(&request.method);
        record.host = request
            .header("host")
            .unwrap_or_default()
            .to_ascii_lowercase();
        record.path.clone_from(&request.path);
        record.query.clone_from(&request.query);
        record.bytes_in = request.size;
        record.user_agent = request.header("user-agent").map(str::to_owned);
        record.headers = request.headers.clone();
        record
            .headers
            .retain(|(name, _)| !CREDENTIAL_HEADERS.contains(&name.to_ascii_lowercase().as_str()));
        record.had_bearer = bearer;
        record
    }

    /// A record for something that is not even a request.
    pub fn blank(&self, connection: u64) -> Logged {
        let mut entries = lock(&self.entries);
        entries.next += 1;
        Logged {
            number: entries.next,
            at: SystemTime::now(),
            connection,
            method: String::new(),
            host: String::new(),
            path: String::new(),
            query: String::new(),
            status: 0,
            bytes_in: 0,
            bytes_out: 0,
            body_out: 0,
            user_agent: None,
            headers: Vec::new(),
            had_bearer: false,
            authorized: false,
            fault: None,
            notes: Vec::new(),
            unexpected: Vec::new(),
        }
    }

    pub fn keep(&self, record: Logged) {
        lock(&self.entries).records.push(record);
    }

    /// Corrects a kept record whose reply did not go out whole, `head` bytes of it being the head.
    pub fn sent(&self, number: u64, bytes_out: usize, head: usize) {
        let mut entries = lock(&self.entries);
        if let Some(record) = entries
            .records
            .iter_mut()
            .find(|record| record.number == number)
        {
            record.bytes_out = bytes_out;
            record.body_out = bytes_out.saturating_sub(head);
        }
    }

    pub fn handshake(&self, resumed: bool) {
        let mut entries = lock(&self.entries);
        entries.handshakes += 1;
        entries.resumptions += usize::from(resumed);
    }

    pub fn handshake_failed(&self, reason: String) {
        lock(&self.entries).failed_handshakes.push(reason);
    }

    pub fn records(&self) -> Vec<Logged> {
        lock(&self.entries).records.clone()
    }

    pub fn handshakes(&self) -> usize {
        lock(&self.entries).handshakes
    }

    pub fn resumptions(&self) -> usize {
        lock(&self.entries).resumptions
    }

    pub fn failed_handshakes(&self) -> Vec<String> {
        lock(&self.entries).failed_handshakes.clone()
    }

    pub fn reset(&self) {
        let mut entries = lock(&self.entries);
        *entries = Entries {
            next: entries.next,
            ..Entries::default()
        };
    }
}

fn is_bearer(value: &str) -> bool {
    value
        .split_once(' ')
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
}

/// Headers whose values are credentials, `secret` and `x-identity-header` those of a managed
/// identity.
const CREDENTIAL_HEADERS: [&str; 5] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "secret",
    "x-identity-header",
];
