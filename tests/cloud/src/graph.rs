//! Microsoft Graph, as far as a token can be tried on it: `GET /v1.0/me`.
//!
//! An application's own token is refused there with 400: that refusal proves the token good.

use crate::clock::timestamp;
use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::object::Object;
use crate::random;
use crate::server::Shared;
use crate::token::{BadToken, Claims};

/// Answers a request to Graph's host.
pub(crate) fn answer(shared: &Shared, request: &Request, record: &mut Logged) -> Reply {
    let id = random::guid();
    let front = Front {
        shared,
        request,
        id: &id,
    };
    let (Ok(reply) | Err(reply)) = front.respond(record);
    let client_id = request.header("client-request-id").unwrap_or(&id);
    reply
        .header("request-id", id.as_bytes())
        .header("client-request-id", client_id)
        .header("cache-control", "no-cache")
        .header("strict-transport-security", "max-age=31536000")
}

struct Front<'a> {
    shared: &'a Shared,
    request: &'a Request,
    id: &'a str,
}

impl Front<'_> {
    fn respond(&self, record: &mut Logged) -> Result<Reply, Reply> {
        let national = self.shared.national;
        let asked = (self.request.method.as_str(), self.request.path.as_str());
        if asked != ("GET", "/v1.0/me") || national.has_ad_fs() {
            record.unexpected("a request that Graph is not there for");
            let text = "Resource not found for the segment.";
            return Err(self.error(404, "BadRequest", text));
        }
        let claims = self.caller()?;
        record.authorized = true;
        let Some(name) = claims.user else {
            let text = "/me request is only valid with delegated authentication flow.";
            return Err(self.error(400, "BadRequest", text));
        };
        let context = format!(
            "https://{}/v1.0/$metadata#users/$entity",
            national.graph_host()
        );
        let body = Object::new()
            .text("@odata.context", &context)
            .raw("businessPhones", "[]")
            .text("displayName", name.split('@').next().unwrap_or_default())
            .raw("mail", "null")
            .text("userPrincipalName", &name)
            .text("id", &claims.app.object_id)
            .finish();
        Ok(Reply::json(200, body))
    }

    fn caller(&self) -> Result<Claims, Reply> {
        let Some(token) = self.request.bearer() else {
            return Err(self.unauthorized("Access token is empty."));
        };
        let now = self.shared.clock.now();
        let claims = match self.shared.tokens.verify(token, now) {
            Ok(claims) => claims,
            Err(BadToken::Expired) => {
                let text = "Lifetime validation failed, the token is expired.";
                return Err(self.unauthorized(text));
            }
            Err(BadToken::Malformed) => {
                let text = "CompactToken parsing failed with error code: 80049217";
                return Err(self.unauthorized(text));
            }
            Err(_) => {
                let text = "Access token validation failure. Invalid signature.";
                return Err(self.unauthorized(text));
            }
        };
        let expected = format!("https://{}", self.shared.national.graph_host());
        match claims.audience.trim_end_matches('/') == expected {
            true => Ok(claims),
            false => Err(self.unauthorized("Access token validation failure. Invalid audience.")),
        }
    }

    fn unauthorized(&self, text: &str) -> Reply {
        let challenge = format!(
            "Bearer realm=\"\", authorization_uri=\"https://{}/common/oauth2/authorize\", \
             client_id=\"00000003-0000-0000-c000-000000000000\"",
            self.shared.national.login_host()
        );
        self.error(401, "InvalidAuthenticationToken", text)
            .header("www-authenticate", challenge)
    }

    fn error(&self, status: u16, code: &str, text: &str) -> Reply {
        let date = timestamp(self.shared.clock.now()).replace(' ', "T");
        let client_id = self.request.header("client-request-id");
        let inner = Object::new()
            .text("date", date.trim_end_matches('Z'))
            .text("request-id", self.id)
            .text("client-request-id", client_id.unwrap_or(self.id));
        let error = Object::new()
            .text("code", code)
            .text("message", text)
            .raw("innerError", &inner.finish());
        Reply::json(status, Object::new().raw("error", &error.finish()).finish())
    }
}
