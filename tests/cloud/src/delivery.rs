//! Puts a reply on the wire: whole, or broken in the way a fault asks for.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustix::net::connect_unspec;
use rustls::{ServerConnection, StreamOwned};

use crate::body::Body;
use crate::fault::{Delivery, GARBAGE};
use crate::http::Reply;
use crate::server::Stop;

/// A stream that replies go out on.
pub(crate) trait Wire: Write {
    /// Says orderly that nothing more comes.
    fn finish(&mut self);
    fn socket(&self) -> &TcpStream;
}

impl Wire for StreamOwned<ServerConnection, TcpStream> {
    fn finish(&mut self) {
        self.conn.send_close_notify();
        let _ = self.flush();
    }

    fn socket(&self) -> &TcpStream {
        &self.sock
    }
}

impl Wire for TcpStream {
    fn finish(&mut self) {
        let _ = self.shutdown(Shutdown::Write);
    }

    fn socket(&self) -> &TcpStream {
        self
    }
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    ConnectionEnds,
    ConnectionStays,
}

/// What the log says of a reply before it is sent.
pub(crate) struct Planned {
    pub status: u16,
    /// Bytes of the head.
    pub head: usize,
    /// Bytes of head and body.
    pub bytes: usize,
}

/// Status and size if all goes as planned.
pub(crate) fn planned(reply: &Reply, delivery: &Delivery) -> Planned {
    let whole = match delivery {
        Delivery::Nothing | Delivery::Reset | Delivery::Silence => 0,
        Delivery::Garbage => GARBAGE.len(),
        _ => {
            let outgoing = Outgoing::new(reply, delivery);
            return Planned {
                status: reply.status,
                head: outgoing.head.len(),
                bytes: outgoing.len(),
            };
        }
    };
    Planned {
        status: 0,
        head: whole,
        bytes: whole,
    }
}

/// Sends the reply; gives the bytes that went out.
pub(crate) fn deliver(
    reply: &Reply,
    delivery: &Delivery,
    stream: &mut impl Wire,
    stop: &Stop,
) -> (Sent, usize) {
    let outgoing = Outgoing::new(reply, delivery);
    let pace = match delivery {
        Delivery::Slow { bytes, pause } => Some((*bytes, *pause)),
        _ => None,
    };
    match delivery {
        Delivery::Nothing => {
            stream.finish();
            return (Sent::ConnectionEnds, 0);
        }
        Delivery::Reset => {
            // Dissolving the association makes Linux send RST, whoever else holds the socket.
            let _ = connect_unspec(stream.socket());
            return (Sent::ConnectionEnds, 0);
        }
        Delivery::Silence => {
            stop.pause(Duration::MAX);
            return (Sent::ConnectionEnds, 0);
        }
        Delivery::Garbage => {
            let sent = stream.write_all(GARBAGE).and_then(|()| stream.flush());
            return (Sent::ConnectionEnds, sent.map_or(0, |()| GARBAGE.len()));
        }
        Delivery::Huge(bytes) => return huge(&outgoing.head, *bytes, stream),
        Delivery::Delayed(time) => stop.pause(*time),
        Delivery::CutAfter(_)
        | Delivery::HalfLength
        | Delivery::Slow { .. }
        | Delivery::StallAfter(_)
        | Delivery::Whole => {}
    }
    let bytes = send(&outgoing, pace, stream, stop);
    if matches!(delivery, Delivery::StallAfter(_)) {
        stop.pause(Duration::MAX);
    }
    let ends = bytes < outgoing.len()
        || matches!(delivery, Delivery::CutAfter(_) | Delivery::StallAfter(_));
    match ends {
        true => (Sent::ConnectionEnds, bytes),
        false => (Sent::ConnectionStays, bytes),
    }
}

/// The head, and as much of the body as is meant to go out.
struct Outgoing<'a> {
    head: Vec<u8>,
    body: &'a Body,
    shown: usize,
}

impl Outgoing<'_> {
    fn new<'a>(reply: &'a Reply, delivery: &Delivery) -> Outgoing<'a> {
        let length = reply.body.len();
        let whole = match reply.bare {
            true => 0,
            false => usize::try_from(length).unwrap_or(usize::MAX),
        };
        Outgoing {
            head: match delivery {
                Delivery::HalfLength => reply.head(length / 2),
                Delivery::Huge(bytes) => reply.head(*bytes),
                _ => reply.head(length),
            },
            body: &reply.body,
            shown: match delivery {
                Delivery::CutAfter(bytes) | Delivery::StallAfter(bytes) => whole.min(*bytes),
                _ => whole,
            },
        }
    }

    fn len(&self) -> usize {
        self.head.len().saturating_add(self.shown)
    }

    /// At most `most` bytes from `offset` on; empty only at the end.
    fn read(&self, offset: usize, most: usize) -> Vec<u8> {
        let begin = offset.min(self.head.len());
        let end = begin.saturating_add(most).min(self.head.len());
        let mut bytes = self.head[begin..end].to_vec();
        let place = (offset + bytes.len()).saturating_sub(self.head.len());
        let most = (most - bytes.len()).min(self.shown.saturating_sub(place));
        if most > 0 {
            let place = u64::try_from(place).unwrap_or(u64::MAX);
            bytes.extend_from_slice(&self.body.read(place, most));
        }
        bytes
    }
}

fn send(
    outgoing: &Outgoing,
    pace: Option<(usize, Duration)>,
    stream: &mut impl Write,
    stop: &Stop,
) -> usize {
    let (step, pause) = pace.unwrap_or((BLOCK, Duration::ZERO));
    let mut sent = 0;
    while sent < outgoing.len() {
        if sent > 0 {
            stop.pause(pause);
        }
        let part = outgoing.read(sent, step);
        let written = stream.write_all(&part).and_then(|()| stream.flush());
        if written.is_err() || stop.is_stopped() {
            return sent;
        }
        sent += part.len();
    }
    sent
}

/// A JSON text of the given length in one long string.
fn huge(head: &[u8], length: u64, stream: &mut impl Write) -> (Sent, usize) {
    let begin = b"{\"value\":\"";
    let end = b"\"}";
    let mut sent = 0;
    let mut write = |bytes: &[u8]| {
        sent += bytes.len();
        stream.write_all(bytes).and_then(|()| stream.flush())
    };
    let frame = begin.len() + end.len();
    let mut left = usize::try_from(length)
        .unwrap_or(usize::MAX)
        .saturating_sub(frame);
    let block = [b'a'; 16 * 1024];
    let mut written = write(head).and_then(|()| write(begin));
    while left > 0 && written.is_ok() {
        let part = &block[..left.min(block.len())];
        left -= part.len();
        written = write(part);
    }
    match written.and_then(|()| write(end)) {
        Ok(()) => (Sent::ConnectionStays, sent),
        Err(_) => (Sent::ConnectionEnds, sent),
    }
}

/// What is written at a time when nothing slows it down.
const BLOCK: usize = 64 * 1024;
