//! What the vaults hold, and the handle with which a test fills and spoils one.
//!
//! Everybody with a token of the vault's tenant may read everything, until something is denied.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::directory::AD_FS;
use crate::national::National;
use crate::secrets::Wanted;
use crate::server::Shared;
use crate::{lock, random};

/// A handle on one vault of the cloud.
#[derive(Clone)]
pub struct Vault {
    shared: Arc<Shared>,
    host: String,
}

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
    /// `created` and `updated`; now if not set.
    pub created: Option<i64>,
    /// Whether the secret belongs to a certificate: adds `kid` and `managed`.
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
            managed: false,
        }
    }
}

/// Why a vault refuses a caller whose token is good. All are status 403.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Only private endpoints may connect.
    Connection,
    /// The client's address is not on the list.
    Firewall,
    /// The access policy lacks the permission.
    Policy,
    /// The role assignment is missing.
    Rbac,
}

/// What a denial covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Lists of secrets and of versions; single secrets can still be read.
    Lists,
    /// One secret; lists still work.
    Name(String),
    /// Everything, lists included.
    Vault,
}

impl Vault {
    pub(crate) fn new(shared: Arc<Shared>, host: String) -> Vault {
        Vault { shared, host }
    }

    /// The vault's host name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The vault's URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("https://{}", self.host)
    }

    /// Adds a version with this value and gives its id.
    pub fn set(&self, name: &str, value: &str) -> String {
        self.set_with(name, Secret::new(value))
    }

    /// Adds a version and gives its id. A deleted secret of this name is replaced.
    pub fn set_with(&self, name: &str, secret: Secret) -> String {
        let now = self.shared.clock.now();
        let id = random::version();
        self.change(|state| {
            let object = state.secrets.entry(name.to_ascii_lowercase()).or_default();
            if object.deleted || object.versions.is_empty() {
                *object = Stored {
                    name: name.to_owned(),
                    ..Stored::default()
                };
            }
            object.versions.push(Version {
                id: id.clone(),
                created: secret.created.unwrap_or(now),
                updated: secret.created.unwrap_or(now),
                secret,
            });
        });
        id
    }

    /// Disables a version: an id, or `latest`.
    pub fn disable(&self, name: &str, version: &str) {
        self.set_enabled(name, version, false);
    }

    /// Enables a version again: an id, or `latest`.
    pub fn enable(&self, name: &str, version: &str) {
        self.set_enabled(name, version, true);
    }

    /// Deletes a secret: it answers 404 from now on.
    pub fn delete(&self, name: &str) {
        self.change_secret(name, |object| object.deleted = true);
    }

    /// Undoes `delete`.
    pub fn recover(&self, name: &str) {
        self.change_secret(name, |object| object.deleted = false);
    }

    /// Refuses callers from now on; the last denial that covers a request counts.
    pub fn deny(&self, denial: Denial, scope: Scope) {
        self.change(|state| state.denials.push((denial, scope)));
    }

    /// Takes back all denials.
    pub fn allow_all(&self) {
        self.change(|state| state.denials.clear());
    }

    /// Answers the next `times` requests with 429, with Retry-After if given. The real service
    /// often sends none.
    pub fn throttle(&self, times: usize, retry_after: Option<u64>) {
        self.change(|state| {
            state.throttled = times;
            state.retry_after = retry_after;
        });
    }

    /// The tenant whose tokens the vault takes, and which its challenge names.
    pub fn set_tenant(&self, tenant: &str) {
        self.change(|state| tenant.clone_into(&mut state.tenant));
    }

    /// The `WWW-Authenticate` header of all 401 replies, in place of the right one.
    pub fn set_challenge(&self, challenge: impl Into<Vec<u8>>) {
        let challenge = challenge.into();
        self.change(|state| state.challenge = Some(challenge));
    }

    /// All 401 replies name the authority and the audience of this cloud: a vault that has gone
    /// astray, or one that lies.
    pub fn challenge_of(&self, national: National) {
        let tenant = match national.has_ad_fs() {
            true => AD_FS.to_owned(),
            false => {
                let vaults = lock(&self.shared.vaults);
                vaults[&self.host].tenant.clone()
            }
        };
        self.set_challenge(format!(
            "Bearer authorization=\"https://{}/{tenant}\", resource=\"{}\"",
            national.login_host(),
            national.vault_audience()
        ));
    }

    /// The `x-ms-keyvault-network-info` header, any bytes.
    pub fn set_network_info(&self, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.change(|state| state.network_info = bytes);
    }

    /// Puts this many pages without entries before each page of a list that has some.
    pub fn set_empty_pages(&self, pages: usize) {
        self.change(|state| state.empty_pages = pages);
    }

    /// The `nextLink` of every page that has one, in place of the right one: a hostile vault.
    pub fn set_next_link(&self, link: Option<&str>) {
        let link = link.map(str::to_owned);
        self.change(|state| state.next_link = link);
    }

    /// Whether replies name the role assignment that allowed the access.
    pub fn set_role_assignment(&self, assignment: Option<&str>) {
        let assignment = assignment.map(str::to_owned);
        self.change(|state| state.role_assignment = assignment);
    }

    fn set_enabled(&self, name: &str, version: &str, enabled: bool) {
        let now = self.shared.clock.now();
        self.change_secret(name, |object| {
            let wanted = match version {
                "latest" => object.versions.last_mut(),
                id => object.versions.iter_mut().find(|known| known.id == id),
            };
            let wanted = wanted.expect("the secret has no such version");
            wanted.secret.enabled = enabled;
            wanted.updated = now;
        });
    }

    fn change_secret(&self, name: &str, change: impl FnOnce(&mut Stored)) {
        self.change(|state| {
            let object = state.secrets.get_mut(&name.to_ascii_lowercase());
            change(object.expect("the vault has no such secret"));
        });
    }

    fn change(&self, change: impl FnOnce(&mut VaultState)) {
        let mut vaults = lock(&self.shared.vaults);
        change(
            vaults
                .get_mut(&self.host)
                .expect("vaults are never removed"),
        );
    }
}

