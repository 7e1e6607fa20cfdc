//! Puts a reply on the wire: whole, or broken in the way a fault asks for.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustix::net::connect_unspec;
use rustls::{ServerConnection, StreamOwned};

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
    pub bytes: usize,
}

/// Status and size if all goes as planned.
pub(crate) fn planned(reply: &Reply, delivery: &Delivery) -> Planned {
    let bytes = match delivery {
        Delivery::Garbage => GARBAGE.len(),
        Delivery::Nothing | Delivery::Reset | Delivery::Silence => 0,
        _ => head(reply, delivery).len() + shown(reply, delivery),
    };
    Planned {
        status: match delivery {
            Delivery::Garbage | Delivery::Nothing | Delivery::Reset | Delivery::Silence => 0,
            _ => reply.status,
        },
        bytes,
    }
}

/// Sends the reply; gives the bytes that went out.
pub(crate) fn deliver(
    reply: &Reply,
    delivery: &Delivery,
    stream: &mut impl Wire,
    stop: &Stop,
) -> (Sent, usize) {
    let mut wire = head(reply, delivery);
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
            let bytes = send(GARBAGE, None, stream, stop);
            return (Sent::ConnectionEnds, bytes);
        }
        Delivery::Huge(bytes) => return huge(&wire, *bytes, stream),
        Delivery::Delayed(time) => stop.pause(*time),
        Delivery::CutAfter(_) | Delivery::HalfLength | Delivery::Slow { .. } | Delivery::Whole => {}
    }
    wire.extend_from_slice(&reply.body[..shown(reply, delivery)]);
    let bytes = send(&wire, pace, stream, stop);
    let ends = bytes < wire.len() || matches!(delivery, Delivery::CutAfter(_));
    match ends {
        true => (Sent::ConnectionEnds, bytes),
        false => (Sent::ConnectionStays, bytes),
    }
}

fn head(reply: &Reply, delivery: &Delivery) -> Vec<u8> {
    let length = u64::try_from(reply.body.len()).unwrap_or_default();
    match delivery {
        Delivery::HalfLength => reply.head(length / 2),
        Delivery::Huge(bytes) => reply.head(*bytes),
        _ => reply.head(length),
    }
}

/// How much of the reply's own body goes out.
fn shown(reply: &Reply, delivery: &Delivery) -> usize {
    match delivery {
        Delivery::CutAfter(bytes) => reply.body.len().min(*bytes),
        _ => reply.body.len(),
    }
}

fn send(
    bytes: &[u8],
    pace: Option<(usize, Duration)>,
    stream: &mut impl Write,
    stop: &Stop,
) -> usize {
    let (step, pause) = pace.unwrap_or((usize::MAX, Duration::ZERO));
    let mut sent = 0;
    for part in bytes.chunks(step) {
        if sent > 0 {
            stop.pause(pause);
        }
        let written = stream.write_all(part).and_then(|()| stream.flush());
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
