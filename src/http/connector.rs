//! From a host's name to a TLS connection: route, lookup, TCP, proxy, handshake, all
//! within what is left of the attempt's time. Or straight to an endpoint of the machine,
//! and to nothing else, without TLS.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use ureq::unversioned::transport::{self, ConnectionDetails};

use super::endpoint::Endpoint;
use super::failure::{broken, Failure};
use super::header::HeaderSlot;
use super::lookup::{Lookups, Unresolved};
use super::meter::Meter;
use super::route::{ProxyRoute, Route, Routes};
use super::transport::{deadline, Connection};
use super::tunnel::{self, Blocked};
use super::wire::Wire;
use super::{dial, refusal};
use crate::error::{Error, Phase};
use crate::name::HostName;
use crate::retry;

/// Makes the connections of a client.
pub(super) struct Connector {
    config: Arc<ClientConfig>,
    routes: Routes,
    lookups: Lookups,
    slot: HeaderSlot,
    meter: Meter,
}

impl Connector {
    pub(super) fn new(
        config: Arc<ClientConfig>,
        routes: Routes,
        slot: HeaderSlot,
        meter: Meter,
    ) -> Result<Self, Error> {
        Ok(Self {
            config,
            routes,
            lookups: Lookups::default(),
            slot,
            meter,
        })
    }

    fn open(&self, host: &HostName, deadline: Instant) -> Result<Connection, Failure> {
        let mut wire = match self.routes.to(host) {
            Route::Pinned(address) => self.reach(host, &[address], deadline)?,
            Route::Proxy(proxy) => self.tunnel(host, proxy, deadline)?,
            Route::Straight => {
                let found = self
                    .lookups
                    .addresses(host.as_str(), 443, deadline)
                    .map_err(|unresolved| no_address(host, unresolved))?;
                self.reach(host, &found, deadline)?
            }
        };
        let session = self.handshake(host, &mut wire)?;
        self.meter.connected();
        let slot = self.slot.clone();
        Ok(Connection::new(host.clone(), wire, Some(session), slot))
    }

    /// A plain connection, which knows neither proxy nor lookup.
    fn open_plain(&self, url: &str, deadline: Instant) -> Result<Connection, Failure> {
        let endpoint = Endpoint::parse(url).ok_or_else(|| {
            Failure::internal("a request without TLS to something else than this machine")
        })?;
        let host = endpoint.host().clone();
        let wire = self.reach(&host, &[endpoint.address()], deadline)?;
        self.meter.connected();
        Ok(Connection::new(host, wire, None, self.slot.clone()))
    }

    fn reach(
        &self,
        host: &HostName,
        addresses: &[std::net::SocketAddr],
        deadline: Instant,
    ) -> Result<Wire, Failure> {
        let stream = dial::dial(addresses, deadline)
            .map_err(|cause| Failure::network(host, Phase::Connect, cause))?;
        Ok(Wire::new(stream, deadline, self.meter.clone()))
    }

    fn tunnel(
        &self,
        host: &HostName,
        proxy: &ProxyRoute,
        deadline: Instant,
    ) -> Result<Wire, Failure> {
        let failed = |cause: String| {
            Failure::network(host, Phase::Proxy, format!("{}: {cause}", proxy.name()))
        };
        let found = self
            .lookups
            .addresses(&proxy.host, proxy.port, deadline)
            .map_err(|unresolved| Failure {
                again: unresolved.again,
                ..failed(unresolved.cause)
            })?;
        let stream = dial::dial(&found, deadline).map_err(failed)?;
        let mut wire = Wire::new(stream, deadline, self.meter.clone());
        match tunnel::open(&mut wire, host, proxy.authorization.as_ref()) {
            Ok(()) => Ok(wire),
            Err(Blocked::Garbled(cause)) => Err(failed(cause)),
            Err(Blocked::Io(error)) => Err(failed(broken(&error))),
            Err(Blocked::Status(status)) => Err(Failure {
                error: Error::Proxy {
                    proxy: proxy.name(),
                    host: host.clone(),
                    status,
                },
                again: retry::may_pass(status),
            }),
        }
    }

    fn handshake(&self, host: &HostName, wire: &mut Wire) -> Result<ClientConnection, Failure> {
        let name = ServerName::try_from(host.as_str().to_owned())
            .map_err(|_| Failure::internal(format!("{host} is no TLS name")))?;
        let mut session = ClientConnection::new(Arc::clone(&self.config), name)
            .map_err(|error| refusal::refused(host, &error))?;
        match session.complete_io(wire) {
            Ok(_) => Ok(session),
            Err(error) => Err(handshake_failure(host, &error)),
        }
    }
}

impl transport::Connector for Connector {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<Connection>, ureq::Error> {
        let deadline = deadline(details.timeout);
        if !details.needs_tls() {
            let url = details.uri.to_string();
            return Ok(Some(self.open_plain(&url, deadline)?));
        }
        let host = details.uri.host().unwrap_or_default();
        let host = HostName::parse(host)
            .map_err(|_| Failure::internal("a request to something that is no host name"))?;
        Ok(Some(self.open(&host, deadline)?))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

fn no_address(host: &HostName, unresolved: Unresolved) -> Failure {
    Failure {
        again: unresolved.again,
        ..Failure::network(host, Phase::Dns, unresolved.cause)
    }
}

fn handshake_failure(host: &HostName, error: &io::Error) -> Failure {
    if let Some(refused) = refusal::inner(error) {
        return refusal::refused(host, refused);
    }
    let cause = match error.kind() {
        io::ErrorKind::UnexpectedEof => "connection closed during the TLS handshake".to_owned(),
        io::ErrorKind::TimedOut => "no answer in time during the TLS handshake".to_owned(),
        _ => broken(error),
    };
    Failure::network(host, Phase::Tls, cause)
}
