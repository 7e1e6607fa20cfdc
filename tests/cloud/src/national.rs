//! The national clouds this server can play: which host names belong together.
//!
//! The table is the oracle's own, written from public documents. It must not be derived from
//! the product's table: a wrong host there has to show up as a refused request here.

/// One national cloud: login host, vault suffix and audiences that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum National {
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

impl National {
    /// All clouds that can be played.
    pub const ALL: [National; 9] = [
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

    /// The DNS suffix of its vaults, without a leading dot.
    pub fn vault_suffix(self) -> &'static str {
        self.facts().vault_suffix
    }

    /// The audience of Key Vault tokens: no slash at the end.
    pub fn vault_audience(self) -> String {
        format!("https://{}", self.vault_suffix())
    }

    /// Whether `host` is the login host or one of its older names.
    pub fn is_login_host(self, host: &str) -> bool {
        let facts = self.facts();
        facts.login.eq_ignore_ascii_case(host)
            || facts
                .login_aliases
                .iter()
                .any(|alias| alias.eq_ignore_ascii_case(host))
    }

    /// Whether `host` is a vault's name in this cloud: one label before the suffix.
    pub fn is_vault_host(self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        host.strip_suffix(self.vault_suffix())
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|name| !name.is_empty() && !name.contains('.'))
    }

    /// Whether the authority issues tokens for `resource` (a slash at the end is allowed here;
    /// it is Key Vault that refuses such a token).
    pub(crate) fn knows_resource(self, resource: &str) -> bool {
        let facts = self.facts();
        let resource = resource.strip_suffix('/').unwrap_or(resource);
        resource == self.vault_audience()
            || resource == STORAGE_AUDIENCE
            || resource == format!("https://{}", facts.graph)
            || facts.management.contains(&resource)
    }

    pub(crate) fn facts(self) -> &'static Facts {
        match self {
            National::Bleu => &BLEU,
            National::China => &CHINA,
            National::Delos => &DELOS,
            National::Germany => &GERMANY,
            National::Private => &PRIVATE,
            National::Public => &PUBLIC,
            National::UsGov => &US_GOV,
            National::UsNat => &US_NAT,
            National::UsSec => &US_SEC,
        }
    }
}

/// What is published about one cloud.
pub(crate) struct Facts {
    name: &'static str,
    login: &'static str,
    login_aliases: &'static [&'static str],
    vault_suffix: &'static str,
    management: &'static [&'static str],
    /// `msgraph_host` of the discovery document.
    pub graph: &'static str,
    /// `cloud_graph_host_name` of the discovery document.
    pub directory_graph: &'static str,
    /// `cloud_instance_name` of the discovery document.
    pub instance: &'static str,
    /// `tenant_region_scope` of the discovery document.
    pub region_scope: &'static str,
    /// The region that its vaults report.
    pub vault_region: &'static str,
}

/// The same string in every cloud.
const STORAGE_AUDIENCE: &str = "https://storage.azure.com";

static BLEU: Facts = Facts {
    name: "bleu",
    login: "login.sovcloud-identity.fr",
    login_aliases: &[],
    vault_suffix: "vault.sovcloud-api.fr",
    management: &[
        "https://management.sovcloud-api.fr",
        "https://management.core.sovcloud-api.fr",
    ],
    graph: "graph.svc.sovcloud.fr",
    directory_graph: "graph.svc.sovcloud.fr",
    instance: "sovcloud-identity.fr",
    region_scope: "EU",
    vault_region: "francecentral",
};

static CHINA: Facts = Facts {
    name: "china",
    login: "login.partner.microsoftonline.cn",
    login_aliases: &["login.chinacloudapi.cn"],
    vault_suffix: "vault.azure.cn",
    management: &[
        "https://management.chinacloudapi.cn",
        "https://management.core.chinacloudapi.cn",
    ],
    graph: "microsoftgraph.chinacloudapi.cn",
    directory_graph: "graph.chinacloudapi.cn",
    instance: "partner.microsoftonline.cn",
    region_scope: "AS",
    vault_region: "chinaeast2",
};

static DELOS: Facts = Facts {
    name: "delos",
    login: "login.sovcloud-identity.de",
    login_aliases: &[],
    vault_suffix: "vault.sovcloud-api.de",
    management: &[
        "https://management.sovcloud-api.de",
        "https://management.core.sovcloud-api.de",
    ],
    graph: "graph.svc.sovcloud.de",
    directory_graph: "graph.svc.sovcloud.de",
    instance: "sovcloud-identity.de",
    region_scope: "EU",
    vault_region: "germanynorth",
};

static GERMANY: Facts = Facts {
    name: "germany",
    login: "login.microsoftonline.de",
    login_aliases: &[],
    vault_suffix: "vault.microsoftazure.de",
    management: &[
        "https://management.microsoftazure.de",
        "https://management.core.cloudapi.de",
    ],
    graph: "graph.microsoft.de",
    directory_graph: "graph.cloudapi.de",
    instance: "microsoftonline.de",
    region_scope: "EU",
    vault_region: "germanycentral",
};

static PRIVATE: Facts = Facts {
    name: "private",
    login: "login.plant7.example",
    login_aliases: &[],
    vault_suffix: "vault.local.plant7.example",
    management: &["https://management.local.plant7.example"],
    graph: "graph.plant7.example",
    directory_graph: "graph.plant7.example",
    instance: "plant7.example",
    region_scope: "EU",
    vault_region: "local",
};

static PUBLIC: Facts = Facts {
    name: "public",
    login: "login.microsoftonline.com",
    login_aliases: &["login.windows.net", "login.microsoft.com"],
    vault_suffix: "vault.azure.net",
    management: &[
        "https://management.azure.com",
        "https://management.core.windows.net",
    ],
    graph: "graph.microsoft.com",
    directory_graph: "graph.windows.net",
    instance: "microsoftonline.com",
    region_scope: "NA",
    vault_region: "westeurope",
};

static US_GOV: Facts = Facts {
    name: "usgov",
    login: "login.microsoftonline.us",
    login_aliases: &["login.usgovcloudapi.net"],
    vault_suffix: "vault.usgovcloudapi.net",
    management: &[
        "https://management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net",
    ],
    graph: "graph.microsoft.us",
    directory_graph: "graph.windows.net",
    instance: "microsoftonline.us",
    region_scope: "USGov",
    vault_region: "usgovvirginia",
};

static US_NAT: Facts = Facts {
    name: "usnat",
    login: "login.microsoftonline.eaglex.ic.gov",
    login_aliases: &[],
    vault_suffix: "vault.cloudapi.eaglex.ic.gov",
    management: &["https://management.azure.eaglex.ic.gov"],
    graph: "graph.eaglex.ic.gov",
    directory_graph: "graph.cloudapi.eaglex.ic.gov",
    instance: "microsoftonline.eaglex.ic.gov",
    region_scope: "USNat",
    vault_region: "usnatwest",
};

static US_SEC: Facts = Facts {
    name: "ussec",
    login: "login.microsoftonline.microsoft.scloud",
    login_aliases: &[],
    vault_suffix: "vault.cloudapi.microsoft.scloud",
    management: &[
        "https://management.azure.microsoft.scloud",
        "https://management.core.microsoft.scloud",
    ],
    graph: "graph.microsoft.scloud",
    directory_graph: "graph.cloudapi.microsoft.scloud",
    instance: "microsoftonline.microsoft.scloud",
    region_scope: "USSec",
    vault_region: "usseceast",
};
