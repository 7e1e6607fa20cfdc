//! What the configuration says about the network, checked and complete.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::name::HostName;
use crate::secret::Secret;

/// Settings of all requests of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The proxy that requests go through, unless `no_proxy` or `resolve` says otherwise.
    pub proxy: Option<Proxy>,
    /// Hosts that are reached directly: a name, `.suffix`, or `*`.
    pub no_proxy: Vec<String>,
    /// PEM bundle that replaces the system's certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// PEM bundle that adds to them.
    pub ca_extra: Option<PathBuf>,
    /// Limit of one attempt, from name lookup to the last byte of the body.
    pub timeout: Duration,
    /// Limit of the whole run.
    pub deadline: Duration,
    /// How many requests the run may send; every attempt counts.
    pub max_requests: u32,
    /// Hosts that are reached at a fixed address, past DNS and any proxy.
    pub resolve: Vec<Pinned>,
}

/// A host with a fixed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The host; TLS name and `Host` header keep it.
    pub host: HostName,
    /// Where to connect instead.
    pub address: SocketAddr,
}

/// An HTTP proxy that passes `CONNECT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Its host: a DNS name or an IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// User name and password for the proxy (Basic).
///
/// They stand beside the settings, since a configuration only says where a password lies.
#[derive(Debug)]
pub struct ProxyCredentials {
    /// User name; holds no `:`.
    pub username: String,
    /// Password.
    pub password: Secret,
}
