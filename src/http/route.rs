//! Which way to a host: a pinned address, the proxy, or straight.
//!
//! Only the configuration decides; `HTTPS_PROXY` and its kin are not looked at. A pinned
//! host goes past the proxy. In `no_proxy`, a plain name means that host, `.suffix` each
//! host below it, `*` all; there are no addresses and no networks, since every host here
//! is a name.

use std::net::SocketAddr;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::{Pinned, Proxy, ProxyCredentials, Settings};
use crate::error::Error;
use crate::name::HostName;
use crate::secret::Secret;

/// The ways that the configuration knows.
pub(super) struct Routes {
    pinned: Vec<Pinned>,
    no_proxy: Vec<String>,
    proxy: Option<ProxyRoute>,
}

/// The proxy and what it is told of us.
pub(super) struct ProxyRoute {
    /// Its host: a name or an address.
    pub(super) host: String,
    /// Its port.
    pub(super) port: u16,
    /// The value of `Proxy-Authorization` (RFC 7617).
    pub(super) authorization: Option<Secret>,
}

/// The way to one host.
pub(super) enum Route<'a> {
    Pinned(SocketAddr),
    Proxy(&'a ProxyRoute),
    Straight,
}

impl Routes {
    pub(super) fn new(
        settings: &Settings,
        login: Option<&ProxyCredentials>,
    ) -> Result<Self, Error> {
        let route = |proxy| ProxyRoute::new(proxy, login);
        Ok(Self {
            pinned: settings.resolve.clone(),
            no_proxy: settings.no_proxy.clone(),
            proxy: settings.proxy.as_ref().map(route).transpose()?,
        })
    }

    /// The way to `host`.
    pub(super) fn to(&self, host: &HostName) -> Route<'_> {
        if let Some(pinned) = self.pinned.iter().find(|pinned| pinned.host == *host) {
            return Route::Pinned(pinned.address);
        }
        match &self.proxy {
            Some(proxy) if !passes(&self.no_proxy, host.as_str()) => Route::Proxy(proxy),
            _ => Route::Straight,
        }
    }
}

impl ProxyRoute {
    fn new(proxy: &Proxy, login: Option<&ProxyCredentials>) -> Result<Self, Error> {
        let bare = proxy.host.trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            host: bare.to_owned(),
            port: proxy.port,
            authorization: login.map(authorization).transpose()?,
        })
    }

    /// `host:port`, for people.
    pub(super) fn name(&self) -> String {
        if self.host.contains(':') {
            return format!("[{}]:{}", self.host, self.port);
        }
        format!("{}:{}", self.host, self.port)
    }
}

fn authorization(login: &ProxyCredentials) -> Result<Secret, Error> {
    let (name, password) = (login.username.as_bytes(), login.password.expose());
    let plain = Zeroizing::new([name, &b":"[..], password].concat());
    let mut encoded = Zeroizing::new(vec![0; Base64::encoded_len(&plain)]);
    let text = Base64::encode(&plain, &mut encoded).map_err(|_| too_long())?;
    let value = Zeroizing::new([b"Basic ", text.as_bytes()].concat());
    Ok(Secret::copy_of(&value))
}

fn too_long() -> Error {
    Error::Internal {
        what: "proxy credentials that cannot be encoded".to_owned(),
    }
}

/// Whether `host` is reached past the proxy.
fn passes(no_proxy: &[String], host: &str) -> bool {
    no_proxy.iter().any(|entry| {
        let entry = entry.trim().to_ascii_lowercase();
        let below = entry.starts_with('.') && host.ends_with(&entry) && host.len() > entry.len();
        entry == "*" || entry == host || below
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_matches_whole_labels_only() {
        for (entry, host, wanted) in [
            ("a.test", "a.test", true),
            ("A.Test", "a.test", true),
            ("a.test", "b.a.test", false),
            (".test", "a.test", true),
            (".a.test", "a.test", false),
            (".a.test", "ba.test", false),
            (".a.test", "b.a.test", true),
            ("*", "a.test", true),
            ("", "a.test", false),
        ] {
            let list = [entry.to_owned()];
            assert_eq!(passes(&list, host), wanted, "{entry} {host}");
        }
    }

    #[test]
    fn credentials_are_encoded_as_rfc_7617_shows() {
        let proxy = Proxy {
            host: "[::1]".to_owned(),
            port: 3128,
        };
        let login = ProxyCredentials {
            username: "Aladdin".to_owned(),
            password: Secret::copy_of(b"open sesame"),
        };
        let route = ProxyRoute::new(&proxy, Some(&login)).unwrap();
        let value = route.authorization.as_ref().unwrap();
        assert_eq!(value.expose(), b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(route.name(), "[::1]:3128");
    }
}
