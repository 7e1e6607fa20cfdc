//! What a new version of a secret holds.

use crate::contents::{Content, Version};
use crate::properties::Properties;

/// What a new version of a secret holds.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The value, any text.
    pub value: String,
    /// `contentType`, absent from the reply if not set.
    pub content_type: Option<String>,
    /// `tags`, absent from the reply if there are none.
    pub tags: Vec<(String, String)>,
    /// A disabled version is refused with 403.
    pub enabled: bool,
    /// `nbf`, seconds since the epoch; only information, as in the real service.
    pub not_before: Option<i64>,
    /// `exp`, seconds since the epoch; only information, as in the real service.
    pub expires: Option<i64>,
    /// `created`, seconds since the epoch; now if not set.
    pub created: Option<i64>,
    /// `updated`, seconds since the epoch; as `created` if not set.
    pub updated: Option<i64>,
    /// Whether the secret belongs to a certificate: adds `kid` and `managed`. A whole certificate
    /// is put in with [`Vault::set_certificate`](crate::Vault::set_certificate).
    pub managed: bool,
}

impl Secret {
    /// An enabled secret with nothing but a value.
    pub fn new(value: impl Into<String>) -> Secret {
        Secret {
            value: value.into(),
            content_type: None,
            tags: Vec::new(),
            enabled: true,
            not_before: None,
            expires: None,
            created: None,
            updated: None,
            managed: false,
        }
    }

    pub(crate) fn version(self, id: &str, now: i64) -> Version {
        let properties = Properties {
            tags: self.tags,
            enabled: self.enabled,
            not_before: self.not_before,
            expires: self.expires,
            created: self.created,
            updated: self.updated,
        };
        let content = Content::Secret {
            value: self.value,
            content_type: self.content_type,
            converted: None,
        };
        Version {
            managed: self.managed,
            ..Version::new(id, properties, content, now)
        }
    }
}
