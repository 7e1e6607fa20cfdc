//! Spends a token on the smallest real request of its service (protocol notes 7). It goes to
//! the host that the cloud's facts or the configuration name, and nowhere else.

use super::audience::{lacks, Audience};
use super::usage;
use crate::blob;
use crate::cloud::{Cloud, PRESETS};
use crate::config::Config;
use crate::error::Error;
use crate::http::{Body, Client, Reply, Request};
use crate::identity::Token;
use crate::json::Json;
use crate::name::{foreign, HostName};
use crate::vault::{self, Access};

/// What is asked of whom.
pub(super) struct Target {
    host: HostName,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Arm,
    Graph,
    Storage,
    Vault,
}

impl Target {
    /// The service behind `audience`; of storage, that of `account`.
    pub(super) fn of(
        audience: &Audience,
        config: &Config,
        account: Option<&str>,
    ) -> Result<Self, Error> {
        let cloud = &config.cloud;
        let (host, kind, what) = match audience {
            Audience::Arm => (
                cloud.resource_manager.clone(),
                Kind::Arm,
                "Resource Manager",
            ),
            Audience::Graph => (cloud.graph.clone(), Kind::Graph, "Microsoft Graph"),
            Audience::Other(_) => {
                return Err(usage("--probe knows vault, arm, graph and storage only"))
            }
            Audience::Storage => (storage(cloud, account)?, Kind::Storage, "storage"),
            Audience::Vault => match first_vault(config) {
                None => return Err(usage("no vault is configured that --probe could ask")),
                vault => (vault, Kind::Vault, ""),
            },
        };
        let host = host.ok_or_else(|| lacks(cloud, what))?;
        Ok(Self { host, kind })
    }

    /// Asks, and gives how the token was accepted.
    ///
    /// # Errors
    /// [`Error::Refused`] by a vault, [`Error::TokenRefused`] by others, and what
    /// [`Client::send`] gives.
    pub(super) fn ask(
        &self,
        client: &Client,
        cloud: &Cloud,
        token: &Token,
    ) -> Result<String, Error> {
        if self.kind == Kind::Vault {
            let access = Access {
                client,
                cloud,
                token: token.value(),
                facts: &token.facts(),
            };
            return vault::probe(&access, &self.host)
                .map(|()| format!("{} lists its secrets", self.host));
        }
        if self.kind == Kind::Storage {
            let access = blob::Access {
                client,
                token: token.value(),
            };
            return blob::probe(&access, &self.host)
                .map(|()| format!("{} lists its containers", self.host));
        }
        let path = self.path();
        let reply = client.send(&Request {
            host: &self.host,
            path: &path,
            body: Body::Get,
            bearer: Some(token.value()),
            headers: &[("accept", "application/json")],
            limit: BODY_LIMIT,
        })?;
        self.judge(&reply, path.split('?').next().unwrap_or_default())
    }

    fn path(&self) -> String {
        match self.kind {
            Kind::Arm => {
                // A private cloud's Resource Manager knows old versions only.
                let public = PRESETS
                    .iter()
                    .any(|preset| preset.resource_manager == Some(self.host.as_str()));
                let version = if public { "2022-12-01" } else { "2016-06-01" };
                format!("/subscriptions?api-version={version}")
            }
            Kind::Graph => "/v1.0/me".to_owned(),
            Kind::Storage | Kind::Vault => String::new(),
        }
    }

    fn judge(&self, reply: &Reply, path: &str) -> Result<String, Error> {
        let host = &self.host;
        let code = code(reply.body.expose());
        match (reply.status, self.kind, code.as_str()) {
            (200, ..) => Ok(format!("{host} answered {path}")),
            (400, Kind::Graph, "BadRequest") => Ok(format!(
                "{host} took it; {path} is for people, and this is an app's"
            )),
            (403, Kind::Graph, "Authorization_RequestDenied") => {
                Ok(format!("{host} took it, without the right to {path}"))
            }
            (status @ (401 | 403), ..) => Err(Error::TokenRefused {
                host: host.clone(),
                status,
                code,
            }),
            (status, ..) => Err(Error::Reply {
                host: host.clone(),
                problem: format!("answered {path} with status {status} ({code})"),
            }),
        }
    }
}

/// The code of an error reply, escaped.
fn code(body: &[u8]) -> String {
    let json = Json::read(body);
    let error = json.as_ref().and_then(|json| json.member("error"));
    let code = error.and_then(|error| error.text_of("code"));
    foreign(code.as_deref().unwrap_or("no code"), 48)
}

fn storage(cloud: &Cloud, account: Option<&str>) -> Result<Option<HostName>, Error> {
    let plain = |name: &&str| {
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        (3..=24).contains(&name.len()) && name.bytes().all(letters)
    };
    let Some(account) = account.filter(plain) else {
        return Err(usage(
            "--probe of storage wants --account NAME, 3 to 24 small letters and digits",
        ));
    };
    let host = |suffix| HostName::parse(&format!("{account}.blob.{suffix}")).ok();
    Ok(cloud.storage_suffix.as_ref().and_then(host))
}

/// The vault of the top level, or the first that a set names.
fn first_vault(config: &Config) -> Option<HostName> {
    let used = || config.vaults().first().map(|vault| (*vault).clone());
    config.vault.clone().or_else(used)
}

/// Bytes; of a list of subscriptions, some hundred of them.
const BODY_LIMIT: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_code_and_escapes_it() {
        for (body, wanted) in [
            (
                r#"{"error":{"code":"AuthenticationFailed","message":"x"}}"#,
                "AuthenticationFailed",
            ),
            (r#"{"error":{"code":"\u001b[2J"}}"#, "\\u{1b}[2J"),
            ("<html>", "no code"),
        ] {
            assert_eq!(code(body.as_bytes()), wanted);
        }
    }
}
