//! Reads `proxy` of `network`: a URL, or an object with the credentials or the name of an
//! environment variable.
//!
//! People put passwords into such URLs, so no message repeats one.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::credential;
use super::json::{Kind, Node};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::table::Section;
use super::value;
use super::ProxyLogin;
use crate::http::Proxy;
use crate::name::{HostName, Invalid};

/// Whose environment is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Environment {
    /// That of an image's device, which is not here.
    Elsewhere,
    /// That of this process.
    Ours,
}

/// Reads it: the proxy, if there is one, and how to log in there.
pub(super) fn read(
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
    let login = proxy_login(&mut object, problems);
    object.close(problems);
    let proxy = match (url, variable) {
        (Some(url), None) => problems.keep(proxy_url(&url)),
        (None, Some(variable)) => problems.keep(proxy_of_environment(&variable, environment))?,
        _ => {
            problems.add(node.problem("must have either \"url\" or \"env\""));
            None
        }
    };
    Some((proxy, login))
}

fn proxy_login(object: &mut Object<'_>, problems: &mut Problems) -> Option<ProxyLogin> {
    let (username_node, password_node) = (object.take("username"), object.take("password"));
    if username_node.is_some() != password_node.is_some() {
        problems.add(object.node.problem_with(
            "must have \"username\" and \"password\", or neither",
            "write \"username\": NAME, \"password\": PATH",
        ));
    }
    let username = problems.read(username_node, |node| value::parsed(node, username));
    let password = credential::read(&password_node?, problems);
    Some(ProxyLogin {
        username: username?,
        password: password?,
    })
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

/// Takes `http://host:port`.
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
