//! The Instance Metadata Service's token endpoint of virtual machines and scale sets.
//!
//! It tells a request of the machine from one that was passed on by its header: without
//! `Metadata: true`, or with what a proxy adds, it refuses.

use crate::http::{Reply, Request};
use crate::lock;
use crate::log::Logged;
use crate::machine::answer::{expiry, Members};
use crate::machine::grant::{grant, Grant, Problem, Rules};
use crate::machine::identity::{By, Fallback, NoIdentity};
use crate::machine::service::Machine;
use crate::object::Object;
use crate::random;

pub(crate) const PATH: &str = "/metadata/identity/oauth2/token";

/// Answers a request.
pub(crate) fn answer(
    machine: &Machine,
    request: &Request,
    checked: Result<(), Problem>,
    record: &mut Logged,
) -> Reply {
    let granted = checked
        .and_then(|()| check_metadata(request, record))
        .and_then(|()| grant(machine, request, &RULES, record));
    let reply = match granted {
        Ok(grant) => token(machine, &grant),
        Err(problem) => refusal(machine, &problem, &request.path),
    };
    reply
        .header("server", "IMDS/150.870.65.9999")
        .header("x-ms-request-id", random::guid())
}

/// The header by which a request says that it means this service: it takes a client that can set
/// headers, which a page or a tricked server cannot.
pub(crate) fn check_metadata(request: &Request, record: &mut Logged) -> Result<(), Problem> {
    let header = request.header("metadata").unwrap_or_default();
    match header.eq_ignore_ascii_case("true") {
        true => Ok(()),
        false => {
            record.unexpected("no header Metadata: true");
            Err(Problem::Metadata)
        }
    }
}

fn token(machine: &Machine, grant: &Grant) -> Reply {
    let written = lock(&machine.settings).expiry;
    let body = Object::new()
        .text("access_token", &grant.token)
        .text("client_id", &grant.identity.client_id);
    let body = expiry(body, grant, written, Members::Both)
        .text("ext_expires_in", "86399")
        .text("not_before", &grant.not_before.to_string())
        .text("resource", &grant.resource)
        .text("token_type", "Bearer")
        .finish();
    Reply::json(200, body)
}

fn refusal(machine: &Machine, problem: &Problem, path: &str) -> Reply {
    let request = |text: &str| error(400, "invalid_request", text);
    match problem {
        Problem::ApiVersion => {
            request("The api-version is missing or is not one of identity tokens: use 2018-02-01")
        }
        Problem::Forwarded => error(
            400,
            "bad_request_102",
            "The request was passed on by somebody else: X-Forwarded-For and the like are refused",
        ),
        Problem::Header | Problem::Metadata => error(
            400,
            "bad_request_102",
            "Required metadata header not specified",
        ),
        Problem::Host => request("The Host header is not this service's"),
        Problem::Identity(NoIdentity::NotFound) => request("Identity not found"),
        Problem::Identity(NoIdentity::Several) => request(
            "Multiple user assigned identities exist, please specify the clientId / resourceId of \
             the identity in the token request",
        ),
        Problem::Malformed => request("The query is malformed"),
        Problem::Method => error(405, "invalid_request", "Only GET is allowed"),
        Problem::Path => error(401, "unknown_source", &format!("Unknown Source {path}")),
        Problem::Resource(resource) => {
            let tenant = lock(&machine.cloud.directory).default_tenant.clone();
            error(
                400,
                "invalid_resource",
                &format!(
                    "AADSTS500011: The resource principal named {resource} was not found in the \
                     tenant named {tenant}. This can happen if the application has not been \
                     installed by the administrator of the tenant or consented to by any user in \
                     the tenant. You might have sent your authentication request to the wrong \
                     tenant."
                ),
            )
        }
        Problem::ResourceMissing => request("Required audience parameter not specified"),
        Problem::TwoSelectors => request(
            "Only one of client_id, object_id and msi_res_id may be specified in the token request",
        ),
    }
}

/// The body of an error that passes by itself.
pub(crate) fn passing_error(status: u16) -> String {
    let (error, text) = match status {
        404 => ("not_found", "The identity service is not ready yet"),
        410 => ("gone", "The service is being updated"),
        429 => ("too_many_requests", "Too many requests"),
        _ => (
            "unknown",
            "Failed to retrieve token from the Active directory. For details see the logs",
        ),
    };
    body(error, text)
}

fn error(status: u16, error: &str, text: &str) -> Reply {
    Reply::json(status, body(error, text))
}

fn body(error: &str, text: &str) -> String {
    Object::new()
        .text("error", error)
        .text("error_description", text)
        .finish()
}

const RULES: Rules = Rules {
    versions: &["2018-02-01"],
    selectors: &[
        ("client_id", By::Client),
        ("msi_res_id", By::Resource),
        ("object_id", By::Object),
    ],
    ignored: &[],
    fallback: Fallback::OnlyOne,
};
