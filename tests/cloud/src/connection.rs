//! One connection: the handshake, then the road of each request: read, fault, answer, log, send.
//!
//! It also holds what every request is checked for, whichever service it is meant for.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

use crate::clock::http_date;
use crate::delivery::{self, Sent};
use crate::fault::{Action, Delivery};
use crate::http::{read_request, Incoming, Reply, Request};
use crate::log::Logged;
use crate::national::Service;
use crate::server::Shared;
use crate::{adfs, blob, entra, form, graph, keyvault, resource_manager};

/// One accepted connection.
pub(crate) struct Connection {
    shared: Arc<Shared>,
    number: u64,
}

impl Connection {
    pub fn new(shared: Arc<Shared>, number: u64) -> Connection {
        Connection { shared, number }
    }

    /// Serves requests until either side ends the connection.
    pub fn run(&self, mut tcp: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
        tcp.set_nodelay(true)?;
        let mut first = [0];
        if tcp.peek(&mut first)? == 0 {
            return Ok(());
        }
        if first[0] != TLS_HANDSHAKE {
            return self.refuse_plain_text(tcp);
        }
        let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
        while session.is_handshaking() {
            if let Err(error) = session.complete_io(&mut tcp) {
                self.shared.log.handshake_failed(error.to_string());
                let _ = tcp.shutdown(Shutdown::Both);
                return Err(error);
            }
        }
        let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
        self.shared.log.handshake(resumed);
        let result = self.serve(StreamOwned::new(session, tcp.try_clone()?));
        let _ = tcp.shutdown(Shutdown::Both);
        result
    }

    fn serve(&self, mut stream: StreamOwned<ServerConnection, TcpStream>) -> io::Result<()> {
        let mut pending = Vec::new();
        loop {
            let request = match read_request(&mut stream, &mut pending)? {
                Incoming::Closed => return Ok(()),
                Incoming::Refused(status, reason) => {
                    self.refuse(&mut stream, status, reason)?;
                    stream.conn.send_close_notify();
                    return stream.flush();
                }
                Incoming::Request(request) => request,
            };
            if self.exchange(&request, &mut stream)? == Sent::ConnectionEnds {
                return Ok(());
            }
            if request.asks_to_close() {
                stream.conn.send_close_notify();
                return stream.flush();
            }
        }
    }

    /// Answers one request and logs it before the reply goes out.
    fn exchange(
        &self,
        request: &Request,
        stream: &mut StreamOwned<ServerConnection, TcpStream>,
    ) -> io::Result<Sent> {
        let mut record = self.shared.log.begin(self.number, request);
        let named = self.check_host(request, stream.conn.server_name(), &mut record);
        check_contents(request, &mut record);
        let action = self.shared.faults.take(&record);
        record.fault = action.as_ref().map(|action| format!("{action:?}"));
        let replaced = action.as_ref().and_then(Action::replacement);
        let mut reply = match (replaced, named) {
            (Some(reply), _) => reply,
            (None, true) => self.route(request, &mut record),
            (None, false) => Reply::new(421),
        };
        if let Some(action) = &action {
            action.spoil(&mut reply);
        }
        let mut reply = reply.header("date", http_date(self.shared.clock.now()));
        reply.bare = request.method == "HEAD";
        let delivery = action.map_or(Delivery::Whole, |action| action.delivery());
        let planned = delivery::planned(&reply, &delivery);
        record.status = planned.status;
        record.bytes_out = planned.bytes;
        record.body_out = planned.bytes - planned.head;
        let number = record.number;
        self.shared.log.keep(record.clone());
        self.shared.hooks.answered(&record);
        let (sent, bytes) = delivery::deliver(&reply, &delivery, stream, &self.shared.stop);
        if bytes != planned.bytes {
            self.shared.log.sent(number, bytes, planned.head);
        }
        Ok(sent)
    }

    fn route(&self, request: &Request, record: &mut Logged) -> Reply {
        match self.shared.national.service(&record.host) {
            Some(Service::Login) => login(&self.shared, request, record),
            Some(Service::Vault) => keyvault::answer(&self.shared, request, record),
            Some(Service::ResourceManager) => {
                resource_manager::answer(&self.shared, request, record)
            }
            Some(Service::Blob) => blob::answer(&self.shared, request, record),
            Some(Service::Graph) => graph::answer(&self.shared, request, record),
            None => Reply::new(421),
        }
    }

    /// Whether the Host header is a name of this cloud; takes the port off it in the record.
    fn check_host(
        &self,
        request: &Request,
        server_name: Option<&str>,
        record: &mut Logged,
    ) -> bool {
        let header = request
            .header("host")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let (host, port) = match header.split_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(0)),
            None => (header.as_str(), 443),
        };
        host.clone_into(&mut record.host);
        if port != 443 && port != self.shared.address.port() {
            record.unexpected("a Host header with another port");
        }
        if server_name.is_some_and(|name| !name.eq_ignore_ascii_case(host)) {
            record.unexpected("a Host header that is not the name of the TLS session");
        }
        let national = self.shared.national;
        let known = national.service(host).is_some();
        if !known {
            record.unexpected("a Host header that names nothing in this cloud");
        }
        known
    }

    fn refuse(&self, stream: &mut impl Write, status: u16, reason: &str) -> io::Result<()> {
        let mut record = self.shared.log.blank(self.number);
        record.unexpected(reason);
        let mut reply = Reply::new(status).header("connection", "close");
        reply.body = reason.as_bytes().to_vec().into();
        let mut bytes = reply.head(reply.body.len());
        bytes.extend_from_slice(reason.as_bytes());
        record.status = status;
        record.bytes_out = bytes.len();
        self.shared.log.keep(record);
        stream.write_all(&bytes)
    }

    fn refuse_plain_text(&self, mut tcp: TcpStream) -> io::Result<()> {
        let incoming = read_request(&mut tcp, &mut Vec::new())?;
        if let Incoming::Request(request) = incoming {
            let mut record = self.shared.log.begin(self.number, &request);
            record.unexpected("plain HTTP in place of TLS");
            self.shared.log.keep(record);
            return tcp.shutdown(Shutdown::Both);
        }
        self.refuse(&mut tcp, 400, "neither TLS nor HTTP")?;
        tcp.shutdown(Shutdown::Both)
    }
}

fn login(shared: &Shared, request: &Request, record: &mut Logged) -> Reply {
    if record.had_bearer {
        record.unexpected("a bearer token sent to the login host");
    }
    match shared.national.has_ad_fs() {
        true => adfs::answer(shared, request, record),
        false => entra::answer(shared, request, record),
    }
}

/// What no request of any service carries.
pub(crate) fn check_contents(request: &Request, record: &mut Logged) {
    let fields = form::decode(&request.query).unwrap_or_default();
    let credential = fields.iter().any(|(name, value)| {
        CREDENTIAL_FIELDS.contains(&name.to_ascii_lowercase().as_str()) || value.starts_with("eyJ0")
    });
    if credential {
        record.unexpected("a credential in the query");
    }
    if request.method == "GET" && !request.body.is_empty() {
        record.unexpected("a GET request with a body");
    }
}

/// The first byte of a TLS connection.
pub(crate) const TLS_HANDSHAKE: u8 = 22;

const CREDENTIAL_FIELDS: [&str; 5] = [
    "access_token",
    "client_assertion",
    "client_secret",
    "password",
    "token",
];
