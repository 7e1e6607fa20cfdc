//! Looking up a host's addresses with the system's resolver, within a time limit.
//!
//! getaddrinfo knows no limit, so it runs in a thread that is left behind when it does
//! not come back. ureq would look up at every request, even one that goes over an open
//! connection; here only the connector does, when it really connects.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{mpsc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::name::foreign;

/// The lookups of a run. A name that has no address is not looked up again.
#[derive(Default)]
pub(super) struct Lookups {
    missing: Mutex<Vec<(String, Unresolved)>>,
}

/// Why a name has no addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unresolved {
    /// What to tell of it.
    pub(super) cause: String,
    /// Whether asking again may help; not when the name does not exist.
    pub(super) again: bool,
}

impl Lookups {
    /// The addresses of `host`, IPv6 and IPv4 in turn, at most eight. An address written
    /// out needs no lookup.
    pub(super) fn addresses(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>, Unresolved> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = missing.iter().find(|(name, _)| name == host) {
            return Err(known.clone());
        }
        let outcome = resolve(host.to_owned(), port, deadline).map(interleaved);
        match &outcome {
            Err(unresolved) if !unresolved.again => {
                missing.push((host.to_owned(), unresolved.clone()));
            }
            _ => {}
        }
        outcome
    }
}

/// What ureq asks before it looks for an open connection. It gets no address: the
/// connector knows the host.
#[derive(Debug)]
pub(super) struct NoLookup;

impl Resolver for NoLookup {
    fn resolve(
        &self,
        _uri: &ureq::http::Uri,
        _config: &ureq::config::Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

fn resolve(host: String, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Unresolved> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let lookup = move || {
        let found = (host.as_str(), port).to_socket_addrs();
        // Nobody listens any more when the time is up.
        let _ = sender.send(found.map(Vec::from_iter));
    };
    let thread = thread::Builder::new().stack_size(STACK);
    thread
        .spawn(lookup)
        .map_err(|error| unresolved(&format!("cannot look up: {error}")))?;
    let left = deadline.saturating_duration_since(Instant::now());
    match receiver.recv_timeout(left) {
        Ok(Ok(found)) if found.is_empty() => Err(unresolved("the name has no address")),
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(explained(&error)),
        Err(_) => Err(Unresolved {
            cause: "the resolver did not answer in time".to_owned(),
            again: true,
        }),
    }
}

/// What getaddrinfo said. The standard library passes its code on as text only: of glibc
/// or of musl.
fn explained(error: &io::Error) -> Unresolved {
    let text = error.to_string();
    let text = text
        .strip_prefix("failed to lookup address information: ")
        .unwrap_or(&text);
    match text {
        "Name or service not known" | "Name does not resolve" => unresolved("no such name"),
        "No address associated with hostname" | "Name has no usable address" => {
            unresolved("the name has no address")
        }
        "Temporary failure in name resolution" | "Try again" => Unresolved {
            cause: "the resolver did not answer".to_owned(),
            again: true,
        },
        other => unresolved(&foreign(other, 120)),
    }
}

fn unresolved(cause: &str) -> Unresolved {
    Unresolved {
        cause: cause.to_owned(),
        again: false,
    }
}

/// Alternates the families, beginning with that of the first address: the system has
/// sorted them by RFC 6724 (RFC 8305, section 4).
fn interleaved(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (mut next, mut other): (VecDeque<_>, VecDeque<_>) = found
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut sorted = Vec::new();
    while sorted.len() < MOST {
        let Some(address) = next.pop_front() else {
            sorted.extend(other.into_iter().take(MOST.saturating_sub(sorted.len())));
            break;
        };
        sorted.push(address);
        if !other.is_empty() {
            std::mem::swap(&mut next, &mut other);
        }
    }
    sorted
}

/// Addresses that are tried at most.
const MOST: usize = 8;

/// Bytes of stack for getaddrinfo: musl needs 20 KiB, glibc's modules more.
const STACK: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_the_first_leads() {
        for (found, wanted) in [
            ("", ""),
            ("4a 4b", "4a 4b"),
            ("6a 6b 4a 4b", "6a 4a 6b 4b"),
            ("4a 4b 4c 6a", "4a 6a 4b 4c"),
            ("6a 4a 4b 4c", "6a 4a 4b 4c"),
            ("6a 6b 6c 6d 6e 6f 60 61 4a", "6a 4a 6b 6c 6d 6e 6f 60"),
        ] {
            let parsed: Vec<SocketAddr> = found.split_whitespace().map(parse).collect();
            let sorted: Vec<String> = interleaved(parsed).iter().map(shown).collect();
            assert_eq!(sorted.join(" "), wanted);
        }
    }

    #[test]
    fn an_unknown_name_is_final_and_a_silent_resolver_is_not() {
        let prefix = "failed to lookup address information: ";
        for (text, again) in [
            ("Name or service not known", false),
            ("Name does not resolve", false),
            ("Name has no usable address", false),
            ("Try again", true),
            ("Temporary failure in name resolution", true),
            ("Non-recoverable error", false),
        ] {
            let error = io::Error::other(format!("{prefix}{text}"));
            assert_eq!(explained(&error).again, again, "{text}");
        }
    }

    #[test]
    fn neither_written_out_addresses_nor_missing_names_are_looked_up() {
        let lookups = Lookups::default();
        for host in ["127.0.0.1", "::1"] {
            let found = lookups.addresses(host, 443, Instant::now()).unwrap();
            assert_eq!(found, [SocketAddr::new(host.parse().unwrap(), 443)]);
        }
        let known = unresolved("no such name");
        let entry = ("vault.test".to_owned(), known.clone());
        lookups.missing.lock().unwrap().push(entry);
        let outcome = lookups.addresses("vault.test", 443, Instant::now());
        assert_eq!(outcome, Err(known));
    }

    fn parse(text: &str) -> SocketAddr {
        let host = match text.split_at(1) {
            ("4", c) => format!("10.0.0.{}", u8::from_str_radix(c, 16).unwrap()),
            (_, c) => format!("[fd00::{c}]"),
        };
        format!("{host}:443").parse().unwrap()
    }

    fn shown(address: &SocketAddr) -> String {
        match address {
            SocketAddr::V4(v4) => format!("4{:x}", v4.ip().octets()[3]),
            SocketAddr::V6(v6) => format!("6{:x}", v6.ip().segments()[7]),
        }
    }
}
