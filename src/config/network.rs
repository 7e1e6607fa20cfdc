//! Reads `network`.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::json::Node;
use super::object::Object;
use super::problem::{Problem, Problems};
use super::proxy::{self, Environment};
use super::table::Section;
use super::value;
use super::ProxyLogin;
use crate::http::{Pinned, Settings};
use crate::name::HostName;

/// What `network` says.
#[derive(Debug)]
pub(super) struct Network {
    /// The settings; `max_requests` is zero if it depends on the sets.
    pub settings: Settings,
    /// How to log in at the proxy.
    pub proxy_login: Option<ProxyLogin>,
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
        let (proxy, login) = proxy::read(&node, environment, problems);
        network.proxy_login = login.filter(|_| proxy.is_some());
        network.settings.proxy = proxy;
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
