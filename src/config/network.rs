//! Reads `network`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::credential;
use super::json::{Kind, Node};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::table::Section;
use super::value;
use super::ProxyLogin;
use crate::http::{Pinned, Proxy, Settings};
use crate::name::{HostName, Invalid};

/// What `network` says.
#[derive(Debug)]
pub(super) struct Network {
    /// The settings; `max_requests` is zero if it depends on the sets.
    pub settings: Settings,
    /// How to log in at the proxy.
    pub proxy_login: Option<ProxyLogin>,
}

/// Whose environment is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Environment {
    /// That of an image's device, which is not here.
    Elsewhere,
    /// That of this process.
    Ours,
}

/// Reads the settings, or gives the defaults for none.
pub(super) fn read(
    node: Option<&Node<'_>>,
    environment: Environment,
    problems: &mut Problems,
) -> Network {
    let mut network = Network {
        settings: defaults(),
        proxy_login: None,
    };
    let object = node.and_then(|node| Object::open(node, Section::Network, problems));
    let Some(mut object) = object else {
        return network;
    };
    if let Some(node) = object.take("proxy") {
        let (proxy, login) = proxy(&node, environment, problems);
        network.settings.proxy = proxy;
        network.proxy_login = login;
    }
    let settings = &mut network.settings;
    settings.no_proxy = object
        .take("no_proxy")
        .map_or(Vec::new(), |node| no_proxy(&node, problems));
    settings.ca_file = problems.read(object.take("ca_file"), value::path);
    settings.ca_extra = problems.read(object.take("ca_extra"), value::path);
    let timeout_node = object.take("timeout");
    let timeout = problems.read(timeout_node.clone(), |node| value::duration(node, &TIMEOUT));
    let deadline = problems.read(object.take("deadline"), |node| {
        value::duration(node, &DEADLINE)
    });
    settings.timeout = timeout.unwrap_or(settings.timeout);
    settings.deadline = deadline.unwrap_or(settings.deadline);
    if let Some(node) = timeout_node.filter(|_| settings.timeout > settings.deadline) {
        problems.warn(
            &node,
            "\"timeout\" is longer than \"deadline\", which ends the run first",
        );
    }
    let max_requests = problems.read(object.take("max_requests"), |node| node.number(1, 100_000));
    settings.max_requests = max_requests.unwrap_or_default();
    settings.resolve = object
        .take("resolve")
        .map_or(Vec::new(), |node| resolve(&node, problems));
    object.close(problems);
    network
}

fn defaults() -> Settings {
    Settings {
        proxy: None,
        no_proxy: Vec::new(),
        ca_file: None,
        ca_extra: None,
        timeout: Duration::from_secs(30),
        deadline: Duration::from_secs(300),
        max_requests: 0,
        resolve: Vec::new(),
    }
}

fn proxy(
    node: &Node<'_>,
    environment: Environment,
    problems: &mut Problems,
) -> (Option<Proxy>, Option<ProxyLogin>) {
    match node.kind() {
        Kind::Text => (problems.keep(proxy_url(node)), None),
        Kind::Object => proxy_object(node, environment, problems).unwrap_or_default(),
        _ => {
            problems.add(node.wrong_kind("a URL or an object"));
            (None, None)
        }
    }
}

fn proxy_object(
    node: &Node<'_>,
    environment: Environment,
    problems: &mut Problems,
) -> Option<(Option<Proxy>, Option<ProxyLogin>)> {
    let mut object = Object::open(node, Section::Proxy, problems)?;
    let url = object.take("url");
    let variable = object.take("env");
    let username = problems.read(object.take("username"), |node| {
        value::parsed(node, username)
    });
    let password = object.take("password");
    let password = password.and_then(|node| credential::read(&node, problems));
    object.close(problems);
    let proxy = match (url, variable) {
        (Some(url), None) => problems.keep(proxy_url(&url)),
        (None, Some(variable)) => problems.keep(proxy_of_environment(&variable, environment))?,
        _ => {
            problems.add(node.problem("must have either \"url\" or \"env\""));
            None
        }
    };
    let login = match (username, password) {
        (Some(username), Some(password)) => Some(ProxyLogin { username, password }),
        (None, None) => None,
        _ => {
            problems.add(node.problem_with(
                "must have \"username\" and \"password\", or neither",
                "write \"username\": NAME, \"password\": PATH",
            ));
            None
        }
    };
    Some((proxy, login))
}

fn proxy_url(node: &Node<'_>) -> Result<Proxy, Problem> {
    let text = node.text("a URL such as \"http://proxy.example:3128\"")?;
    proxy_address(&text).map_err(|invalid| proxy_problem(node, &invalid.0))
}

