//! The question at a Resource Manager: `GET /metadata/endpoints`, the newest version first.

use std::time::Duration;

use crate::clock;
use crate::cloud::{metadata, Cloud};
use crate::config::PrivateCloud;
use crate::error::Error;
use crate::http::{Body, Client, ProxyCredentials, Reply, Request, Settings};
use crate::retry;

/// Whom to ask, and over which network.
pub(super) struct Question<'a> {
    pub(super) private: &'a PrivateCloud,
    pub(super) network: &'a Settings,
    pub(super) credentials: Option<&'a ProxyCredentials>,
    /// Limit of all attempts together.
    pub(super) deadline: Duration,
}

/// What was answered.
pub(super) struct Answer {
    pub(super) cloud: Cloud,
    /// Seconds since 1970, by the Resource Manager's clock if ours is far off.
    pub(super) at: i64,
}

impl Question<'_> {
    /// Asks without any credential.
    ///
    /// # Errors
    /// What [`Client::send`] gives, and [`Error::Reply`] for an answer that cannot be used.
    pub(super) fn ask(&self) -> Result<Answer, Error> {
        let host = &self.private.resource_manager;
        let unusable = |problem| Error::Reply {
            host: host.clone(),
            problem,
        };
        let client = self.client()?;
        for version in metadata::VERSIONS {
            let reply = self.send(&client, version)?;
            match reply.status {
                200 => {
                    let name = self.private.name.as_deref();
                    let cloud = metadata::read(reply.body.expose(), host, name)
                        .map_err(|invalid| unusable(invalid.0))?;
                    let at = clock::corrected(clock::now(), client.clock_offset());
                    return Ok(Answer { cloud, at });
                }
                // A version that it does not know: an older one, then.
                400 | 404 => log::debug!("{host} has no metadata of version {version}"),
                status => {
                    let problem =
                        format!("answered the question for its cloud with status {status}");
                    return Err(unusable(problem));
                }
            }
        }
        let problem = "has no metadata about its cloud, of any version".to_owned();
        Err(unusable(problem))
    }

    fn send(&self, client: &Client, version: &str) -> Result<Reply, Error> {
        client.send(&Request {
            host: &self.private.resource_manager,
            path: &format!("/metadata/endpoints?api-version={version}"),
            body: Body::Get,
            bearer: None,
            headers: &[("accept", "application/json")],
            limit: metadata::LIMIT,
        })
    }

    fn client(&self) -> Result<Client, Error> {
        let versions = u32::try_from(metadata::VERSIONS.len()).unwrap_or(u32::MAX);
        let settings = Settings {
            deadline: self.deadline,
            max_requests: versions.saturating_mul(retry::ATTEMPTS),
            ..self.network.clone()
        };
        Client::new(&settings, self.credentials)
    }
}
