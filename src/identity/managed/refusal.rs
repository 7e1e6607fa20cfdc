//! What an endpoint of the machine sends instead of a token (protocol notes 4.2 to 4.6).
//!
//! The platforms agree on no form: OAuth's `error` and `error_description`, an object in
//! `error`, or `statusCode` and `message`. What is no JSON at all is not Azure's: a captive
//! portal, a proxy, another provider's metadata service.

use super::ManagedIdentity;
use crate::config::Selector;
use crate::error::{Error, ManagedIdentityProblem};
use crate::http::Reply;
use crate::json::Json;
use crate::name;
use crate::retry;
use crate::secret::Secret;

/// The error of a reply that holds no token. `shown` is the secret that the endpoint saw: it
/// is not told, should the endpoint repeat it.
pub(super) fn of(identity: &ManagedIdentity, reply: &Reply, shown: Option<&Secret>) -> Error {
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
    let shown = shown.and_then(Secret::expose_str);
    let said = said(reply.body.expose(), shown);
    match problem(reply.status, said, selector) {
        ManagedIdentityProblem::Refused { status, .. } if busy => Error::ServerBusy {
            host: host.clone(),
            status,
            retry_after: reply.wait_wanted().map(|wait| wait.as_secs()),
        },
        problem => identity.problem(problem),
    }
}

/// A refusal, and what stands in the `error` of a nested one.
#[derive(Default)]
struct Refusal {
    error: Option<Json>,
    error_description: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

impl Refusal {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            error: json.member("error").cloned(),
            error_description: json.any_text_of("error_description")?,
            code: json.any_text_of("code")?,
            message: json.any_text_of("message")?,
        })
    }
}

fn problem(status: u16, said: String, selector: Option<&'static str>) -> ManagedIdentityProblem {
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

/// Code and text without `secret`, escaped and cut.
fn said(body: &[u8], secret: Option<&str>) -> String {
    let document = Json::read(body).unwrap_or(Json::Null);
    let refusal = Refusal::read(&document).unwrap_or_default();
    let error = refusal.error.unwrap_or(Json::Null);
    let nested = Refusal::read(&error).unwrap_or_default();
    let code = error.as_text().or(nested.code);
    let text = refusal.error_description.or(refusal.message);
    let parts = [code, text.or(nested.message)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return "without a reason".to_owned();
    }
    let mut text = parts.join(": ");
    if let Some(secret) = secret {
        text = text.replace(secret, "...");
    }
    name::foreign(&text, SHOWN)
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
            let found = problem(status, said(body.as_bytes(), None), Some("client_id"));
            assert_eq!(found, wanted, "{body}");
        }
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(5000));
        assert_eq!(said(long.as_bytes(), None).chars().count(), SHOWN + 1);
    }

    #[test]
    fn a_secret_that_comes_back_is_not_told() {
        let body = br#"{"message":"header hush\/hush is wrong"}"#;
        let told = said(body, Some("hush/hush"));
        assert_eq!(told, "header ... is wrong");
    }
}
