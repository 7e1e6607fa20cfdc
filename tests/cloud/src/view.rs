//! How a client sees an object: the bundle with its contents, and the item of a list.
//!
//! Members come in the service's order; what was not set is absent; old api-versions know less.

use crate::certificate::Leaf;
use crate::contents::{Content, Kind, Stored, Version};
use crate::key::{Material, PublicKey};
use crate::keyvault::is_since;
use crate::object::Object;

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
    /// An object with its contents.
    pub fn bundle(&self, object: &Stored, known: &Version) -> String {
        match &known.content {
            Content::Certificate(leaf) => self.certificate(object, known, leaf),
            Content::Key(key) => {
                let id = self.id(Kind::Key, object, known, Id::Version);
                let body = Object::new().raw("key", &key.jwk(&id));
                let body = body.raw("attributes", &self.attributes(known));
                managed(tags(body, known), known).finish()
            }
            Content::Secret {
                value,
                content_type,
                ..
            } => {
                let body = Object::new().text("value", value);
                self.secret(body, content_type.as_deref(), object, known, Id::Version)
            }
        }
    }

    /// An object in a list: neither value nor key.
    pub fn item(&self, object: &Stored, known: &Version, id: Id) -> String {
        match &known.content {
            Content::Certificate(leaf) => {
                let body = Object::new()
                    .text("id", &self.id(Kind::Certificate, object, known, id))
                    .text("x5t", &leaf.thumbprint())
                    .raw("attributes", &times(known).finish());
                // The service does not say what it is there for.
                tags(body, known).text("subject", "").finish()
            }
            Content::Key(_) => {
                let body = Object::new()
                    .text("kid", &self.id(Kind::Key, object, known, id))
                    .raw("attributes", &self.attributes(known));
                managed(tags(body, known), known).finish()
            }
            Content::Secret { content_type, .. } => {
                self.secret(Object::new(), content_type.as_deref(), object, known, id)
            }
        }
    }

    fn secret(
        &self,
        mut body: Object,
        content_type: Option<&str>,
        object: &Stored,
        known: &Version,
        id: Id,
    ) -> String {
        if let Some(content_type) = content_type {
            body = body.text("contentType", content_type);
        }
        body = body.text("id", &self.id(Kind::Secret, object, known, id));
        body = managed(body, known).raw("attributes", &self.attributes(known));
        if known.managed && matches!(id, Id::Version) {
            body = body.text("kid", &self.id(Kind::Key, object, known, id));
        }
        tags(body, known).finish()
    }

    fn certificate(&self, object: &Stored, known: &Version, leaf: &Leaf) -> String {
        let id = |kind| self.id(kind, object, known, Id::Version);
        let body = Object::new()
            .text("id", &id(Kind::Certificate))
            .text("kid", &id(Kind::Key))
            .text("sid", &id(Kind::Secret))
            .text("x5t", &leaf.thumbprint())
            .text("cer", &leaf.cer())
            .raw("attributes", &self.attributes(known));
        let mut body = tags(body, known).raw("policy", &self.policy(object, known, leaf));
        if is_since(self.api_version, "7.6") {
            body = body.raw("preserveCertOrder", "false");
        }
        body.finish()
    }

    /// What stands in the policy of an imported certificate.
    fn policy(&self, object: &Stored, known: &Version, leaf: &Leaf) -> String {
        let id = self.id(Kind::Certificate, object, known, Id::Latest);
        let properties = Object::new().raw("exportable", "true");
        let properties = match &leaf.key {
            Some(key) => key_properties(properties, key),
            None => properties,
        };
        let secret = Object::new().text("contentType", leaf.content_type);
        let x509 = Object::new()
            .text("subject", &leaf.subject)
            .texts("ekus", &[] as &[&str])
            .texts("key_usage", &["digitalSignature", "keyEncipherment"])
            .number("validity_months", 12)
            .raw("basic_constraints", "{\"ca\":false}");
        let action = "[{\"trigger\":{\"lifetime_percentage\":80},\
                      \"action\":{\"action_type\":\"EmailContacts\"}}]";
        let attributes = Object::new()
            .raw("enabled", "true")
            .number("created", known.created)
            .number("updated", known.updated);
        Object::new()
            .text("id", &format!("{id}/policy"))
            .raw("key_props", &properties.raw("reuse_key", "false").finish())
            .raw("secret_props", &secret.finish())
            .raw("x509_props", &x509.finish())
            .raw("lifetime_actions", action)
            .raw("issuer", "{\"name\":\"Unknown\"}")
            .raw("attributes", &attributes.finish())
            .finish()
    }

    fn id(&self, kind: Kind, object: &Stored, known: &Version, id: Id) -> String {
        let latest = format!("https://{}/{}/{}", self.host, kind.plural(), object.name);
        match id {
            Id::Latest => latest,
            Id::Version => format!("{latest}/{}", known.id),
        }
    }

    fn attributes(&self, known: &Version) -> String {
        let mut attributes = times(known).text("recoveryLevel", "Recoverable+Purgeable");
        if is_since(self.api_version, "7.1") {
            attributes = attributes.number("recoverableDays", 90);
        }
        attributes.finish()
    }
}

fn times(known: &Version) -> Object {
    let properties = &known.properties;
    let mut attributes = Object::new().raw("enabled", &properties.enabled.to_string());
    if let Some(seconds) = properties.not_before {
        attributes = attributes.number("nbf", seconds);
    }
    if let Some(seconds) = properties.expires {
        attributes = attributes.number("exp", seconds);
    }
    attributes
        .number("created", known.created)
        .number("updated", known.updated)
}

fn managed(body: Object, known: &Version) -> Object {
    match known.managed {
        true => body.raw("managed", "true"),
        false => body,
    }
}

fn tags(body: Object, known: &Version) -> Object {
    if known.properties.tags.is_empty() {
        return body;
    }
    let mut tags = Object::new();
    for (name, value) in &known.properties.tags {
        tags = tags.text(name, value);
    }
    body.raw("tags", &tags.finish())
}

fn key_properties(body: Object, key: &PublicKey) -> Object {
    let body = body.text("kty", key.kind());
    match &key.material {
        Material::Elliptic { curve, .. } => body.text("crv", curve),
        Material::Rsa { modulus, .. } => {
            let bits = i64::try_from(modulus.len() * 8).unwrap_or_default();
            body.number("key_size", bits)
        }
        Material::Symmetric => body,
    }
}
