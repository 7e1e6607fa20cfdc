//! Refusals of the login host: `AADSTS` codes in the reply that Entra writes around them.

use crate::clock;
use crate::http::Reply;
use crate::object::Object;
use crate::random;

/// A refusal: HTTP status, OAuth error, AADSTS code and text.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub status: u16,
    pub error: &'static str,
    pub code: u32,
    pub text: String,
}

impl Refusal {
    /// 400 `invalid_request`.
    pub fn request(code: u32, text: impl Into<String>) -> Refusal {
        Refusal::new(400, "invalid_request", code, text)
    }

    /// 401 `invalid_client`.
    pub fn client(code: u32, text: impl Into<String>) -> Refusal {
        Refusal::new(401, "invalid_client", code, text)
    }

    pub fn new(status: u16, error: &'static str, code: u32, text: impl Into<String>) -> Refusal {
        Refusal {
            status,
            error,
            code,
            text: text.into(),
        }
    }

    /// The reply, `correlation` being the client's request id if it sent one.
    pub fn reply(&self, login_host: &str, correlation: Option<&str>, now: i64) -> Reply {
        let trace = random::guid();
        let correlation = correlation.map_or_else(random::guid, str::to_owned);
        let timestamp = clock::timestamp(now);
        let description = format!(
            "AADSTS{}: {}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}",
            self.code, self.text
        );
        let body = Object::new()
            .text("error", self.error)
            .text("error_description", &description)
            .raw("error_codes", &format!("[{}]", self.code))
            .text("timestamp", &timestamp)
            .text("trace_id", &trace)
            .text("correlation_id", &correlation)
            .text(
                "error_uri",
                &format!("https://{login_host}/error?code={}", self.code),
            )
            .finish();
        Reply::json(self.status, body).header("x-ms-request-id", trace)
    }
}
