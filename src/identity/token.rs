//! An access token and what it says of itself.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::error::TokenFacts;
use crate::json::Json;
use crate::name;
use crate::secret::Secret;

/// An access token for one audience.
#[derive(Debug)]
pub struct Token {
    value: Secret,
    obtained: i64,
    expires: i64,
}

impl Token {
    /// A token obtained at `obtained` that lives until `expires`, in seconds since 1970 by
    /// this device's clock.
    pub fn new(value: Secret, obtained: i64, expires: i64) -> Self {
        Self {
            value,
            obtained,
            expires,
        }
    }

    /// The token itself, for an `Authorization` header.
    pub fn value(&self) -> &Secret {
        &self.value
    }

    /// When it was obtained.
    pub fn obtained(&self) -> i64 {
        self.obtained
    }

    /// Until when it lives.
    pub fn expires(&self) -> i64 {
        self.expires
    }

    /// Whether it can still be used at `now`: more than five minutes are left, and the clock
    /// does not stand before the moment at which it was obtained.
    pub fn is_fresh(&self, now: i64) -> bool {
        self.obtained <= now && self.expires.saturating_sub(now) > SPARE
    }

    /// Tenant, application and object id that the token names, for a refusal's ticket.
    pub fn facts(&self) -> TokenFacts {
        let claims = self.claims();
        TokenFacts {
            tenant: claims.tenant,
            app_id: claims.app_id,
            object_id: claims.object_id,
        }
    }

    /// What the token says of itself. For people only: clients must not rely on a token's
    /// format, and its signature is not checked.
    pub fn claims(&self) -> Claims {
        let payload = self
            .value
            .expose_str()
            .and_then(|token| token.split('.').nth(1));
        let json = payload.and_then(|payload| Base64UrlUnpadded::decode_vec(payload).ok());
        let payload = json.and_then(|json| Json::read(&json));
        let payload = payload.unwrap_or(Json::Null);
        let text = |key| Some(name::foreign(&payload.text_of(key)?, LONGEST));
        Claims {
            tenant: text("tid"),
            app_id: text("appid").or_else(|| text("azp")),
            object_id: text("oid"),
            // AD FS and Entra's tokens of version 1; those of version 2; old ones.
            user: ["upn", "preferred_username", "unique_name"]
                .into_iter()
                .find_map(text),
            audience: text("aud"),
            expires: payload.number_of("exp"),
        }
    }
}

/// What a token says of itself (protocol notes 7); all text is escaped and cut. An opaque
/// token says nothing.
#[derive(Debug)]
pub struct Claims {
    /// `tid`.
    pub tenant: Option<String>,
    /// `appid`, or `azp`.
    pub app_id: Option<String>,
    /// `oid`: what a role is given to.
    pub object_id: Option<String>,
    /// `upn`, `preferred_username` or `unique_name`: the person, if one signed in.
    pub user: Option<String>,
    /// `aud`, where it is one and no list (RFC 7519, 4.1.3).
    pub audience: Option<String>,
    /// `exp`, in seconds since 1970 by the authority's clock.
    pub expires: Option<i64>,
}

/// Seconds before its end from which a token is no longer used.
const SPARE: i64 = 300;
/// Characters of a claim that are shown.
const LONGEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_used_while_more_than_five_minutes_are_left() {
        let token = Token::new(Secret::copy_of(b"t"), 1000, 4600);
        assert!(token.is_fresh(1000));
        assert!(token.is_fresh(4299));
        assert!(!token.is_fresh(4300));
        assert!(!token.is_fresh(999), "the clock went back");
    }

    #[test]
    fn tells_what_the_token_says_of_itself() {
        let says = |payload: &str| {
            let payload = Base64UrlUnpadded::encode_string(payload.as_bytes());
            Token::new(Secret::copy_of(format!("h.{payload}.s").as_bytes()), 0, 0).claims()
        };
        let app = says(r#"{"tid":"t","azp":"a","oid":"o","aud":"https://x","exp":7,"n":[1]}"#);
        assert_eq!(app.app_id.as_deref(), Some("a"));
        assert_eq!(app.audience.as_deref(), Some("https://x"));
        assert_eq!((app.user, app.expires), (None, Some(7)));
        let person = says(r#"{"upn":"a@b\u001b[2J","aud":["x","y"]}"#);
        assert_eq!(person.user.as_deref(), Some("a@b\\u{1b}[2J"));
        assert_eq!(person.audience, None);
    }

    #[test]
    fn an_opaque_token_has_no_facts() {
        let facts = Token::new(Secret::copy_of(b"opaque"), 0, 0).facts();
        assert!(facts.object_id.is_none());
    }

    #[test]
    fn a_person_is_told_by_the_best_name_there_is() {
        for (claims, wanted) in [
            (
                r#"{"oid":"o","upn":"ann@contoso.com"}"#,
                Some("ann@contoso.com"),
            ),
            (
                r#"{"oid":"o","preferred_username":"ann\u001b[2J"}"#,
                Some("ann\\u{1b}[2J"),
            ),
            (r#"{"oid":"o"}"#, None),
            ("{}", None),
        ] {
            let payload = Base64UrlUnpadded::encode_string(claims.as_bytes());
            let token = Token::new(Secret::copy_of(format!("h.{payload}.s").as_bytes()), 0, 0);
            assert_eq!(token.claims().user.as_deref(), wanted, "{claims}");
        }
    }
}
