//! A vault, and the handle with which a test makes it refuse, lie and lag; what fills it is in
//! `filling`.
//!
//! Everybody with a token of the vault's tenant may read everything, until something is denied.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::contents::{Kind, Stored};
use crate::directory::AD_FS;
use crate::keyvault::API_VERSIONS;
use crate::lock;
use crate::national::National;
use crate::objects::Wanted;
use crate::server::Shared;

/// A handle on one vault of the cloud.
#[derive(Clone)]
pub struct Vault {
    pub(crate) shared: Arc<Shared>,
    host: String,
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
    /// Certificates, their lists included; their secrets can still be read.
    Certificates,
    /// Keys, their lists included.
    Keys,
    /// Lists of all kinds and of versions; single objects can still be read.
    Lists,
    /// The secret, the key and the certificate of this name; lists still work.
    Name(String),
    /// Secrets, their lists included; certificates can still be read, without their private key.
    Secrets,
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

    /// Where every `nextLink` leads, in place of the vault's own URL; path and query stay right.
    /// `https://HOST:443` is what older services write; `http://HOST` and another vault's URL are a
    /// hostile one's.
    pub fn set_next_link_origin(&self, origin: Option<&str>) {
        let origin = origin.map(str::to_owned);
        self.change(|state| state.next_link_origin = origin);
    }

    /// The newest api-version it knows from now on, such as `7.4`: an older service, which refuses
    /// newer ones with 400.
    pub fn know_versions_up_to(&self, version: &str) {
        let known = API_VERSIONS.iter().find(|known| **known == version);
        let newest = *known.expect("there is no such api-version");
        self.change(|state| state.newest_version = newest);
    }

    /// Whether replies name the role assignment that allowed the access.
    pub fn set_role_assignment(&self, assignment: Option<&str>) {
        let assignment = assignment.map(str::to_owned);
        self.change(|state| state.role_assignment = assignment);
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut VaultState)) {
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
    /// By kind and name in lower case.
    pub objects: BTreeMap<(Kind, String), Stored>,
    pub denials: Vec<(Denial, Scope)>,
    pub throttled: usize,
    pub retry_after: Option<u64>,
    pub challenge: Option<Vec<u8>>,
    pub network_info: Vec<u8>,
    pub role_assignment: Option<String>,
    pub empty_pages: usize,
    pub next_link: Option<String>,
    pub next_link_origin: Option<String>,
    pub newest_version: &'static str,
}

impl VaultState {
    pub fn new(name: &str, tenant: &str) -> VaultState {
        VaultState {
            name: name.to_owned(),
            tenant: tenant.to_owned(),
            objects: BTreeMap::new(),
            denials: Vec::new(),
            throttled: 0,
            retry_after: None,
            challenge: None,
            network_info: b"conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;".to_vec(),
            role_assignment: None,
            empty_pages: 0,
            next_link: None,
            next_link_origin: None,
            newest_version: API_VERSIONS[API_VERSIONS.len() - 1],
        }
    }

    /// The objects of a kind that exist, by name.
    pub fn existing(&self, kind: Kind) -> impl Iterator<Item = &Stored> {
        let first = (kind, String::new());
        let of_kind = self.objects.range(first..);
        of_kind
            .take_while(move |((known, _), _)| *known == kind)
            .map(|(_, object)| object)
            .filter(|object| !object.deleted)
    }

    /// An object that exists; names are compared without case.
    pub fn find(&self, kind: Kind, name: &str) -> Option<&Stored> {
        let object = self.objects.get(&(kind, name.to_ascii_lowercase()));
        object.filter(|object| !object.deleted)
    }

    /// The denial that covers what is wanted.
    pub fn denial(&self, wanted: &Wanted) -> Option<Denial> {
        let name = wanted.name();
        let covers = |scope: &Scope| match scope {
            Scope::Certificates => wanted.kind == Kind::Certificate,
            Scope::Keys => wanted.kind == Kind::Key,
            Scope::Lists => wanted.operation() == "list",
            Scope::Name(denied) => name.is_some_and(|name| denied.eq_ignore_ascii_case(name)),
            Scope::Secrets => wanted.kind == Kind::Secret,
            Scope::Vault => true,
        };
        let covering = self.denials.iter().rev().find(|(_, scope)| covers(scope));
        covering.map(|(denial, _)| *denial)
    }
}
