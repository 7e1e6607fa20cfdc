//! Endpoints of the machine itself: all that is ever talked to without TLS.
//!
//! The address must be written out, on the loopback interface or link-local, so that what
//! is said there neither leaves the machine nor its host; nothing is looked up. `localhost`
//! is 127.0.0.1: the agents listen there, and some resolvers give ::1 first (protocol notes,
//! section 8, no. 5).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::name::HostName;

/// Where the machine gives out tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    host: HostName,
    address: SocketAddr,
    /// Host and port as written.
    authority: String,
    /// From the first `/` on; may hold a query.
    path: String,
}

impl Endpoint {
    /// Reads `http://HOST[:PORT][/PATH]`. Nothing when the host is not of this machine, or
    /// the text is no such URL.
    pub fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let (authority, path) = match rest.find(['/', '?', '#']) {
            Some(end) => rest.split_at_checked(end)?,
            None => (rest, "/"),
        };
        let plain = path.chars().all(|c| c.is_ascii_graphic() && c != '#');
        if !plain || !path.starts_with('/') {
            return None;
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port_number(port)?),
            _ => (authority, 80),
        };
        let (name, ip) = machine_host(host)?;
        Some(Self {
            host: HostName::parse(name).ok()?,
            address: SocketAddr::new(ip, port),
            authority: authority.to_owned(),
            path: path.to_owned(),
        })
    }

    /// The host, for messages; `ip6-localhost` for ::1.
    pub fn host(&self) -> &HostName {
        &self.host
    }

    /// Path and query with `query` added.
    pub(super) fn path_with(&self, query: &str) -> String {
        let joint = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{joint}{query}", self.path)
    }

    /// Host and port as a URL has them.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Where to connect.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.authority)
    }
}

fn port_number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// The name and address of a host of this machine.
fn machine_host(host: &str) -> Option<(&str, IpAddr)> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some((host, Ipv4Addr::LOCALHOST.into()));
    }
    if host == "[::1]" {
        return Some(("ip6-localhost", Ipv6Addr::LOCALHOST.into()));
    }
    let address: Ipv4Addr = host.parse().ok()?;
    let near = address.is_loopback() || address.is_link_local();
    near.then(|| (host, address.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_the_machine_are_taken() {
        for (url, address, path) in [
            ("http://169.254.169.254", "169.254.169.254:80", "/?q"),
            ("http://127.0.0.1:40342/a/b", "127.0.0.1:40342", "/a/b?q"),
            ("http://127.8.9.1:1/a/", "127.8.9.1:1", "/a/?q"),
            ("http://localhost:8081/msi", "127.0.0.1:8081", "/msi?q"),
            ("http://LocalHost/msi?a=b", "127.0.0.1:80", "/msi?a=b&q"),
            ("http://[::1]:8081/", "[::1]:8081", "/?q"),
            ("http://[::1]", "[::1]:80", "/?q"),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            assert_eq!(endpoint.address().to_string(), address);
            assert_eq!(endpoint.path_with("q"), path);
        }
        for bad in [
            "",
            "127.0.0.1:80",
            "https://127.0.0.1/",
            "HTTP://127.0.0.1/",
            "http://",
            "http://:80/",
            "http://10.0.0.1/",
            "http://169.253.0.1/",
            "http://0.0.0.0/",
            "http://vault.test/",
            "http://localhost.evil.test/",
            "http://127.0.0.1.evil.test/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://user@127.0.0.1/",
            "http://127.0.0.1@evil.test/",
            "http://evil.test\\@127.0.0.1/",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:+80/",
            "http://127.0.0.1:65536/",
            "http://127.0.0.1:/",
            "http://127.0.0.1/a#b",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/a\r\nX: y",
            "http://127.0.0.1?a=b",
            "http://[::]/",
            "http://[fe80::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://::1/",
        ] {
            assert!(Endpoint::parse(bad).is_none(), "{bad}");
        }
    }
}
