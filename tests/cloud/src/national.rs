//! The national clouds this server can play, and which service answers under which of their names.

use crate::facts::{self, Authority, Facts};

/// One national cloud: login host, vault suffix and audiences that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum National {
    /// An Azure Stack Hub with AD FS: a private cloud without Entra and without Microsoft Graph.
    AzureStack,
    /// Bleu, France.
    Bleu,
    /// Azure operated by 21Vianet, China.
    China,
    /// Delos, Germany.
    Delos,
    /// Microsoft Cloud Deutschland, closed in 2021.
    Germany,
    /// A private cloud with an authority of its own, known to no client.
    Private,
    /// The public cloud.
    Public,
    /// Azure US Government.
    UsGov,
    /// US National, air-gapped.
    UsNat,
    /// US Secret, air-gapped.
    UsSec,
}

/// What answers under a host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Blob,
    Graph,
    Login,
    ResourceManager,
    Vault,
}

impl National {
    /// All clouds that can be played.
    pub const ALL: [National; 10] = [
        National::AzureStack,
        National::Bleu,
        National::China,
        National::Delos,
        National::Germany,
        National::Private,
        National::Public,
        National::UsGov,
        National::UsNat,
        National::UsSec,
    ];

    /// The lower-case name used on the command line, such as `usgov`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The cloud of a command-line name.
    pub fn from_name(name: &str) -> Option<National> {
        National::ALL
            .into_iter()
            .find(|national| national.name() == name)
    }

    /// The login host that clients should use.
    pub fn login_host(self) -> &'static str {
        self.facts().login
    }

    /// Older names of the login host, which still answer.
    pub fn login_aliases(self) -> &'static [&'static str] {
        self.facts().login_aliases
    }

    /// The DNS suffix of its vaults, without a leading dot.
    pub fn vault_suffix(self) -> &'static str {
        self.facts().vault_suffix
    }

    /// The audience of Key Vault tokens: no slash at the end.
    pub fn vault_audience(self) -> String {
        format!("https://{}", self.vault_suffix())
    }

    /// The host of Resource Manager, which also tells the cloud's metadata.
    pub fn resource_manager_host(self) -> &'static str {
        self.facts().resource_manager
    }

    /// The audiences of Resource Manager tokens in the order its metadata lists them, without a
    /// slash at the end.
    pub fn management_audiences(self) -> &'static [&'static str] {
        self.facts().management
    }

    /// The host of Microsoft Graph. [`National::AzureStack`] has only the old directory graph there.
    pub fn graph_host(self) -> &'static str {
        self.facts().graph
    }

    /// The DNS suffix of storage, without a leading dot: blobs are in `{account}.blob.{suffix}`.
    pub fn storage_suffix(self) -> &'static str {
        self.facts().storage_suffix
    }

    /// Whether `host` is the login host or one of its older names.
    pub fn is_login_host(self, host: &str) -> bool {
        self.service(host) == Some(Service::Login)
    }

    /// Whether `host` is a vault's name in this cloud: one label before the suffix.
    pub fn is_vault_host(self, host: &str) -> bool {
        self.service(host) == Some(Service::Vault)
    }

    /// What answers under a name, if it is one of this cloud's.
    pub(crate) fn service(self, host: &str) -> Option<Service> {
        let facts = self.facts();
        let host = host.to_ascii_lowercase();
        let one_label_before = |suffix: &str| {
            host.strip_suffix(suffix)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|name| !name.is_empty() && !name.contains('.'))
        };
        if host == facts.login || facts.login_aliases.contains(&host.as_str()) {
            Some(Service::Login)
        } else if host == facts.resource_manager {
            Some(Service::ResourceManager)
        } else if host == facts.graph {
            Some(Service::Graph)
        } else if one_label_before(facts.vault_suffix) {
            Some(Service::Vault)
        } else if one_label_before(&format!("blob.{}", facts.storage_suffix)) {
            Some(Service::Blob)
        } else {
            None
        }
    }

    /// Whether the login host is an AD FS.
    pub(crate) fn has_ad_fs(self) -> bool {
        self.facts().authority == Authority::AdFs
    }

    /// The audiences that storage takes from everybody, without a slash at the end.
    pub(crate) fn storage_audiences(self) -> &'static [&'static str] {
        match self {
            // A stamp has none of its own: there it is Resource Manager's.
            National::AzureStack => self.management_audiences(),
            _ => &["https://storage.azure.com"],
        }
    }

    /// Whether the authority issues tokens for `resource`. Entra takes a slash at the end (it is
    /// Key Vault that refuses such a token); AD FS compares the whole text.
    pub(crate) fn knows_resource(self, resource: &str) -> bool {
        let facts = self.facts();
        let resource = match facts.authority {
            Authority::AdFs => resource,
            Authority::Entra => resource.strip_suffix('/').unwrap_or(resource),
        };
        let host = resource.strip_prefix("https://").unwrap_or_default();
        resource == self.vault_audience()
            || facts.management.contains(&resource)
            || self.storage_audiences().contains(&resource)
            || facts.authority == Authority::Entra
                && matches!(self.service(host), Some(Service::Blob | Service::Graph))
    }

    pub(crate) fn facts(self) -> &'static Facts {
        match self {
            National::AzureStack => &facts::AZURE_STACK,
            National::Bleu => &facts::BLEU,
            National::China => &facts::CHINA,
            National::Delos => &facts::DELOS,
            National::Germany => &facts::GERMANY,
            National::Private => &facts::PRIVATE,
            National::Public => &facts::PUBLIC,
            National::UsGov => &facts::US_GOV,
            National::UsNat => &facts::US_NAT,
            National::UsSec => &facts::US_SEC,
        }
    }
}
