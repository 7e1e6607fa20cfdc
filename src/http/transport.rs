//! One connection as ureq uses it: TLS, or plain to an endpoint of the machine.
//!
//! Three things differ from ureq's own: the access token is written here
//! ([`super::header`]); a connection that ends without TLS's close_notify is an error
//! even where a reply has no length, since anybody on the way can cut it; and whether an
//! idle connection still serves is learnt by reading what TLS has to say, session
//! tickets included.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::Instant;

use rustls::ClientConnection;
use ureq::unversioned::transport::{self, NextTimeout, Transport};

use super::buffers::Buffers;
use super::failure::{broken, Failure};
use super::header::{write_head, HeaderSlot};
use super::refusal;
use super::wire::Wire;
use crate::error::Phase;
use crate::name::HostName;

/// A connection, after its handshake if there is one.
pub(super) struct Connection {
    host: HostName,
    wire: Wire,
    /// Nothing on a plain connection.
    session: Option<ClientConnection>,
    buffers: Buffers,
    slot: HeaderSlot,
}

impl Connection {
    pub(super) fn new(
        host: HostName,
        wire: Wire,
        session: Option<ClientConnection>,
        slot: HeaderSlot,
    ) -> Self {
        Self {
            host,
            wire,
            session,
            buffers: Buffers::new(),
            slot,
        }
    }

    fn send(&mut self, amount: usize) -> io::Result<()> {
        let bytes = self.buffers.written(amount);
        let mut tls;
        let stream: &mut dyn Write = match &mut self.session {
            Some(session) => {
                tls = rustls::Stream::new(session, &mut self.wire);
                &mut tls
            }
            None => &mut self.wire,
        };
        match self.slot.take(&self.host) {
            Some(header) => write_head(stream, bytes, &header)?,
            None => stream.write_all(bytes)?,
        }
        stream.flush()
    }

    /// Reads until there is something; 0 at an orderly end.
    fn receive(&mut self) -> io::Result<usize> {
        let room = transport::Buffers::input_append_buf(&mut self.buffers);
        read(&mut self.session, &mut self.wire, room)
    }

    fn failed(&self, error: &io::Error, timeout: NextTimeout) -> ureq::Error {
        if error.kind() == io::ErrorKind::TimedOut {
            return ureq::Error::Timeout(timeout.reason);
        }
        let failure = match refusal::inner(error) {
            Some(refused) => refusal::refused(&self.host, refused),
            None => Failure::network(&self.host, Phase::Exchange, broken(error)),
        };
        failure.into()
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn transport::Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.wire.wait_until(deadline(timeout), None);
        self.send(amount)
            .map_err(|error| self.failed(&error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let patience = timeout.per_read.map(|patience| *patience);
        self.wire.wait_until(deadline(timeout), patience);
        match self.receive() {
            Ok(count) => {
                transport::Buffers::input_appended(&mut self.buffers, count);
                Ok(count > 0)
            }
            Err(error) => Err(self.failed(&error, timeout)),
        }
    }

    fn is_open(&mut self) -> bool {
        self.wire.never_wait();
        let mut byte = [0_u8];
        let heard = read(&mut self.session, &mut self.wire, &mut byte);
        // A byte, an end or an error: the server said something that nobody asked for.
        matches!(heard, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    fn is_tls(&self) -> bool {
        self.session.is_some()
    }
}

impl Drop for Connection {
    /// Says goodbye, if that can be done without waiting.
    fn drop(&mut self) {
        self.wire.never_wait();
        if let Some(session) = &mut self.session {
            session.send_close_notify();
            let _ = session.write_tls(&mut self.wire);
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.host)
    }
}

fn read(
    session: &mut Option<ClientConnection>,
    wire: &mut Wire,
    room: &mut [u8],
) -> io::Result<usize> {
    match session {
        Some(session) => rustls::Stream::new(session, wire).read(room),
        None => wire.read(room),
    }
}

/// When the time that ureq gives is up. There always is a limit: each attempt has one.
pub(super) fn deadline(timeout: NextTimeout) -> Instant {
    let now = Instant::now();
    now.checked_add(*timeout.after).unwrap_or(now)
}
