//! The v2.0 token endpoint: one form up, one JSON object down (protocol notes 3.1, 3.8).
//!
//! The address is built from the authority; no discovery document is asked for one.

use percent_encoding::{percent_encode, NON_ALPHANUMERIC};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Application, Token};
use crate::clock;
use crate::cloud::Cloud;
use crate::error::{Error, SignInRefusal};
use crate::http::{self, Body, Client, Reply, Request};
use crate::name;
use crate::secret::Secret;

/// The path of the token endpoint for `application`'s tenant.
pub(super) fn path(application: &Application) -> String {
    format!("/{}/oauth2/v2.0/token", application.tenant)
}

/// The form of a client-credentials request with `proof`'s fields.
pub(super) fn form(cloud: &Cloud, application: &Application, proof: &[(&str, &[u8])]) -> Secret {
    let scope = format!("{}/.default", cloud.vault_audience);
    let mut fields = vec![
        ("grant_type", "client_credentials".as_bytes()),
        ("client_id", application.client_id.as_str().as_bytes()),
        ("scope", scope.as_bytes()),
    ];
    fields.extend(proof);
    let longest = fields.iter().map(|(name, value)| {
        name.len()
            .saturating_add(value.len().saturating_mul(3))
            .saturating_add(2)
    });
    let mut form = Secret::with_limit(longest.fold(0, usize::saturating_add));
    for (name, value) in fields {
        push_field(&mut form, name, value);
    }
    form
}

/// Sends `form` and reads the token, or the refusal.
pub(super) fn request(
    client: &Client,
    cloud: &Cloud,
    application: &Application,
    form: &Secret,
) -> Result<Token, Error> {
    let asked_at = clock::now();
    let request_id = http::unique_id()?;
    let reply = client.send(&Request {
        host: &cloud.authority,
        path: &path(application),
        body: Body::Form(form),
        bearer: None,
        headers: &[
            ("accept", "application/json"),
            ("client-request-id", &request_id),
        ],
        limit: REPLY_LIMIT,
    })?;
    match reply.status {
        200 => read_token(cloud, &reply, asked_at),
        _ => Err(read_refusal(cloud, application, &reply)),
    }
}

#[derive(Deserialize)]
struct TokenReply<'a> {
    #[serde(borrow)]
    access_token: &'a RawValue,
    /// A number in v2, a text in v1 and at some proxies.
    #[serde(borrow)]
    expires_in: &'a RawValue,
}

#[derive(Deserialize)]
struct RefusalReply {
    error: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
}

fn read_token(cloud: &Cloud, reply: &Reply, asked_at: i64) -> Result<Token, Error> {
    let parsed: TokenReply<'_> = serde_json::from_slice(reply.body.expose())
        .map_err(|error| unusable(cloud, reply, &error))?;
    let value = Secret::from_json_string(parsed.access_token.get())
        .filter(|value| is_token(value.expose()));
    let lifetime = parsed
        .expires_in
        .get()
        .trim_matches('"')
        .parse::<i64>()
        .ok()
        .filter(|seconds| *seconds > 0);
    match (value, lifetime) {
        (Some(value), Some(lifetime)) => Ok(Token::new(
            value,
            asked_at,
            asked_at.saturating_add(lifetime.min(LONGEST)),
        )),
        _ => Err(Error::Reply {
            host: cloud.authority.clone(),
            problem: "sent a token reply without a usable token".to_owned(),
        }),
    }
}

fn read_refusal(cloud: &Cloud, application: &Application, reply: &Reply) -> Error {
    let parsed: RefusalReply = match serde_json::from_slice(reply.body.expose()) {
        Ok(parsed) => parsed,
        Err(error) => return unusable(cloud, reply, &error),
    };
    let code = parsed.error_codes.first().copied();
    if code.is_some_and(|code| TRANSIENT.contains(&code)) {
        return Error::ServerBusy {
            host: cloud.authority.clone(),
            status: reply.status,
            retry_after: None,
        };
    }
    let short = |text: String| name::foreign(&text, 64);
    Error::SignInRefused(Box::new(SignInRefusal {
        at: clock::now(),
        authority: cloud.authority.clone(),
        tenant: application.tenant.to_string(),
        client_id: application.client_id.to_string(),
        credential: application.credential.clone(),
        error: short(parsed.error),
        code,
        trace_id: parsed.trace_id.map(short),
        correlation_id: parsed.correlation_id.map(short),
    }))
}

/// A reply that is no JSON of the authority: most often a captive portal or a proxy's page.
fn unusable(cloud: &Cloud, reply: &Reply, error: &serde_json::Error) -> Error {
    let kind = name::foreign(
        reply.header("content-type").unwrap_or("no content type"),
        40,
    );
    let problem = format!(
        "answered the sign-in with status {} and something else than its JSON ({kind}, line {} column {})",
        reply.status,
        error.line(),
        error.column()
    );
    Error::Reply {
        host: cloud.authority.clone(),
        problem,
    }
}

/// A token may stand in a header: visible ASCII only.
fn is_token(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_graphic)
}

fn push_field(form: &mut Secret, name: &str, value: &[u8]) {
    // The form was made large enough for every byte encoded.
    let separator = if form.is_empty() { "" } else { "&" };
    let parts = [separator, name, "="];
    let pushed: Result<(), _> = parts.iter().try_for_each(|part| form.push(part.as_bytes()));
    let encoded: Result<(), _> =
        percent_encode(value, NON_ALPHANUMERIC).try_for_each(|part| form.push(part.as_bytes()));
    debug_assert!(
        pushed.and(encoded).is_ok(),
        "the form's limit was computed too small"
    );
}

/// Bytes; tokens with many roles reach some 20 kB.
const REPLY_LIMIT: usize = 64 * 1024;
/// A token is believed to live a day at the most.
const LONGEST: i64 = 86_400;
/// AADSTS codes that pass by themselves (protocol notes 3.10); 90055 is throttling.
const TRANSIENT: [u32; 6] = [50_000, 90_006, 90_012, 90_024, 90_033, 90_055];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_form_encoded_byte_by_byte() {
        let mut form = Secret::with_limit(100);
        push_field(&mut form, "a", b"~+/ %&=");
        push_field(&mut form, "b", "ä".as_bytes());
        assert_eq!(form.expose(), b"a=%7E%2B%2F%20%25%26%3D&b=%C3%A4");
    }
}
