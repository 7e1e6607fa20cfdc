//! What is published about each cloud: the table behind `National`.
//!
//! It is the oracle's own, written from public documents, and must not be derived from the
//! product's: a wrong host there has to show up as a refused request here.

/// What is published about one cloud.
pub(crate) struct Facts {
    pub name: &'static str,
    pub authority: Authority,
    pub login: &'static str,
    pub login_aliases: &'static [&'static str],
    pub vault_suffix: &'static str,
    pub resource_manager: &'static str,
    /// Audiences of Resource Manager in the order it lists them itself, without a slash at the end.
    pub management: &'static [&'static str],
    /// Blobs live in `{account}.blob.{suffix}`.
    pub storage_suffix: &'static str,
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
    /// What Resource Manager's metadata calls the cloud.
    pub metadata_name: &'static str,
    pub portal: &'static str,
}

/// What answers at the login host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    AdFs,
    Entra,
}

/// An Azure Stack Hub that signs in with AD FS: names of the development kit.
pub(crate) static AZURE_STACK: Facts = Facts {
    name: "azurestack",
    authority: Authority::AdFs,
    login: "adfs.local.azurestack.external",
    login_aliases: &[],
    vault_suffix: "vault.local.azurestack.external",
    resource_manager: "management.local.azurestack.external",
    management: &["https://management.adfs.azurestack.local/3f2a9c64-8d1b-4c57-9b7e-5a1f0c8e2d43"],
    storage_suffix: "local.azurestack.external",
    graph: "graph.local.azurestack.external",
    directory_graph: "graph.local.azurestack.external",
    instance: "local.azurestack.external",
    region_scope: "local",
    vault_region: "local",
    metadata_name: "AzureStack-User-3f2a9c64-8d1b-4c57-9b7e-5a1f0c8e2d43",
    portal: "portal.local.azurestack.external",
};

pub(crate) static BLEU: Facts = Facts {
    name: "bleu",
    authority: Authority::Entra,
    login: "login.sovcloud-identity.fr",
    login_aliases: &[],
    vault_suffix: "vault.sovcloud-api.fr",
    resource_manager: "management.sovcloud-api.fr",
    management: &[
        "https://management.sovcloud-api.fr",
        "https://management.core.sovcloud-api.fr",
    ],
    storage_suffix: "core.sovcloud-api.fr",
    graph: "graph.svc.sovcloud.fr",
    directory_graph: "graph.svc.sovcloud.fr",
    instance: "sovcloud-identity.fr",
    region_scope: "EU",
    vault_region: "francecentral",
    metadata_name: "AzureBleuCloud",
    portal: "portal.sovcloud-azure.fr",
};

pub(crate) static CHINA: Facts = Facts {
    name: "china",
    authority: Authority::Entra,
    login: "login.partner.microsoftonline.cn",
    login_aliases: &["login.chinacloudapi.cn"],
    vault_suffix: "vault.azure.cn",
    resource_manager: "management.chinacloudapi.cn",
    management: &[
        "https://management.core.chinacloudapi.cn",
        "https://management.chinacloudapi.cn",
    ],
    storage_suffix: "core.chinacloudapi.cn",
    graph: "microsoftgraph.chinacloudapi.cn",
    directory_graph: "graph.chinacloudapi.cn",
    instance: "partner.microsoftonline.cn",
    region_scope: "AS",
    vault_region: "chinaeast2",
    metadata_name: "AzureChinaCloud",
    portal: "portal.azure.cn",
};

pub(crate) static DELOS: Facts = Facts {
    name: "delos",
    authority: Authority::Entra,
    login: "login.sovcloud-identity.de",
    login_aliases: &[],
    vault_suffix: "vault.sovcloud-api.de",
    resource_manager: "management.sovcloud-api.de",
    management: &[
        "https://management.core.sovcloud-api.de",
        "https://management.sovcloud-api.de",
    ],
    storage_suffix: "core.sovcloud-api.de",
    graph: "graph.svc.sovcloud.de",
    directory_graph: "graph.svc.sovcloud.de",
    instance: "sovcloud-identity.de",
    region_scope: "EU",
    vault_region: "germanynorth",
    metadata_name: "AzureDelosCloud",
    portal: "portal.sovcloud-azure.de",
};

