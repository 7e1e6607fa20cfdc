//! The token endpoint: one form up, one JSON object down (protocol notes 2.4, 3.1 to 3.6).
//!
//! The address is built from the authority; no discovery document is asked for one.

use std::time::Instant;

use percent_encoding::{percent_encode, NON_ALPHANUMERIC};

use super::{reply, Application, Token};
use crate::clock;
use crate::cloud::{Cloud, Protocol};
use crate::error::{Error, SignInRefusal};
use crate::http::{self, Body, Client, Reply, Request};
use crate::json::{Malformed, Members, Raw};
use crate::name;
use crate::secret::Secret;

/// Who asks whom for a token, and for which audience.
pub(super) struct SignIn<'a> {
    pub(super) client: &'a Client,
    pub(super) cloud: &'a Cloud,
    pub(super) application: &'a Application,
    /// Without `/.default`.
    pub(super) audience: &'a str,
}

/// What the token is asked for with.
pub(super) enum Grant<'a> {
    /// A signed assertion: our own, or another issuer's token (RFC 7523).
    Assertion(&'a Secret),
    ClientSecret(&'a Secret),
    Password {
        username: &'a str,
        password: &'a Secret,
    },
}

/// How a request stands to those around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Talk {
    /// Polls will follow it.
    Opening,
    /// It is the only one: the connection, which takes 30 kB, is closed behind it.
    Once,
    /// It asks whether a person has signed in, until then.
    Poll(Instant),
}

/// The path of the token endpoint for `application`'s tenant.
pub(super) fn path(cloud: &Cloud, application: &Application) -> String {
    match cloud.protocol {
        Protocol::AdFs => "/adfs/oauth2/token".to_owned(),
        Protocol::Entra => format!("/{}/oauth2/v2.0/token", application.tenant),
    }
}

impl SignIn<'_> {
    /// Asks for a token.
    pub(super) fn send(&self, grant: &Grant<'_>) -> Result<Token, Error> {
        self.token(&self.form(grant), Talk::Once)
    }

    /// Sends a form to the token endpoint.
    pub(super) fn token(&self, form: &Secret, talk: Talk) -> Result<Token, Error> {
        let asked_at = clock::now();
        let reply = self.post(&path(self.cloud, self.application), form, talk)?;
        match reply.status {
            200 => reply::token(&reply.body, asked_at).map_err(|problem| match problem {
                reply::Unusable::Json(error) => self.no_json(&reply, error),
                reply::Unusable::Token => self.unusable("a token reply without a usable token"),
            }),
            _ => Err(self.refusal(&reply)),
        }
    }

    /// Sends a form to the authority: as often as needed, but a poll once.
    pub(super) fn post(&self, path: &str, form: &Secret, talk: Talk) -> Result<Reply, Error> {
        let request_id = http::unique_id()?;
        let mut headers = vec![
            ("accept", "application/json"),
            ("client-request-id", &request_id),
        ];
        if talk == Talk::Once {
            headers.push(("connection", "close"));
        }
        let request = Request {
            host: &self.cloud.authority,
            path,
            body: Body::Form(form),
            bearer: None,
            headers: &headers,
            limit: REPLY_LIMIT,
        };
        match talk {
            Talk::Opening | Talk::Once => self.client.send(&request),
            Talk::Poll(end) => self.client.poll(&request, end),
        }
    }

    /// The field that names the audience: Entra's `scope`, or AD FS's `resource`.
    pub(super) fn audience_field(&self) -> (&'static str, String) {
        match self.cloud.protocol {
            Protocol::AdFs => ("resource", self.audience.to_owned()),
            Protocol::Entra => ("scope", format!("{}/.default", self.audience)),
        }
    }

    fn form(&self, grant: &Grant<'_>) -> Secret {
        let (audience, value) = self.audience_field();
        let grant_type = match grant {
            Grant::Password { .. } => "password",
            _ => "client_credentials",
        };
        let mut fields = vec![
            ("grant_type", grant_type.as_bytes()),
            ("client_id", self.application.client_id.as_str().as_bytes()),
            (audience, value.as_bytes()),
        ];
        match grant {
            Grant::Assertion(assertion) => {
                fields.push(("client_assertion_type", ASSERTION_TYPE.as_bytes()));
                fields.push(("client_assertion", assertion.expose()));
            }
            Grant::ClientSecret(secret) => fields.push(("client_secret", secret.expose())),
            Grant::Password { username, password } => {
                fields.push(("username", username.as_bytes()));
                fields.push(("password", password.expose()));
            }
        }
        form(&fields)
    }

    /// What the authority says instead of a token.
    pub(super) fn refusal(&self, reply: &Reply) -> Error {
        let parsed = match RefusalReply::read(reply.body.expose()) {
            Ok(parsed) => parsed,
            Err(error) => return self.no_json(reply, error),
        };
        let code = parsed.code;
        if code.is_some_and(|code| TRANSIENT.contains(&code)) {
            return Error::ServerBusy {
                host: self.cloud.authority.clone(),
                status: reply.status,
                retry_after: None,
            };
        }
        let short = |text: String| name::foreign(&text, 64);
        let tenant = self.application.tenant.to_string();
        let said = parsed.error_description.as_deref().unwrap_or_default();
        Error::SignInRefused(Box::new(SignInRefusal {
            at: clock::now(),
            authority: self.cloud.authority.clone(),
            cloud: self.cloud.name.clone(),
            home: self.cloud.home_elsewhere(&tenant, said),
            tenant,
            client_id: self.application.client_id.to_string(),
            credential: self.application.credential.clone(),
            audience: self.audience.to_owned(),
            error: short(parsed.error),
            code,
            adfs_code: adfs_code(said),
            federated: None,
            trace_id: parsed.trace_id.map(short),
            correlation_id: parsed.correlation_id.map(short),
        }))
    }

    /// A reply of the right form with something in it that cannot be used.
    pub(super) fn unusable(&self, what: &str) -> Error {
        Error::Reply {
            host: self.cloud.authority.clone(),
            problem: format!("sent {what}"),
        }
    }

    /// A reply that is no JSON of the authority: most often a captive portal or a proxy's page.
    pub(super) fn no_json(&self, reply: &Reply, error: Malformed) -> Error {
        let kind = name::foreign(
            reply.header("content-type").unwrap_or("no content type"),
            40,
        );
        let problem = format!(
            "answered the sign-in with status {} and something else than its JSON ({kind}, line {} column {})",
            reply.status,
            error.line,
            error.column
        );
        Error::Reply {
            host: self.cloud.authority.clone(),
            problem,
        }
    }
}

