//! What a vault holds: secrets, keys and certificates by name, each with its versions.

use std::sync::Arc;

use crate::certificate::Leaf;
use crate::key::PublicKey;
use crate::properties::Properties;

/// The kinds of objects in a vault; each has names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Certificate,
    Key,
    Secret,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Certificate, Kind::Key, Kind::Secret];

    /// In the service's texts: `secret`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Certificate => "certificate",
            Kind::Key => "key",
            Kind::Secret => "secret",
        }
    }

    /// In paths: `secrets`.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Certificate => "certificates",
            Kind::Key => "keys",
            Kind::Secret => "secrets",
        }
    }
}

/// An object with all its versions, the newest last.
#[derive(Clone)]
pub(crate) struct Stored {
    pub name: String,
    pub deleted: bool,
    pub versions: Vec<Version>,
}

impl Stored {
    pub fn new(name: &str) -> Stored {
        Stored {
            name: name.to_owned(),
            deleted: false,
            versions: Vec::new(),
        }
    }

    /// A version by its id, or the latest.
    pub fn version(&self, id: Option<&str>) -> Option<&Version> {
        match id {
            None => self.versions.last(),
            Some(id) => self
                .versions
                .iter()
                .find(|known| known.id.eq_ignore_ascii_case(id)),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Version {
    pub id: String,
    /// Seconds since the epoch, and no finer: two changes within a second look like one.
    pub created: i64,
    pub updated: i64,
    pub properties: Properties,
    /// Whether it belongs to a certificate.
    pub managed: bool,
    pub content: Content,
}

impl Version {
    pub fn new(id: &str, properties: Properties, content: Content, now: i64) -> Version {
        let created = properties.created.unwrap_or(now);
        Version {
            id: id.to_owned(),
            created,
            updated: properties.updated.unwrap_or(created),
            properties,
            managed: false,
            content,
        }
    }
}

/// What is in a version, large things shared: versions are copied for lists.
#[derive(Clone)]
pub(crate) enum Content {
    Certificate(Arc<Leaf>),
    Key(PublicKey),
    Secret {
        value: String,
        content_type: Option<String>,
        /// What the service's conversion to PEM gives, where it can convert.
        converted: Option<String>,
    },
}
