//! What storage refuses (protocol notes 6), by its code: the header first, then the XML.

use super::{object, problem, VERSION};
use crate::config::Blob;
use crate::error::{BlobProblem, Error};
use crate::http::Reply;
use crate::name::{foreign, HostName};

/// The error that a reply without content is. A 404 counts as the account's word only with a
/// code of storage in its header.
pub(super) fn read(blob: &Blob, reply: &Reply) -> Error {
    let code = reply.header("x-ms-error-code").unwrap_or_default();
    match (reply.status, code) {
        (404, "BlobNotFound" | "ContainerNotFound") => Error::Missing {
            vault: blob.host.clone(),
            object: object(blob),
            version: None,
            code: code.to_owned(),
        },
        (409, "BlobArchived") => problem(blob, BlobProblem::Archived),
        (409, "BlobBeingRehydrated") => problem(blob, BlobProblem::Rehydrating),
        (400, "InvalidHeaderValue") if names_version(reply) => {
            problem(blob, BlobProblem::OldService { version: VERSION.1 })
        }
        _ => general(&blob.host, &object(blob), reply),
    }
}

/// What a refusal says of the token, and otherwise that `host` answered `asked` strangely.
pub(super) fn general(host: &HostName, asked: &str, reply: &Reply) -> Error {
    let (host, status, code) = (host.clone(), reply.status, code(reply));
    match status {
        401 | 403 => Error::TokenRefused { host, status, code },
        _ => Error::Reply {
            host,
            problem: format!("answered {asked} with status {status} ({code})"),
        },
    }
}

/// The code, escaped.
fn code(reply: &Reply) -> String {
    let in_header = reply.header("x-ms-error-code");
    let code = in_header.or_else(|| {
        let (_, rest) = reply.body.expose_str()?.split_once("<Code>")?;
        rest.split('<').next()
    });
    foreign(code.unwrap_or("no code"), 48)
}

/// Whether the header that was not understood is the version; a reply to HEAD, which has no body
/// and no other header of the service's own, need not say so.
fn names_version(reply: &Reply) -> bool {
    let text = reply.body.expose_str().unwrap_or_default();
    text.is_empty() || text.contains(VERSION.0)
}
