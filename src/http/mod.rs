//! All requests of the program.
//!
//! HTTPS only, to hosts that the caller names, but for endpoints of the machine itself; no
//! redirects, no proxy from the environment, a limit on every body and a deadline on
//! everything. This room owns the
//! TLS configuration, the sockets and the buffers, and wipes those that carry tokens or
//! values. It trusts the configured certificate authorities and nothing that comes over
//! the wire: text of servers is escaped and cut before it gets into an error or a log.

mod buffers;
mod client;
mod connector;
mod dial;
mod endpoint;
mod exchange;
mod failure;
mod header;
mod issuer;
mod lookup;
mod meter;
mod refusal;
mod reply;
mod roots;
mod route;
mod settings;
mod signatures;
mod stream;
#[cfg(test)]
pub(crate) mod testing;
mod tls;
mod transport;
mod tunnel;
mod unique;
mod verifier;
mod wire;

pub use client::{Attempts, Body, Client, MachineRequest, Patience, Request};
pub use endpoint::Endpoint;
pub use meter::Traffic;
pub use reply::Reply;
pub use roots::SYSTEM_BUNDLES;
pub use settings::{Pinned, Proxy, ProxyCredentials, Settings};
pub use stream::Stream;
pub use tls::release_time;
pub use unique::unique_id;
