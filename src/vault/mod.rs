//! Key Vault's data plane: with a token, an object or a list of them (protocol notes 5).
//!
//! The bearer is sent up front, to the vault's host alone. What a vault answers decides
//! nothing but the content: a challenge is checked against the cloud and explained, never
//! followed; text of the service is escaped and cut.

mod bundle;
mod challenge;
mod list;
mod refusal;

use std::fmt::Display;

use crate::cloud::Cloud;
use crate::config::{Object, ObjectKind};
use crate::error::{CertificateProblem, Error, TokenFacts};
use crate::http::{self, Body, Client, Reply, Request};
use crate::name::{HostName, Version};
use crate::secret::Secret;

pub use bundle::{Fetched, Material};
pub use list::{list, Item, Listing};

/// What a request to a vault is made with.
pub struct Access<'a> {
    /// The client of this run.
    pub client: &'a Client,
    /// The cloud that the vault must belong to.
    pub cloud: &'a Cloud,
    /// The access token.
    pub token: &'a Secret,
    /// What the token says of itself, for a refusal's ticket.
    pub facts: &'a TokenFacts,
}

/// Fetches one object; of a certificate its secret, which holds the private key, too.
///
/// # Errors
/// [`Error::Missing`] for the vault's own 404, [`Error::Refused`] for 401 and 403,
/// [`Error::Early`] before its activation date, [`Error::Reply`] for what is no reply
/// of a vault, and what [`Client::send`] gives.
pub fn fetch(access: &Access<'_>, id: &Object) -> Result<Fetched, Error> {
    ask(access, id, &path(id, API_VERSION, ""))
}

/// Fetches the version `version` of the certificate `id`, of which the vault has a PKCS#12
/// container, as PEM: the vault converts it. So nothing on the device opens PKCS#12.
///
/// # Errors
/// [`Error::Certificate`] where the vault does not know how, else as [`fetch`].
pub fn convert(access: &Access<'_>, id: &Object, version: &Version) -> Result<Secret, Error> {
    let id = Object {
        version: Some(version.clone()),
        ..id.clone()
    };
    let reply = get(
        access.client,
        &id.vault,
        &path(
            &id,
            CONVERTING_VERSION,
            "&outContentType=application/x-pem-file",
        ),
        Some(access.token),
    )?;
    let is_unknown = || {
        let codes = refusal::codes(&reply);
        reply.status == 400 && codes.is_some_and(|codes| codes.code == "BadParameter")
    };
    let not_converted = || Error::Certificate {
        object: format!("certificate {} in {}", id.name, id.vault),
        problem: CertificateProblem::Pkcs12,
    };
    if is_unknown() {
        return Err(not_converted());
    }
    match judge(access, &id, &reply)?.material {
        Material::Secret {
            value,
            is_pkcs12: false,
            ..
        } => Ok(value),
        _ => Err(not_converted()),
    }
}

fn ask(access: &Access<'_>, id: &Object, path: &str) -> Result<Fetched, Error> {
    let reply = get(access.client, &id.vault, path, Some(access.token))?;
    judge(access, id, &reply)
}

fn judge(access: &Access<'_>, id: &Object, reply: &Reply) -> Result<Fetched, Error> {
    match reply.status {
        200 => bundle::read(access, id, reply),
        401 | 403 => Err(refusal::read(access, &id.vault, id.to_string(), reply)),
        404 => Err(missing(id, reply)),
        _ => Err(unexpected(&id.vault, id, reply)),
    }
}

/// Asks for one entry of the vault's list of secrets, which shows whether it takes the token
/// (protocol notes 7). What comes is not looked at.
///
/// # Errors
/// [`Error::Refused`] for 401 and 403, [`Error::Reply`] for what is no reply of a vault, and
/// what [`Client::send`] gives.
pub fn probe(access: &Access<'_>, vault: &HostName) -> Result<(), Error> {
    let reply = get(access.client, vault, &list_of_one(), Some(access.token))?;
    match reply.status {
        200 => Ok(()),
        401 | 403 => Err(refusal::read(
            access,
            vault,
            list::list_name(ObjectKind::Secret),
            &reply,
        )),
        _ => Err(unexpected(
            vault,
            &list::list_name(ObjectKind::Secret),
            &reply,
        )),
    }
}

/// Sends a request without token, which shows whether the vault can be reached. Its answer, a
/// challenge, is not looked at.
///
/// # Errors
/// What [`Client::send`] gives.
pub fn knock(client: &Client, vault: &HostName) -> Result<(), Error> {
    get(client, vault, &list_of_one(), None).map(|_| ())
}

fn get(
    client: &Client,
    vault: &HostName,
    path: &str,
    bearer: Option<&Secret>,
) -> Result<Reply, Error> {
    let request_id = http::unique_id()?;
    client.send(&Request {
        host: vault,
        path,
        body: Body::Get,
        bearer,
        headers: &[
            ("accept", "application/json"),
            ("x-ms-client-request-id", &request_id),
        ],
        limit: BODY_LIMIT,
    })
}

/// Without a version the path ends in the slash that Microsoft's own clients send.
fn path(id: &Object, api_version: &str, more: &str) -> String {
    let version = id.version.as_ref().map(Version::as_str).unwrap_or_default();
    let collection = match id.kind {
        ObjectKind::Key => "keys",
        ObjectKind::Certificate | ObjectKind::Secret => "secrets",
    };
    format!(
        "/{collection}/{}/{version}?api-version={api_version}{more}",
        id.name
    )
}

/// The list of secrets, cut to one entry.
fn list_of_one() -> String {
    format!("/secrets?api-version={API_VERSION}&maxresults=1")
}

/// A 404 counts as the vault's word only with the vault's own JSON code.
fn missing(id: &Object, reply: &Reply) -> Error {
    match refusal::codes(reply) {
        Some(codes) if codes.code.ends_with("NotFound") => Error::Missing {
            vault: id.vault.clone(),
            object: format!("{} {}", id.kind.word(), id.name),
            version: id.version.as_ref().map(Version::to_string),
            code: codes.code,
        },
        _ => unexpected(&id.vault, id, reply),
    }
}

fn unexpected(vault: &HostName, object: &dyn Display, reply: &Reply) -> Error {
    let problem = match refusal::codes(reply) {
        Some(codes) => format!(
            "answered {object} with status {} ({})",
            reply.status, codes.code
        ),
        None => format!(
            "answered {object} with status {} and nothing that a vault would say",
            reply.status
        ),
    };
    Error::Reply {
        host: vault.clone(),
        problem,
    }
}

/// The one place of the api-version: 7.4 is known to every cloud's vaults, sovereign ones
/// included (protocol notes 5.1).
const API_VERSION: &str = "7.4";
/// The oldest one whose vaults convert PKCS#12 to PEM (protocol notes 5.2).
const CONVERTING_VERSION: &str = "2025-07-01";
/// Bytes of a reply. A value has at most 25 kB, six times that when all of it is escaped.
const BODY_LIMIT: usize = 256 * 1024;
