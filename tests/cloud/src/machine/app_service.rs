//! The token endpoints of App Service (with Functions, Container Apps and Automation) and of
//! Azure ML, whose protocol is App Service's of 2017.
//!
//! A request proves by a header that it comes from the app: the platform puts its value into the
//! app's environment.

use crate::http::{Reply, Request};
use crate::lock;
use crate::log::Logged;
use crate::machine::answer::{expiry, Members};
use crate::machine::grant::{grant, Grant, Problem, Rules};
use crate::machine::identity::{By, Fallback};
use crate::machine::service::Machine;
use crate::object::Object;

/// One of the two.
pub(crate) struct Platform {
    pub path: &'static str,
    /// The header that holds the secret.
    header: &'static str,
    /// The environment variables of address and secret.
    pub variables: [&'static str; 2],
    rules: Rules,
}

/// Answers a request.
pub(crate) fn answer(
    machine: &Machine,
    platform: &Platform,
    request: &Request,
    checked: Result<(), Problem>,
    record: &mut Logged,
) -> Reply {
    let granted = checked.and_then(|()| grant(machine, request, &platform.rules, record));
    match granted {
        Ok(grant) => token(machine, &grant),
        Err(problem) => refusal(&problem),
    }
}

/// Whether the header holds the secret of the app's environment.
pub(crate) fn check(
    platform: &Platform,
    secret: &str,
    request: &Request,
    record: &mut Logged,
) -> Result<(), Problem> {
    match request.header(platform.header) == Some(secret) {
        true => Ok(()),
        false => {
            record.unexpected(format!("a missing or wrong header {}", platform.header));
            Err(Problem::Header)
        }
    }
}

fn token(machine: &Machine, grant: &Grant) -> Reply {
    let written = lock(&machine.settings).expiry;
    let body = Object::new().text("access_token", &grant.token);
    let body = expiry(body, grant, written, Members::Moment)
        .text("resource", &grant.resource)
        .text("token_type", "Bearer")
        .text("client_id", &grant.identity.client_id)
        .finish();
    Reply::json(200, body)
}

fn refusal(problem: &Problem) -> Reply {
    let (status, text) = match problem {
        Problem::ApiVersion => (400, "The api-version is not supported."),
        Problem::Forwarded => (400, "The request was passed on by somebody else."),
        Problem::Header => (401, "The secret header is missing or wrong."),
        Problem::Host => (400, "The Host header is not this endpoint's."),
        Problem::Identity(_) => (
            400,
            "No User Assigned or Delegated Managed Identity found for the specified ClientId, \
             ResourceId or PrincipalId.",
        ),
        Problem::Malformed => (400, "The query is malformed."),
        Problem::Metadata => (400, "The Metadata header is missing."),
        Problem::Method => (405, "Only GET is allowed."),
        Problem::Path => (404, "There is no such path."),
        // The real one says no more either.
        Problem::Resource(_) => (
            500,
            "An unexpected error occurred while fetching the token.",
        ),
        Problem::ResourceMissing => (400, "The resource is missing."),
        Problem::TwoSelectors => (400, "More than one identity is asked for."),
    };
    Reply::json(status, body(status, text))
}

/// The body of an error that passes by itself.
pub(crate) fn passing_error(status: u16) -> String {
    body(status, "The identity service is busy.")
}

fn body(status: u16, text: &str) -> String {
    Object::new()
        .number("statusCode", i64::from(status))
        .text("message", text)
        .finish()
}

pub(crate) const APP_SERVICE: Platform = Platform {
    path: "/msi/token",
    header: "x-identity-header",
    variables: ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"],
    rules: Rules {
        versions: &["2019-08-01"],
        selectors: &[
            ("client_id", By::Client),
            ("mi_res_id", By::Resource),
            ("object_id", By::Object),
            ("principal_id", By::Object),
        ],
        ignored: &[],
        fallback: Fallback::Nothing,
    },
};

pub(crate) const AZURE_ML: Platform = Platform {
    path: "/MSI/auth",
    header: "secret",
    variables: ["MSI_ENDPOINT", "MSI_SECRET"],
    rules: Rules {
        versions: &["2017-09-01"],
        selectors: &[("clientid", By::Client)],
        ignored: &[],
        fallback: Fallback::Nothing,
    },
};
