//! Faults a test can order: what goes wrong, for which requests, how often.
//!
//! A fault that replaces the reply does so before the service has seen the request; one that
//! spoils the reply lets the service do its work first.

use std::sync::Mutex;
use std::time::Duration;

use crate::http::Reply;
use crate::lock;
use crate::log::Logged;

/// Goes wrong with the next `times` requests that match.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The requests it is meant for.
    pub matching: Match,
    /// What happens to them.
    pub action: Action,
    /// How many of them: `usize::MAX` for all.
    pub times: usize,
}

/// The requests a fault is meant for.
#[derive(Clone, Debug)]
pub enum Match {
    /// Every request.
    Any,
    /// Requests to this host.
    Host(String),
    /// Requests whose path contains this text.
    Path(String),
    /// Requests to the token endpoint of any tenant, or of AD FS.
    Token,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Action {
    /// The right status and headers around text that is not JSON.
    BadJson,
    /// The connection ends after this many bytes of the body.
    CutAfter(usize),
    /// The connection ends (orderly) in place of the reply.
    CutBeforeReply,
    /// The reply comes after a pause.
    Delay(Duration),
    /// Bytes that are not HTTP.
    Garbage,
    /// The page of a captive portal: status 200, `text/html`.
    HtmlPage,
    /// Status 200 and a JSON text of this many bytes, sent as fast as the client reads.
    Huge(u64),
    /// Status 302 to this address.
    Redirect(String),
    /// The connection is reset (RST) in place of the reply.
    Reset,
    /// The request is taken and never answered; the connection stays open.
    Silence,
    /// The reply drips: this many bytes, a pause, and so on.
    Slow {
        /// Bytes sent at a time.
        bytes: usize,
        /// The pause between two writes.
        pause: Duration,
    },
    /// This reply in place of the service's own.
    Status {
        /// The HTTP status.
        code: u16,
        /// Headers besides Date and Content-Length.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Nothing more comes after this many bytes of the body; the connection stays open.
    StallAfter(usize),
    /// Content-Length says half of what the body has; all of it is sent.
    WrongContentLength,
}

/// How a reply goes out.
pub(crate) enum Delivery {
    CutAfter(usize),
    Delayed(Duration),
    Garbage,
    HalfLength,
    Huge(u64),
    Nothing,
    Reset,
    Silence,
    Slow { bytes: usize, pause: Duration },
    StallAfter(usize),
    Whole,
}

impl Action {
    /// The reply that takes the place of the service's, if this action has one.
    pub(crate) fn replacement(&self) -> Option<Reply> {
        match self {
            Action::Garbage | Action::Reset | Action::Silence => Some(Reply::new(0)),
            Action::HtmlPage => {
                let mut reply = Reply::new(200).header("content-type", "text/html");
                reply.body = PORTAL.as_bytes().to_vec().into();
                Some(reply)
            }
            Action::Huge(_) => Some(Reply::json(200, String::new())),
            Action::Redirect(address) => {
                Some(Reply::new(302).header("location", address.as_bytes()))
            }
            Action::Status {
                code,
                headers,
                body,
            } => {
                let mut reply = Reply::new(*code);
                for (name, value) in headers {
                    reply = reply.header(name, value.as_bytes());
                }
                reply.body = body.clone().into_bytes().into();
                Some(reply)
            }
            _ => None,
        }
    }

    /// Spoils the service's own reply where the action does that by content.
    pub(crate) fn spoil(&self, reply: &mut Reply) {
        if matches!(self, Action::BadJson) {
            reply.body = b"{\"value\": \"cut off in the mid".to_vec().into();
        }
    }

    pub(crate) fn delivery(&self) -> Delivery {
        match self {
            Action::CutAfter(bytes) => Delivery::CutAfter(*bytes),
            Action::CutBeforeReply => Delivery::Nothing,
            Action::Delay(pause) => Delivery::Delayed(*pause),
            Action::Garbage => Delivery::Garbage,
            Action::Huge(bytes) => Delivery::Huge(*bytes),
            Action::Reset => Delivery::Reset,
            Action::Silence => Delivery::Silence,
            Action::Slow { bytes, pause } => Delivery::Slow {
                bytes: (*bytes).max(1),
                pause: *pause,
            },
            Action::StallAfter(bytes) => Delivery::StallAfter(*bytes),
            Action::WrongContentLength => Delivery::HalfLength,
            Action::BadJson | Action::HtmlPage | Action::Redirect(_) | Action::Status { .. } => {
                Delivery::Whole
            }
        }
    }
}

/// The faults in force, in the order they were added.
#[derive(Default)]
pub(crate) struct Faults {
    pending: Mutex<Vec<Fault>>,
}

impl Faults {
    pub fn add(&self, fault: Fault) {
        lock(&self.pending).push(fault);
    }

    pub fn clear(&self) {
        lock(&self.pending).clear();
    }

    /// Takes the first fault that matches, once.
    pub fn take(&self, record: &Logged) -> Option<Action> {
        let mut pending = lock(&self.pending);
        let fault = pending
            .iter_mut()
            .find(|fault| fault.times > 0 && fault.matching.covers(record))?;
        if fault.times != usize::MAX {
            fault.times -= 1;
        }
        Some(fault.action.clone())
    }
}

impl Match {
    pub(crate) fn covers(&self, record: &Logged) -> bool {
        match self {
            Match::Any => true,
            Match::Host(host) => record.host.eq_ignore_ascii_case(host),
            Match::Path(part) => record.path.contains(part.as_str()),
            Match::Token => {
                record.method == "POST"
                    && ["/oauth2/v2.0/token", "/adfs/oauth2/token"]
                        .iter()
                        .any(|end| record.path.ends_with(end))
            }
        }
    }
}

/// What a garbage reply consists of.
pub(crate) const GARBAGE: &[u8] = b"\x00\x01SSH-2.0-nothing\xff\xfe\r\n\r\n\x16\x03\x01";

const PORTAL: &str = "<!DOCTYPE html><html><head><title>Welcome to Guest WiFi</title></head>\
<body><form action=\"/accept\"><button>Accept terms</button></form></body></html>";