/// The state of one vault.
pub(crate) struct VaultState {
    pub name: String,
    pub tenant: String,
    /// By name in lower case.
    pub secrets: BTreeMap<String, Stored>,
    pub denials: Vec<(Denial, Scope)>,
    pub throttled: usize,
    pub retry_after: Option<u64>,
    pub challenge: Option<Vec<u8>>,
    pub network_info: Vec<u8>,
    pub role_assignment: Option<String>,
    pub empty_pages: usize,
    pub next_link: Option<String>,
}

/// A secret with all its versions, the newest last.
#[derive(Clone, Default)]
pub(crate) struct Stored {
    pub name: String,
    pub deleted: bool,
    pub versions: Vec<Version>,
}

#[derive(Clone)]
pub(crate) struct Version {
    pub id: String,
    pub created: i64,
    pub updated: i64,
    pub secret: Secret,
}

impl VaultState {
    pub fn new(name: &str, tenant: &str) -> VaultState {
        VaultState {
            name: name.to_owned(),
            tenant: tenant.to_owned(),
            secrets: BTreeMap::new(),
            denials: Vec::new(),
            throttled: 0,
            retry_after: None,
            challenge: None,
            network_info: b"conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;".to_vec(),
            role_assignment: None,
            empty_pages: 0,
            next_link: None,
        }
    }

    /// The secrets that exist, by name.
    pub fn existing(&self) -> impl Iterator<Item = &Stored> {
        self.secrets.values().filter(|object| !object.deleted)
    }

    /// The denial that covers what is wanted.
    pub fn denial(&self, wanted: &Wanted) -> Option<Denial> {
        let name = wanted.name();
        let covers = |scope: &Scope| match scope {
            Scope::Lists => wanted.operation() == "list",
            Scope::Name(denied) => name.is_some_and(|name| denied.eq_ignore_ascii_case(name)),
            Scope::Vault => true,
        };
        let covering = self.denials.iter().rev().find(|(_, scope)| covers(scope));
        covering.map(|(denial, _)| *denial)
    }
}
