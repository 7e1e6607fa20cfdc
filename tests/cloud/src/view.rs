//! How a client sees a secret: the bundle with its value, and the item of a list.
//!
//! Members come in the service's order; what was not set is absent; old api-versions know less.

use crate::object::Object;
use crate::vault::{Stored, Version};

/// How a client sees the vault.
pub(crate) struct View<'a> {
    pub host: &'a str,
    pub api_version: &'a str,
}

/// Whether an id names its version.
#[derive(Clone, Copy)]
pub(crate) enum Id {
    Latest,
    Version,
}

impl View<'_> {
    /// A secret with its value.
    pub fn bundle(&self, object: &Stored, known: &Version) -> String {
        let body = Object::new().text("value", &known.secret.value);
        self.describe(body, object, known, Id::Version)
    }

    /// A secret in a list: no value.
    pub fn item(&self, object: &Stored, known: &Version, id: Id) -> String {
        self.describe(Object::new(), object, known, id)
    }

    fn describe(&self, mut body: Object, object: &Stored, known: &Version, id: Id) -> String {
        if let Some(content_type) = &known.secret.content_type {
            body = body.text("contentType", content_type);
        }
        let name = &object.name;
        body = match id {
            Id::Latest => body.text("id", &format!("https://{}/secrets/{name}", self.host)),
            Id::Version => body.text("id", &self.address("secrets", name, &known.id)),
        };
        if known.secret.managed {
            body = body.raw("managed", "true");
        }
        body = body.raw("attributes", &self.attributes(known));
        if known.secret.managed && matches!(id, Id::Version) {
            body = body.text("kid", &self.address("keys", name, &known.id));
        }
        if !known.secret.tags.is_empty() {
            let mut tags = Object::new();
            for (name, value) in &known.secret.tags {
                tags = tags.text(name, value);
            }
            body = body.raw("tags", &tags.finish());
        }
        body.finish()
    }

    fn address(&self, kind: &str, name: &str, version: &str) -> String {
        format!("https://{}/{kind}/{name}/{version}", self.host)
    }

    fn attributes(&self, known: &Version) -> String {
        let mut attributes = Object::new().raw("enabled", &known.secret.enabled.to_string());
        if let Some(seconds) = known.secret.not_before {
            attributes = attributes.number("nbf", seconds);
        }
        if let Some(seconds) = known.secret.expires {
            attributes = attributes.number("exp", seconds);
        }
        attributes = attributes
            .number("created", known.created)
            .number("updated", known.updated)
            .text("recoveryLevel", "Recoverable+Purgeable");
        if !["2016-10-01", "7.0"].contains(&self.api_version) {
            attributes = attributes.number("recoverableDays", 90);
        }
        attributes.finish()
    }
}
