//! Whether the authority answers and knows a tenant: its OpenID configuration, which is public
//! and read without credential (protocol notes 2.4 and 3.9).
//!
//! It is asked for diagnosis only; no address of it is ever followed.

use super::{endpoint, Application};
use crate::cloud::{Cloud, Protocol};
use crate::error::Error;
use crate::http::{Body, Client, Request};
use crate::json::{Members, Raw};
use crate::name;

/// Where a tenant was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// At another cloud's authority, by this escaped host.
    Elsewhere(String),
    /// At the authority that was asked.
    Here,
}

/// Asks the authority of `cloud` for the tenant of `application`.
///
/// # Errors
/// [`Error::SignInRefused`] with the number that a sign-in would be refused with,
/// [`Error::Reply`] for something else than the document, and what [`Client::send`] gives.
pub fn find_tenant(
    client: &Client,
    cloud: &Cloud,
    application: &Application,
) -> Result<Home, Error> {
    let path = match cloud.protocol {
        Protocol::AdFs => "/adfs/.well-known/openid-configuration".to_owned(),
        Protocol::Entra => format!(
            "/{}/v2.0/.well-known/openid-configuration",
            application.tenant
        ),
    };
    let reply = client.send(&Request {
        host: &cloud.authority,
        path: &path,
        body: Body::Get,
        bearer: None,
        headers: &[("accept", "application/json")],
        limit: endpoint::REPLY_LIMIT,
    })?;
    let asked = endpoint::SignIn {
        client,
        cloud,
        application,
        audience: &cloud.vault_audience,
    };
    if reply.status != 200 {
        return Err(asked.refusal(&reply));
    }
    let document = Members::read(reply.body.expose());
    let document = document.map_err(|error| asked.no_json(&reply, error))?;
    let endpoint = document.find("token_endpoint").and_then(Raw::string);
    let rest = endpoint
        .as_deref()
        .and_then(|endpoint| endpoint.strip_prefix("https://"));
    let Some(host) = rest.and_then(|rest| rest.split('/').next()) else {
        return Err(Error::Reply {
            host: cloud.authority.clone(),
            problem: "sent no OpenID configuration".to_owned(),
        });
    };
    if cloud.is_authority(host) {
        return Ok(Home::Here);
    }
    Ok(Home::Elsewhere(name::foreign(host, 80)))
}