fn proxy_of_environment(
    node: &Node<'_>,
    environment: Environment,
) -> Result<Option<Proxy>, Problem> {
    let name = credential::variable(node)?;
    if environment == Environment::Elsewhere {
        return Ok(None);
    }
    let Some(value) = std::env::var_os(&name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let address = proxy_address(value.to_str().unwrap_or_default());
    let address = address.map_err(|invalid| {
        proxy_problem(node, &format!("names a variable whose value {}", invalid.0))
    });
    address.map(Some)
}

fn proxy_problem(node: &Node<'_>, rule: &str) -> Problem {
    node.problem_with(
        rule,
        "write \"http://HOST:PORT\", or {\"url\": \"http://HOST:PORT\", \"username\": NAME, \"password\": PATH}",
    )
}

/// Takes `http://host:port`. Since people put passwords there, nothing of it is repeated.
fn proxy_address(text: &str) -> Result<Proxy, Invalid> {
    let refused = |rule: &str| Err(Invalid(rule.to_owned()));
    if text.contains('@') {
        return refused("must not hold a user name or password");
    }
    let Some(rest) = text.strip_prefix("http://") else {
        return refused("must begin with http:// (requests stay encrypted through it; other kinds of proxies are not supported)");
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = rest.rsplit_once(':').unwrap_or((rest, ""));
    let digits = port.chars().all(|c| c.is_ascii_digit());
    let port = port.parse::<u16>().ok().filter(|port| *port > 0 && digits);
    let Some((host, port)) = proxy_host(host).zip(port) else {
        return refused("must be http://HOST:PORT with nothing behind it");
    };
    Ok(Proxy { host, port })
}

fn proxy_host(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_prefix('[') {
        let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
        return Some(address.to_string());
    }
    let host = HostName::parse(text).ok()?;
    // Digits and dots that are no address would go to DNS and find nothing.
    let address = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let good = !address || text.parse::<Ipv4Addr>().is_ok();
    good.then(|| host.to_string())
}

fn username(text: &str) -> Result<String, Invalid> {
    let plain = !text.contains(':') && !text.chars().any(char::is_control);
    if !plain || text.is_empty() || text.len() > 255 {
        let rule = "must be 1 to 255 characters without ':'";
        return Err(Invalid(rule.to_owned()));
    }
    Ok(text.to_owned())
}

fn no_proxy(node: &Node<'_>, problems: &mut Problems) -> Vec<String> {
    let items = problems.keep(node.items("a list of host names"));
    let hosts = items.unwrap_or_default().into_iter();
    hosts
        .filter_map(|item| problems.keep(direct_host(&item)))
        .collect()
}

fn direct_host(node: &Node<'_>) -> Result<String, Problem> {
    let text = node.text("a host name")?.to_ascii_lowercase();
    let host = text.strip_prefix('.').unwrap_or(&text);
    if text != "*" && HostName::parse(host).is_err() {
        return Err(node.problem_with(
            "must be a host name, a suffix with leading dot, or *",
            "write for instance \".example.com\"; addresses and ports play no part",
        ));
    }
    Ok(text)
}

fn resolve(node: &Node<'_>, problems: &mut Problems) -> Vec<Pinned> {
    let expected = "an object of addresses by host name";
    let members = node.members(expected, problems).unwrap_or_default();
    let mut pinned: Vec<Pinned> = Vec::with_capacity(members.len());
    for member in members {
        let host = HostName::parse(&member.key).map_err(|invalid| {
            member.problem(
                format!("{} {invalid}", member.value.label),
                "write a host name such as \"factory7-edge.vault.azure.net\"".to_owned(),
            )
        });
        let host = problems.keep(host);
        let address = problems.keep(socket_address(&member.value));
        let Some((host, address)) = host.zip(address) else {
            continue;
        };
        if pinned.iter().any(|other| other.host == host) {
            problems.add(member.problem(
                format!("{} stands here again", member.value.label),
                "remove one of the two".to_owned(),
            ));
        }
        pinned.push(Pinned { host, address });
    }
    pinned
}

fn socket_address(node: &Node<'_>) -> Result<SocketAddr, Problem> {
    let text = node.text("a text such as \"10.1.2.3:443\"")?;
    let address = text.parse::<SocketAddr>().ok();
    address.filter(|address| address.port() > 0).ok_or_else(|| {
        node.problem_with(
            "must be an IP address and a port",
            "write for instance \"10.1.2.3:443\" or \"[2001:db8::1]:443\"",
        )
    })
}

const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);
const DEADLINE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_http_with_port_and_nothing_else() {
        for (good, host, port) in [
            ("http://proxy:3128", "proxy", 3128),
            ("http://10.0.0.1:8080/", "10.0.0.1", 8080),
            ("http://[2001:DB8::1]:3128", "2001:db8::1", 3128),
        ] {
            let proxy = proxy_address(good).unwrap();
            assert_eq!((proxy.host.as_str(), proxy.port), (host, port));
        }
        for bad in [
            "",
            "proxy:3128",
            "http://proxy",
            "http://proxy:0",
            "http://proxy:+80",
            "http://proxy:65536",
            "http://proxy:80/path",
            "http://1.2.3:80",
            "http://[::1:80",
            "http://::1:80",
            "https://proxy:3128",
            "socks5://proxy:1080",
        ] {
            assert!(proxy_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_a_proxy_url_is_not_repeated() {
        for text in ["http://user:hunter2@proxy:3128", "user:hunter2@proxy"] {
            let invalid = proxy_address(text).unwrap_err();
            assert_eq!(invalid.0, "must not hold a user name or password");
        }
    }
}
