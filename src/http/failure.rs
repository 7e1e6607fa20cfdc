//! A failed attempt: the error that it comes to, and whether another one may do better.
//!
//! Our connector and transport hand theirs through ureq unharmed
//! ([`ureq::Error::Other`]); what ureq itself finds is put into our words here.

use std::fmt;
use std::io;

use crate::error::{Error, Phase};
use crate::name::{foreign, HostName};

/// Why an attempt failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// What the caller gets when there is no other attempt.
    pub(super) error: Error,
    /// Whether another attempt may do better.
    pub(super) again: bool,
}

impl Failure {
    /// A failure that would only repeat itself.
    pub(super) fn last(error: Error) -> Self {
        let again = false;
        Self { error, again }
    }

    /// A failure that may pass.
    pub(super) fn passing(error: Error) -> Self {
        let again = true;
        Self { error, again }
    }

    /// A conversation with `host` that broke off in `phase`.
    pub(super) fn network(host: &HostName, phase: Phase, cause: impl Into<String>) -> Self {
        Self::passing(Error::Network {
            host: host.clone(),
            phase,
            cause: cause.into(),
        })
    }

    /// A reply of `host` that cannot be used.
    pub(super) fn reply(host: &HostName, problem: impl Into<String>) -> Self {
        Self::last(Error::Reply {
            host: host.clone(),
            problem: problem.into(),
        })
    }

    /// A bug of ours.
    pub(super) fn internal(what: impl Into<String>) -> Self {
        Self::last(Error::Internal { what: what.into() })
    }

    /// What became of an exchange with `host` that ureq gave up.
    pub(super) fn from_ureq(error: ureq::Error, host: &HostName) -> Self {
        let exchange = |cause: String| Self::network(host, Phase::Exchange, cause);
        match error {
            ureq::Error::Other(other) => match other.downcast::<Self>() {
                Ok(failure) => *failure,
                Err(other) => exchange(foreign(&other.to_string(), SHOWN)),
            },
            ureq::Error::Timeout(_) => exchange("no complete reply in time".to_owned()),
            ureq::Error::Io(error) => exchange(broken(&error)),
            ureq::Error::LargeResponseHeader(_, limit) => {
                Self::reply(host, format!("sent more than {limit} bytes of headers"))
            }
            ureq::Error::Protocol(error) => {
                let what = foreign(&error.to_string(), SHOWN);
                Self::reply(host, format!("sent no valid HTTP reply: {what}"))
            }
            ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
                Self::internal(format!("a malformed request to {host}"))
            }
            other => exchange(foreign(&other.to_string(), SHOWN)),
        }
    }

    /// Seconds that the server asked us to stay away.
    pub(super) fn retry_after(&self) -> Option<u64> {
        match self.error {
            Error::ServerBusy { retry_after, .. } => retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for ureq::Error {
    fn from(failure: Failure) -> Self {
        Self::Other(Box::new(failure))
    }
}

/// An input or output error of a conversation in words.
pub(super) fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the connection was closed before the reply was complete",
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the connection was reset",
        io::ErrorKind::TimedOut => "no answer in time",
        _ => return foreign(&error.to_string(), SHOWN),
    }
    .to_owned()
}

/// How many characters of a foreign text are shown.
const SHOWN: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_failures_pass_through_ureq_unharmed() {
        let host = HostName::parse("vault.test").unwrap();
        let sent = Failure::reply(&host, "is odd");
        let met = io::Error::other(ureq::Error::from(sent));
        let failure = Failure::from_ureq(met.into(), &host);
        assert_eq!(failure.error.to_string(), "vault.test: is odd");
        assert!(!failure.again);
    }

    #[test]
    fn timeouts_and_cuts_may_pass_but_garbage_does_not() {
        let host = HostName::parse("vault.test").unwrap();
        let cut = io::Error::from(io::ErrorKind::UnexpectedEof);
        for (error, again) in [
            (ureq::Error::Timeout(ureq::Timeout::Global), true),
            (ureq::Error::Io(cut), true),
            (ureq::Error::BodyStalled, true),
            (ureq::Error::LargeResponseHeader(9, 8), false),
            (ureq::Error::BadUri(String::new()), false),
        ] {
            let shown = format!("{error:?}");
            assert_eq!(Failure::from_ureq(error, &host).again, again, "{shown}");
        }
    }
}
