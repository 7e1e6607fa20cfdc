//! The success reply of a token endpoint: the same facts in several forms.

use crate::http::Reply;
use crate::object::Object;

/// How the token endpoint writes a success. A web page or a redirect in its place are faults:
/// [`crate::Action::HtmlPage`] and [`crate::Action::Redirect`] with [`crate::Match::Token`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenShape {
    /// Nothing says how long the token is good for.
    NoExpiry,
    /// As the older endpoint does: numbers as strings, with `expires_on`, `not_before`, `resource`.
    V1Strings,
    /// As the service does.
    #[default]
    V2,
}

/// What was issued.
pub(crate) struct Issued {
    pub access_token: String,
    pub expires_in: i64,
    pub resource: String,
    pub now: i64,
    /// Empty for an application's own token.
    pub person: Person,
}

/// What comes with a person's token, where it was asked for.
#[derive(Default)]
pub(crate) struct Person {
    pub scope: Option<String>,
    pub refresh_token: Option<String>,
    pub id_token: Option<String>,
}

impl Issued {
    /// Entra's reply.
    pub fn reply(&self, shape: TokenShape) -> Reply {
        let mut body = Object::new().text("token_type", "Bearer");
        if let Some(scope) = &self.person.scope {
            body = body.text("scope", scope);
        }
        body = match shape {
            TokenShape::NoExpiry => body,
            TokenShape::V1Strings => self.with_strings(body),
            TokenShape::V2 => body
                .number("expires_in", self.expires_in)
                .number("ext_expires_in", self.expires_in),
        };
        body = body.text("access_token", &self.access_token);
        if let Some(token) = &self.person.refresh_token {
            body = body.text("refresh_token", token);
        }
        if let Some(token) = &self.person.id_token {
            body = body.text("id_token", token);
        }
        Reply::json(200, body.finish())
    }

    /// The reply of AD FS.
    pub fn ad_fs_reply(&self, shape: TokenShape) -> Reply {
        let body = Object::new()
            .text("access_token", &self.access_token)
            .text("token_type", "bearer");
        let body = match shape {
            TokenShape::NoExpiry => body,
            TokenShape::V1Strings => self.with_strings(body),
            TokenShape::V2 => body.number("expires_in", self.expires_in),
        };
        Reply::json(200, body.finish())
    }

    fn with_strings(&self, body: Object) -> Object {
        let expires_in = self.expires_in.to_string();
        body.text("expires_in", &expires_in)
            .text("ext_expires_in", &expires_in)
            .text("expires_on", &(self.now + self.expires_in).to_string())
            .text("not_before", &(self.now - 300).to_string())
            .text("resource", &self.resource)
    }
}