/// `fields` as `application/x-www-form-urlencoded`.
pub(super) fn form(fields: &[(&str, &[u8])]) -> Secret {
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

struct RefusalReply {
    error: String,
    code: Option<u32>,
    error_description: Option<String>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
}

impl RefusalReply {
    fn read(body: &[u8]) -> Result<Self, Malformed> {
        let reply = Members::read(body)?;
        let codes = reply.find("error_codes").and_then(Raw::items);
        let first = codes.and_then(|codes| codes.first()?.number());
        Ok(Self {
            error: reply.text_of("error")?,
            code: first.and_then(|code| u32::try_from(code).ok()),
            error_description: reply.any_text_of("error_description")?,
            trace_id: reply.any_text_of("trace_id")?,
            correlation_id: reply.any_text_of("correlation_id")?,
        })
    }
}

/// The number of AD FS, which has no `error_codes`: `MSIS9602` before a colon.
fn adfs_code(description: &str) -> Option<u32> {
    let (number, _) = description
        .trim_start()
        .strip_prefix("MSIS")?
        .split_once(':')?;
    number.parse().ok()
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
pub(super) const REPLY_LIMIT: usize = 64 * 1024;
/// AADSTS codes that pass by themselves (protocol notes 3.10); 90055 is throttling.
const TRANSIENT: [u32; 6] = [50_000, 90_006, 90_012, 90_024, 90_033, 90_055];
/// RFC 7523, 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::testing::Authority;

    /// Path and fields of each grant, and no others.
    #[test]
    fn asks_with_the_fields_that_the_authority_wants() {
        let secret = Secret::copy_of(b"s&");
        let grants = [
            (
                Grant::Assertion(&secret),
                "client_credentials",
                "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=s%26",
            ),
            (Grant::ClientSecret(&secret), "client_credentials", "client_secret=s%26"),
            (
                Grant::Password {
                    username: "ann@contoso.example",
                    password: &secret,
                },
                "password",
                "username=ann%40contoso.example&password=s%26",
            ),
        ];
        for (protocol, path, audience) in [
            (
                Protocol::Entra,
                "/contoso.example/oauth2/v2.0/token",
                "scope=https%3A%2F%2Fvault.example%2F.default",
            ),
            (
                Protocol::AdFs,
                "/adfs/oauth2/token",
                "resource=https%3A%2F%2Fvault.example",
            ),
        ] {
            for (grant, grant_type, proof) in &grants {
                let authority =
                    Authority::new(protocol, r#"{"access_token": "t", "expires_in": 60}"#);
                authority.sign_in().send(grant).unwrap();
                let form = format!("grant_type={grant_type}&client_id=ID&{audience}&{proof}");
                assert_eq!(authority.asked(), format!("{path} {form}"));
            }
        }
    }

    #[test]
    fn secrets_are_form_encoded_byte_by_byte() {
        let form = form(&[("a", b"~+/ %&="), ("b", "ä".as_bytes())]);
        assert_eq!(form.expose(), b"a=%7E%2B%2F%20%25%26%3D&b=%C3%A4");
    }

    #[test]
    fn adfs_numbers_its_refusals_in_the_text() {
        assert_eq!(
            adfs_code("MSIS9602: The received 'resource' is invalid."),
            Some(9602)
        );
        for other in ["AADSTS90002: x", "MSIS: x", "MSIS96", ""] {
            assert_eq!(adfs_code(other), None, "{other}");
        }
    }
}
