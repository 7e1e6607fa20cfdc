//! What an endpoint of the machine sends instead of a token (protocol notes 4.2 to 4.6).
//!
//! The platforms agree on no form: OAuth's `error` and `error_description`, an object in
//! `error`, or `statusCode` and `message`. What is no JSON at all is not Azure's: a captive
//! portal, a proxy, another provider's metadata service.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ManagedIdentity;
use crate::config::Selector;
use crate::error::{Error, ManagedIdentityProblem};
use crate::http::Reply;
use crate::name;
use crate::retry;

/// The error of a reply that holds no token.
pub(super) fn of(identity: &ManagedIdentity, reply: &Reply) -> Error {
    let host = identity.platform.endpoint.host();
    let busy = retry::may_pass_here(reply.status);
    let bare = busy && reply.body.expose().trim_ascii().is_empty();
    if !bare && !reply.looks_like_json() {
        let kind = reply.header("content-type").unwrap_or("no content type");
        let cause = format!(
            "{host} answered with status {} and something else than JSON ({})",
            reply.status,
            name::foreign(kind, 40)
        );
        return identity.problem(ManagedIdentityProblem::NoEndpoint(cause));
    }
    let selector = identity.selector.as_ref().map(Selector::key);
    match problem(reply.status, reply.body.expose(), selector) {
        ManagedIdentityProblem::Refused { status, .. } if busy => Error::ServerBusy {
            host: host.clone(),
            status,
            retry_after: reply.wait_wanted().map(|wait| wait.as_secs()),
        },
        problem => identity.problem(problem),
    }
}

#[derive(Default, Deserialize)]
struct Refusal<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    error_description: Option<String>,
    message: Option<String>,
}

#[derive(Default, Deserialize)]
struct Nested {
    code: Option<String>,
    message: Option<String>,
}

fn problem(status: u16, body: &[u8], selector: Option<&'static str>) -> ManagedIdentityProblem {
    let said = said(body);
    let lower = said.to_ascii_lowercase();
    if status == 403 && lower.contains("unreachable") {
        // Docker Desktop's stand-in.
        return ManagedIdentityProblem::NoEndpoint(said);
    }
    let no_such = matches!(status, 400 | 404);
    if no_such && lower.contains("multiple user assigned identities") {
        return ManagedIdentityProblem::SeveralAssigned;
    }
    if no_such && lower.contains("identity") && lower.contains("found") {
        return ManagedIdentityProblem::NotAssigned { selector, said };
    }
    ManagedIdentityProblem::Refused { status, said }
}

/// Code and text, escaped and cut.
fn said(body: &[u8]) -> String {
    let refusal: Refusal<'_> = serde_json::from_slice(body).unwrap_or_default();
    let raw = refusal.error.map_or("", RawValue::get);
    let nested: Nested = serde_json::from_str(raw).unwrap_or_default();
    let code = serde_json::from_str(raw).ok().or(nested.code);
    let text = refusal.error_description.or(refusal.message);
    let parts = [code, text.or(nested.message)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => "without a reason".to_owned(),
        false => name::foreign(&parts.join(": "), SHOWN),
    }
}

/// How many characters of an endpoint's text are shown.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use ManagedIdentityProblem::{NoEndpoint, NotAssigned, Refused, SeveralAssigned};

    #[test]
    fn each_form_of_refusal_is_understood() {
        let not_assigned = |said: &str| NotAssigned {
            selector: Some("client_id"),
            said: said.to_owned(),
        };
        let refused = |status, said: &str| Refused {
            status,
            said: said.to_owned(),
        };
        for (status, body, wanted) in [
            (
                400,
                r#"{"error":"invalid_request","error_description":"Identity not found"}"#,
                not_assigned("invalid_request: Identity not found"),
            ),
            (
                400,
                r#"{"statusCode":400,"message":"No Managed Identity found for ClientId."}"#,
                not_assigned("No Managed Identity found for ClientId."),
            ),
            (
                404,
                r#"{"error":{"code":"x","message":"No identity was found."}}"#,
                not_assigned("x: No identity was found."),
            ),
            (
                400,
                r#"{"error":"invalid_request","error_description":"Multiple user assigned identities exist, please specify"}"#,
                SeveralAssigned,
            ),
            (
                403,
                r#"{"message":"a socket operation was attempted to an unreachable network"}"#,
                NoEndpoint("a socket operation was attempted to an unreachable network".to_owned()),
            ),
            (
                401,
                r#"{"error":"unknown_source","error_description":"Unknown Source /x"}"#,
                refused(401, "unknown_source: Unknown Source /x"),
            ),
            (
                400,
                r#"{"error":{"code":"SecretHeaderNotFound","message":"\u001b[2J"}}"#,
                refused(400, "SecretHeaderNotFound: \\u{1b}[2J"),
            ),
            (400, "{}", refused(400, "without a reason")),
            (400, r#"{"error":7}"#, refused(400, "without a reason")),
            (400, r#"{"error"#, refused(400, "without a reason")),
        ] {
            let found = problem(status, body.as_bytes(), Some("client_id"));
            assert_eq!(found, wanted, "{body}");
        }
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(5000));
        assert_eq!(said(long.as_bytes()).chars().count(), SHOWN + 1);
    }
}