pub(crate) static GERMANY: Facts = Facts {
    name: "germany",
    authority: Authority::Entra,
    login: "login.microsoftonline.de",
    login_aliases: &[],
    vault_suffix: "vault.microsoftazure.de",
    resource_manager: "management.microsoftazure.de",
    management: &[
        "https://management.core.cloudapi.de",
        "https://management.microsoftazure.de",
    ],
    storage_suffix: "core.cloudapi.de",
    graph: "graph.microsoft.de",
    directory_graph: "graph.cloudapi.de",
    instance: "microsoftonline.de",
    region_scope: "EU",
    vault_region: "germanycentral",
    metadata_name: "AzureGermanCloud",
    portal: "portal.microsoftazure.de",
};

pub(crate) static PRIVATE: Facts = Facts {
    name: "private",
    authority: Authority::Entra,
    login: "login.plant7.example",
    login_aliases: &[],
    vault_suffix: "vault.local.plant7.example",
    resource_manager: "management.local.plant7.example",
    management: &["https://management.local.plant7.example"],
    storage_suffix: "local.plant7.example",
    graph: "graph.plant7.example",
    directory_graph: "graph.plant7.example",
    instance: "plant7.example",
    region_scope: "EU",
    vault_region: "local",
    metadata_name: "Plant7Cloud",
    portal: "portal.local.plant7.example",
};

pub(crate) static PUBLIC: Facts = Facts {
    name: "public",
    authority: Authority::Entra,
    login: "login.microsoftonline.com",
    login_aliases: &["login.windows.net", "login.microsoft.com"],
    vault_suffix: "vault.azure.net",
    resource_manager: "management.azure.com",
    management: &[
        "https://management.core.windows.net",
        "https://management.azure.com",
    ],
    storage_suffix: "core.windows.net",
    graph: "graph.microsoft.com",
    directory_graph: "graph.windows.net",
    instance: "microsoftonline.com",
    region_scope: "NA",
    vault_region: "westeurope",
    metadata_name: "AzureCloud",
    portal: "portal.azure.com",
};

pub(crate) static US_GOV: Facts = Facts {
    name: "usgov",
    authority: Authority::Entra,
    login: "login.microsoftonline.us",
    login_aliases: &["login.usgovcloudapi.net"],
    vault_suffix: "vault.usgovcloudapi.net",
    resource_manager: "management.usgovcloudapi.net",
    management: &[
        "https://management.core.usgovcloudapi.net",
        "https://management.usgovcloudapi.net",
    ],
    storage_suffix: "core.usgovcloudapi.net",
    graph: "graph.microsoft.us",
    directory_graph: "graph.windows.net",
    instance: "microsoftonline.us",
    region_scope: "USGov",
    vault_region: "usgovvirginia",
    metadata_name: "AzureUSGovernment",
    portal: "portal.azure.us",
};

pub(crate) static US_NAT: Facts = Facts {
    name: "usnat",
    authority: Authority::Entra,
    login: "login.microsoftonline.eaglex.ic.gov",
    login_aliases: &[],
    vault_suffix: "vault.cloudapi.eaglex.ic.gov",
    resource_manager: "management.azure.eaglex.ic.gov",
    management: &["https://management.azure.eaglex.ic.gov"],
    storage_suffix: "core.eaglex.ic.gov",
    graph: "graph.eaglex.ic.gov",
    directory_graph: "graph.cloudapi.eaglex.ic.gov",
    instance: "microsoftonline.eaglex.ic.gov",
    region_scope: "USNat",
    vault_region: "usnatwest",
    metadata_name: "USNat",
    portal: "portal.azure.eaglex.ic.gov",
};

pub(crate) static US_SEC: Facts = Facts {
    name: "ussec",
    authority: Authority::Entra,
    login: "login.microsoftonline.microsoft.scloud",
    login_aliases: &[],
    vault_suffix: "vault.cloudapi.microsoft.scloud",
    resource_manager: "management.azure.microsoft.scloud",
    management: &[
        "https://management.azure.microsoft.scloud",
        "https://management.core.microsoft.scloud",
    ],
    storage_suffix: "core.microsoft.scloud",
    graph: "graph.microsoft.scloud",
    directory_graph: "graph.cloudapi.microsoft.scloud",
    instance: "microsoftonline.microsoft.scloud",
    region_scope: "USSec",
    vault_region: "usseceast",
    metadata_name: "USSec",
    portal: "portal.azure.microsoft.scloud",
};
