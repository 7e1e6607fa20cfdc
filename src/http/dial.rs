//! Connecting to the first address that answers (RFC 8305, "Happy Eyeballs").
//!
//! The next address is tried when the one before failed, or kept silent for 250 ms; the
//! earlier ones go on. So an IPv6 route that swallows packets costs a quarter of a
//! second and not the whole timeout (protocol notes, section 8, no. 5).

use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::sockopt::{set_tcp_nodelay, socket_error};
use rustix::net::{connect, socket_with, AddressFamily, SocketFlags, SocketType};

use super::wire::wait;

/// Connects to one of `addresses`, which are tried in their order. The socket does not
/// block and sends small writes at once.
///
/// # Errors
/// A sentence that names each address and what came of it.
pub(super) fn dial(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, String> {
    let mut race = Race {
        waiting: addresses,
        running: Vec::new(),
        failures: Vec::new(),
        next_start: Instant::now(),
    };
    loop {
        race.start_due();
        if race.running.is_empty() {
            return Err(race.failures.join("; "));
        }
        if let Some(winner) = race.wait(deadline)? {
            return Ok(winner);
        }
    }
}

struct Race<'a> {
    waiting: &'a [SocketAddr],
    running: Vec<(SocketAddr, OwnedFd)>,
    failures: Vec<String>,
    /// When the next address is due, even if those before did not fail.
    next_start: Instant,
}

impl Race<'_> {
    /// Starts what is due: one address, or the next ones as long as none is running.
    fn start_due(&mut self) {
        while self.running.is_empty() || self.next_start <= Instant::now() {
            let Some((address, rest)) = self.waiting.split_first() else {
                return;
            };
            self.waiting = rest;
            match start(*address) {
                Ok(socket) => {
                    let now = Instant::now();
                    self.running.push((*address, socket));
                    self.next_start = now.checked_add(STAGGER).unwrap_or(now);
                }
                Err(errno) => self.failed(*address, errno),
            }
        }
    }

    /// Waits until something happens: a connection, failures, or the next start.
    fn wait(&mut self, deadline: Instant) -> Result<Option<TcpStream>, String> {
        let until = match self.waiting {
            [] => deadline,
            _ => deadline.min(self.next_start),
        };
        let mut sockets: Vec<PollFd<'_>> = self
            .running
            .iter()
            .map(|(_, socket)| PollFd::new(socket, PollFlags::OUT))
            .collect();
        match wait(&mut sockets, until) {
            Err(_) if deadline <= Instant::now() => return Err(self.out_of_time()),
            Err(_) => return Ok(None),
            Ok(()) => {}
        }
        let ready: Vec<bool> = sockets.iter().map(|s| !s.revents().is_empty()).collect();
        Ok(self.settle(ready))
    }

    /// Takes the first connection out of those that are `ready`, and drops the failed.
    fn settle(&mut self, ready: Vec<bool>) -> Option<TcpStream> {
        let running = std::mem::take(&mut self.running);
        for ((address, socket), ready) in running.into_iter().zip(ready) {
            if !ready {
                self.running.push((address, socket));
                continue;
            }
            match socket_error(&socket).and_then(|outcome| outcome) {
                Ok(()) => {
                    log::debug!("connected to {address}");
                    return Some(TcpStream::from(socket));
                }
                Err(errno) => self.failed(address, errno),
            }
        }
        None
    }

    fn failed(&mut self, address: SocketAddr, errno: Errno) {
        self.failures.push(format!("{address}: {}", words(errno)));
        self.next_start = Instant::now();
    }

    fn out_of_time(&mut self) -> String {
        for (address, _) in &self.running {
            self.failures.push(format!("{address}: no answer in time"));
        }
        self.failures.join("; ")
    }
}

fn start(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    // Requests are written whole; waiting for more to send would only delay them.
    set_tcp_nodelay(&socket, true)?;
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(socket),
        Err(errno) => Err(errno),
    }
}

fn words(errno: Errno) -> String {
    match errno {
        Errno::CONNREFUSED => "connection refused".to_owned(),
        Errno::NETUNREACH | Errno::HOSTUNREACH => "no route".to_owned(),
        Errno::TIMEDOUT => "no answer".to_owned(),
        Errno::ACCESS | Errno::PERM => "forbidden by this device's firewall".to_owned(),
        other => other.to_string(),
    }
}

/// RFC 8305, section 5, "Connection Attempt Delay".
const STAGGER: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{closed_port, silent_port};
    use std::net::TcpListener;

    fn soon() -> Instant {
        let limit = Duration::from_secs(10);
        Instant::now().checked_add(limit).unwrap()
    }

    #[test]
    fn a_refused_address_costs_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let started = Instant::now();
        let stream = dial(&[closed_port(), closed_port(), open], soon()).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        assert!(started.elapsed() < STAGGER * 2);
    }

    #[test]
    fn a_silent_address_costs_a_quarter_second() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let (silent, _held) = silent_port();
        let started = Instant::now();
        let stream = dial(&[silent, open], soon()).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        assert!((STAGGER..STAGGER * 20).contains(&started.elapsed()));
    }

    #[test]
    fn says_what_came_of_each_address() {
        let (silent, _held) = silent_port();
        let refused = closed_port();
        let deadline = Instant::now() + Duration::from_millis(300);
        let told = dial(&[refused, silent], deadline).unwrap_err();
        assert_eq!(
            told,
            format!("{refused}: connection refused; {silent}: no answer in time")
        );
    }
}
