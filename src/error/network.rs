//! How far a conversation with a host came, and what TLS disliked.

use std::fmt;

/// The step of a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The TCP connection.
    Connect,
    /// The host's name.
    Dns,
    /// Sending the request or receiving the reply.
    Exchange,
    /// The connection through the proxy.
    Proxy,
    /// The TLS handshake, cut or garbled (a refused chain is [`TlsProblem`]).
    Tls,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::Dns => "DNS",
            Self::Exchange => "HTTP",
            Self::Proxy => "proxy",
            Self::Tls => "TLS",
        })
    }
}

/// Why a server's certificate was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsProblem {
    /// The certificate is past its end by this device's clock.
    Expired,
    /// Neither side's versions or ciphers fit.
    Incompatible(String),
    /// The certificate is for other names.
    NameMismatch,
    /// The certificate's validity has not begun by this device's clock.
    NotYetValid,
    /// Anything else that rustls found.
    Other(String),
    /// No trusted authority signed the chain.
    UnknownIssuer {
        /// Issuer named by the last certificate seen, if it could be read.
        issuer: Option<String>,
    },
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("its certificate has expired by this device's clock"),
            Self::Incompatible(what) => write!(f, "no common TLS version or cipher: {what}"),
            Self::NameMismatch => f.write_str("its certificate is for another name"),
            Self::NotYetValid => {
                f.write_str("its certificate is not valid yet by this device's clock")
            }
            Self::Other(what) => f.write_str(what),
            Self::UnknownIssuer {
                issuer: Some(issuer),
            } => {
                write!(
                    f,
                    "its certificate comes from an authority that is not trusted here ({issuer})"
                )
            }
            Self::UnknownIssuer { issuer: None } => {
                f.write_str("its certificate comes from an authority that is not trusted here")
            }
        }
    }
}
