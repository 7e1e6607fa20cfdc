//! The way to a host, layer by layer, as the first request to it went.

use super::finding::{failed, Findings, Id, Outcome};
use super::is_about_audience;
use crate::config::Config;
use crate::error::{Error, Phase};
use crate::name::HostName;

/// Notes the layers below HTTP. Gives why nothing above them can be looked at, if one failed.
pub(super) fn layers(
    config: &Config,
    host: &HostName,
    error: Option<&Error>,
    findings: &mut Findings,
) -> Option<String> {
    let broken = error.and_then(layer);
    let mut because = None;
    for id in [Id::Dns, Id::Proxy, Id::Tcp, Id::Tls] {
        if id == Id::Proxy && config.network.proxy.is_none() {
            if !findings.has(id) {
                findings.skip(&[id], "", "none is configured");
            }
            continue;
        }
        let outcome = match (&because, error) {
            (Some(because), _) => Outcome::Skipped(String::clone(because)),
            (None, Some(error)) if broken == Some(id) => {
                because = Some(failed(id));
                Outcome::failed(error.clone())
            }
            // The run's limits say nothing of the network.
            (
                None,
                Some(Error::Deadline | Error::Internal { .. } | Error::RequestsSpent { .. }),
            ) => Outcome::Skipped("no request was sent".to_owned()),
            (None, _) => passed(id, config, host),
        };
        findings.add(id, host.as_str(), outcome);
    }
    because
}

/// Tells how the first request to `host`, a vault or an account, went, of which `error` came;
/// `is_its_own` says whether that is about all of the host. Gives why more requests are of no
/// use, if so.
pub(super) fn first(
    config: &Config,
    (id, host): (Id, &HostName),
    error: Option<&Error>,
    is_its_own: bool,
    findings: &mut Findings,
) -> Option<String> {
    let below = layers(config, host, error, findings);
    let because = match (below, error.filter(|_| is_its_own)) {
        (Some(because), _) => because,
        (None, None) => {
            let takes = format!("{host} takes the token");
            findings.add(id, host.as_str(), Outcome::Ok(takes));
            return None;
        }
        (None, Some(error)) if is_about_audience(error) => failed(Id::Audience),
        (None, Some(error)) => {
            findings.add(id, host.as_str(), Outcome::failed(error.clone()));
            return Some(failed(id));
        }
    };
    findings.skip(&[id], host.as_str(), &because);
    Some(because)
}

/// Tells how a request without token went, of which `error` came. Gives why more are of no
/// use: that, or why there is no token.
pub(super) fn without_token(
    config: &Config,
    (id, host): (Id, &HostName),
    error: Option<&Error>,
    because: &str,
    findings: &mut Findings,
) -> String {
    let below = layers(config, host, error, findings);
    let because = below.unwrap_or(because.to_owned());
    findings.skip(&[id], host.as_str(), &because);
    because
}

/// The layer that an error belongs to; none for what was said over HTTP.
pub(super) fn layer(error: &Error) -> Option<Id> {
    match error {
        Error::Network { phase, .. } => match phase {
            Phase::Connect => Some(Id::Tcp),
            Phase::Dns => Some(Id::Dns),
            Phase::Exchange => None,
            Phase::Proxy => Some(Id::Proxy),
            Phase::Tls => Some(Id::Tls),
        },
        Error::Proxy { .. } => Some(Id::Proxy),
        Error::Tls { .. } => Some(Id::Tls),
        _ => None,
    }
}

/// A layer that a request went through. Whether `no_proxy` names the host is not looked at
/// here, so that is said.
fn passed(id: Id, config: &Config, host: &HostName) -> Outcome {
    let network = &config.network;
    let pinned = network.resolve.iter().any(|pinned| pinned.host == *host);
    let unless = match network.no_proxy.is_empty() {
        true => "",
        false => ", unless no_proxy names it",
    };
    match (id, &network.proxy) {
        (Id::Dns, _) if pinned => Outcome::Skipped("network.resolve gives its address".to_owned()),
        (Id::Dns, Some(_)) => Outcome::Skipped(format!("the proxy looks it up{unless}")),
        (Id::Dns, None) => Outcome::Ok(format!("{host} has an address")),
        (Id::Proxy, _) if pinned => Outcome::Skipped("network.resolve goes past it".to_owned()),
        (Id::Proxy, Some(proxy)) => Outcome::Ok(format!(
            "{}:{} connects to {host}{unless}",
            proxy.host, proxy.port
        )),
        (Id::Tcp, _) => Outcome::Ok(format!("{host} can be connected to")),
        _ => Outcome::Ok(format!("{host} shows a certificate that is trusted here")),
    }
}
