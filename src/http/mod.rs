//! All requests of the program.
mod settings;

pub use settings::{Pinned, Proxy, ProxyCredentials, Settings};
