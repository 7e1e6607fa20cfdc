//! What secrets, keys and certificates have in common besides their contents: attributes and tags.

/// Attributes and tags of a new version of a key or a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) enabled: bool,
    pub(crate) not_before: Option<i64>,
    pub(crate) expires: Option<i64>,
    pub(crate) created: Option<i64>,
    pub(crate) updated: Option<i64>,
}

impl Properties {
    /// Enabled, without tags; made now.
    pub fn new() -> Properties {
        Properties {
            tags: Vec::new(),
            enabled: true,
            not_before: None,
            expires: None,
            created: None,
            updated: None,
        }
    }

    /// Adds a tag.
    pub fn tag(mut self, name: &str, value: &str) -> Properties {
        self.tags.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Disabled from the beginning.
    pub fn disabled(mut self) -> Properties {
        self.enabled = false;
        self
    }

    /// `nbf`, seconds since the epoch.
    pub fn not_before(mut self, seconds: i64) -> Properties {
        self.not_before = Some(seconds);
        self
    }

    /// `exp`, seconds since the epoch.
    pub fn expires(mut self, seconds: i64) -> Properties {
        self.expires = Some(seconds);
        self
    }

    /// `created`, seconds since the epoch.
    pub fn created(mut self, seconds: i64) -> Properties {
        self.created = Some(seconds);
        self
    }

    /// `updated`, seconds since the epoch; as `created` if not set.
    pub fn updated(mut self, seconds: i64) -> Properties {
        self.updated = Some(seconds);
        self
    }
}

impl Default for Properties {
    fn default() -> Properties {
        Properties::new()
    }
}
