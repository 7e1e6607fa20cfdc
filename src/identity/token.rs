//! An access token and what it says of itself.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;

use crate::error::TokenFacts;
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

    /// Tenant, application and object id that the token names. For tickets only: clients
    /// must not rely on a token's format, and its signature is not checked.
    pub fn facts(&self) -> TokenFacts {
        let claims = self.claims();
        let short = |text: String| name::foreign(&text, 64);
        TokenFacts {
            tenant: claims.tid.map(short),
            app_id: claims.appid.or(claims.azp).map(short),
            object_id: claims.oid.map(short),
        }
    }

    /// The person whom the token names, escaped. For their eyes alone: it is kept nowhere.
    pub fn person(&self) -> Option<String> {
        let claims = self.claims();
        let name = claims.upn.or(claims.preferred_username).or(claims.oid);
        name.map(|name| name::foreign(&name, 120))
    }

    fn claims(&self) -> Claims {
        let payload = self
            .value
            .expose_str()
            .and_then(|token| token.split('.').nth(1));
        let json = payload.and_then(|payload| Base64UrlUnpadded::decode_vec(payload).ok());
        json.and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default()
    }
}

#[derive(Default, Deserialize)]
struct Claims {
    tid: Option<String>,
    appid: Option<String>,
    azp: Option<String>,
    oid: Option<String>,
    /// AD FS, and Entra's tokens of version 1.
    upn: Option<String>,
    /// Entra's tokens of version 2.
    preferred_username: Option<String>,
}

/// Seconds before its end from which a token is no longer used.
const SPARE: i64 = 300;

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
            (r#"{"oid":"o"}"#, Some("o")),
            ("{}", None),
        ] {
            let payload = Base64UrlUnpadded::encode_string(claims.as_bytes());
            let token = Token::new(Secret::copy_of(format!("h.{payload}.s").as_bytes()), 0, 0);
            assert_eq!(token.person().as_deref(), wanted, "{claims}");
        }
    }
}
