//! One connection to a machine's token endpoint: plain HTTP, and what holds for all of them.
//!
//! A request has to come straight from the machine: what a proxy adds is refused, and so is a
//! Host header of somebody else (a page in a browser whose name was made to lead here).

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};

use crate::clock::http_date;
use crate::connection::{check_contents, TLS_HANDSHAKE};
use crate::delivery::{self, Sent};
use crate::fault::{Action, Delivery};
use crate::http::{read_request, Incoming, Reply, Request};
use crate::log::Logged;
use crate::machine::grant::Problem;
use crate::machine::service::Machine;

/// Serves requests until either side ends the connection.
pub(crate) fn serve(machine: &Machine, number: u64, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let result = converse(machine, number, &mut stream);
    let _ = stream.shutdown(Shutdown::Both);
    result
}

fn converse(machine: &Machine, number: u64, stream: &mut TcpStream) -> io::Result<()> {
    let mut first = [0];
    if stream.peek(&mut first)? == 0 {
        return Ok(());
    }
    if first[0] == TLS_HANDSHAKE {
        let mut record = machine.log.blank(number);
        record.unexpected("TLS in place of plain HTTP");
        machine.log.keep(record);
        return Ok(());
    }
    let mut pending = Vec::new();
    loop {
        let request = match read_request(stream, &mut pending)? {
            Incoming::Closed => return Ok(()),
            Incoming::Refused(status, reason) => {
                let mut record = machine.log.blank(number);
                record.unexpected(reason);
                let mut reply = Reply::new(status).header("connection", "close");
                reply.body = reason.as_bytes().to_vec().into();
                return send(machine, record, &reply, &Delivery::Whole, stream).map(|_| ());
            }
            Incoming::Request(request) => request,
        };
        let sent = exchange(machine, number, &request, stream)?;
        if sent == Sent::ConnectionEnds || request.asks_to_close() {
            return Ok(());
        }
    }
}

fn exchange(
    machine: &Machine,
    number: u64,
    request: &Request,
    stream: &mut TcpStream,
) -> io::Result<Sent> {
    let mut record = machine.log.begin(number, request);
    check_contents(request, &mut record);
    if record.had_bearer {
        record.unexpected("a bearer token sent to a machine's token endpoint");
    }
    let checked = check(machine, request, &mut record);
    let action = machine.faults.take(&record);
    record.fault = action.as_ref().map(|action| format!("{action:?}"));
    let mut reply = match action.as_ref().and_then(Action::replacement) {
        Some(reply) => reply,
        None => machine.answer(request, checked, &mut record),
    };
    if let Some(action) = &action {
        action.spoil(&mut reply);
    }
    let reply = reply.header("date", http_date(machine.cloud.clock.now()));
    let delivery = action.map_or(Delivery::Whole, |action| action.delivery());
    send(machine, record, &reply, &delivery, stream)
}

/// What is wrong with the request's way here.
fn check(machine: &Machine, request: &Request, record: &mut Logged) -> Result<(), Problem> {
    let forwarded = FORWARDED
        .iter()
        .find(|name| request.header(name).is_some())
        .copied();
    if let Some(name) = forwarded {
        record.unexpected(format!("a request that came through a proxy: {name}"));
        return Err(Problem::Forwarded);
    }
    let own = machine.address.to_string();
    let named = record.host.strip_suffix(":80").unwrap_or(&record.host);
    let local = format!("localhost:{}", machine.address.port());
    let known = [own.strip_suffix(":80").unwrap_or(&own), &local].contains(&named)
        || machine.kind.hosts().contains(&named);
    if !known {
        record.unexpected("a Host header that is not this endpoint's");
        return Err(Problem::Host);
    }
    if request.path != machine.kind.path() {
        record.unexpected("a path that this endpoint does not have");
        return Err(Problem::Path);
    }
    if request.method != "GET" {
        record.unexpected("a method other than GET at a machine's token endpoint");
        return Err(Problem::Method);
    }
    Ok(())
}

/// Logs the request, then sends the reply.
fn send(
    machine: &Machine,
    mut record: Logged,
    reply: &Reply,
    delivery: &Delivery,
    stream: &mut TcpStream,
) -> io::Result<Sent> {
    let planned = delivery::planned(reply, delivery);
    record.status = planned.status;
    record.bytes_out = planned.bytes;
    record.body_out = planned.bytes - planned.head;
    let number = record.number;
    machine.log.keep(record);
    let (sent, bytes) = delivery::deliver(reply, delivery, stream, &machine.stop);
    if bytes != planned.bytes {
        machine.log.sent(number, bytes, planned.head);
    }
    stream.flush()?;
    Ok(sent)
}

/// Headers that only a proxy adds.
const FORWARDED: [&str; 4] = ["forwarded", "proxy-connection", "via", "x-forwarded-for"];
