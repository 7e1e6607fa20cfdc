//! The part of a vault's handle that fills it: secrets, keys and certificates, and what becomes of
//! them.
//!
//! What changes an object by its name changes all objects of that name: a certificate, its key and
//! its secret are one to the service.

use crate::certificate::Certificate;
use crate::contents::{Content, Kind, Stored, Version};
use crate::key::Key;
use crate::log::Logged;
use crate::objects::Wanted;
use crate::random;
use crate::secret::Secret;
use crate::vault::Vault;

/// New versions.
impl Vault {
    /// Adds a version of a secret with this value and gives its id.
    pub fn set(&self, name: &str, value: &str) -> String {
        self.set_with(name, Secret::new(value))
    }

    /// Adds a version of a secret and gives its id. A deleted secret of this name is replaced.
    pub fn set_with(&self, name: &str, secret: Secret) -> String {
        let id = random::version();
        let version = secret.version(&id, self.now());
        self.put(name, vec![(Kind::Secret, version)]);
        id
    }

    /// Adds a version of a certificate and gives its id, which is also that of its secret and of
    /// its key.
    pub fn set_certificate(&self, name: &str, certificate: Certificate) -> String {
        let id = random::version();
        self.put(name, certificate.versions(&id, self.now()));
        id
    }

    /// Adds a version of a key and gives its id.
    pub fn set_key(&self, name: &str, key: Key) -> String {
        let id = random::version();
        let content = Content::Key(key.public);
        let version = Version::new(&id, key.properties, content, self.now());
        self.put(name, vec![(Kind::Key, version)]);
        id
    }

    /// Adds a version of a certificate as soon as its secret has been read once more, and gives the
    /// id it will have: the reader's next request finds the new one. Refusals and lists do not
    /// count.
    pub fn replace_after_next_read(&self, name: &str, certificate: Certificate) -> String {
        let id = random::version();
        let versions = certificate.versions(&id, self.now());
        let (vault, object) = (self.clone(), name.to_owned());
        let (host, read) = (self.host().to_owned(), name.to_owned());
        let counts = move |record: &Logged| {
            let wanted = Wanted::of(&record.path).ok();
            record.host == host && wanted.is_some_and(|wanted| wanted.reads_secret(&read))
        };
        let action = move || vault.put(&object, versions);
        let (counts, action) = (Box::new(counts), Box::new(action));
        self.shared.hooks.add(1, counts, action);
        id
    }

    fn put(&self, name: &str, versions: Vec<(Kind, Version)>) {
        self.change(|state| {
            for (kind, version) in versions {
                let place = (kind, name.to_ascii_lowercase());
                let object = state.objects.entry(place);
                let object = object.or_insert_with(|| Stored::new(name));
                if object.deleted {
                    *object = Stored::new(name);
                }
                object.versions.push(version);
            }
        });
    }

    fn now(&self) -> i64 {
        self.shared.clock.now()
    }
}

/// What becomes of versions.
impl Vault {
    /// Disables a version: an id, or `latest`.
    pub fn disable(&self, name: &str, version: &str) {
        self.set_enabled(name, version, false);
    }

    /// Enables a version again: an id, or `latest`.
    pub fn enable(&self, name: &str, version: &str) {
        self.set_enabled(name, version, true);
    }

    /// Gives the latest version these tags in place of those it has; `updated` shows it.
    pub fn set_tags(&self, name: &str, tags: &[(&str, &str)]) {
        let now = self.now();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.change_version(name, "latest", |version| {
            version.properties.tags = tags.iter().map(owned).collect();
            version.updated = now;
        });
    }

    /// When the latest version was changed last, in seconds since the epoch.
    pub fn set_updated(&self, name: &str, seconds: i64) {
        self.change_version(name, "latest", |version| version.updated = seconds);
    }

    /// Deletes it: it answers 404 from now on.
    pub fn delete(&self, name: &str) {
        self.change_objects(name, |object| object.deleted = true);
    }

    /// Undoes `delete`.
    pub fn recover(&self, name: &str) {
        self.change_objects(name, |object| object.deleted = false);
    }

    fn set_enabled(&self, name: &str, version: &str, enabled: bool) {
        let now = self.now();
        self.change_version(name, version, |version| {
            version.properties.enabled = enabled;
            version.updated = now;
        });
    }

    fn change_version(&self, name: &str, id: &str, change: impl Fn(&mut Version)) {
        let mut changed = false;
        self.change_objects(name, |object| {
            let wanted = match id {
                "latest" => object.versions.last_mut(),
                id => object.versions.iter_mut().find(|known| known.id == id),
            };
            if let Some(version) = wanted {
                change(version);
                changed = true;
            }
        });
        assert!(changed, "there is no such version");
    }

    fn change_objects(&self, name: &str, mut change: impl FnMut(&mut Stored)) {
        let name = name.to_ascii_lowercase();
        self.change(|state| {
            let mut found = false;
            for kind in Kind::ALL {
                if let Some(object) = state.objects.get_mut(&(kind, name.clone())) {
                    change(object);
                    found = true;
                }
            }
            assert!(found, "the vault has nothing of this name");
        });
    }
}
