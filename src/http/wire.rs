//! A TCP connection whose every read and write ends by a deadline, and is counted.
//!
//! The socket never blocks; waiting is done with poll. So a peer that feeds a byte a
//! second gets no further than one that is silent.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{poll, PollFd, PollFlags, Timespec};

use super::meter::Meter;

/// The bytes below TLS.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    deadline: Option<Instant>,
    patience: Option<Duration>,
    meter: Meter,
}

impl Wire {
    /// Takes a socket that is set not to block.
    pub(super) fn new(stream: TcpStream, deadline: Instant, meter: Meter) -> Self {
        Self {
            stream,
            deadline: Some(deadline),
            patience: None,
            meter,
        }
    }

    /// From now on, reads and writes end at `deadline` with [`io::ErrorKind::TimedOut`], and
    /// before, when the peer is silent for longer than `patience`.
    pub(super) fn wait_until(&mut self, deadline: Instant, patience: Option<Duration>) {
        self.deadline = Some(deadline);
        self.patience = patience;
    }

    /// From now on, they give [`io::ErrorKind::WouldBlock`] instead of waiting.
    pub(super) fn never_wait(&mut self) {
        self.deadline = None;
    }

    /// Waits for what `wanted` says, or tells that it is no use.
    fn ready(&self, wanted: PollFlags) -> io::Result<()> {
        let Some(deadline) = self.deadline else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let patience = self
            .patience
            .and_then(|patience| Instant::now().checked_add(patience));
        let deadline = patience.map_or(deadline, |end| end.min(deadline));
        wait(&mut [PollFd::new(&self.stream, wanted)], deadline)
    }

    fn check_deadline(&self) -> io::Result<()> {
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.check_deadline()?;
            match self.stream.read(buffer) {
                Ok(count) => {
                    self.meter.received(count);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready(PollFlags::IN)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.check_deadline()?;
            match self.stream.write(bytes) {
                Ok(count) => {
                    self.meter.sent(count);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.ready(PollFlags::OUT)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits until one of `sockets` is ready.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`] when none was by `deadline`.
pub(super) fn wait(sockets: &mut [PollFd<'_>], deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match poll(sockets, Some(&timespec(left))) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec::try_from(duration).unwrap_or(Timespec {
        tv_sec: 86_400,
        tv_nsec: 0,
    })
}

impl AsFd for Wire {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
