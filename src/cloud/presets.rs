//! The table of national clouds (protocol notes 1.1 to 1.5).

/// One national cloud, as published.
#[derive(Debug)]
pub struct Preset {
    /// The name in a configuration.
    pub name: &'static str,
    /// Who runs it and for whom.
    pub title: &'static str,
    /// Preferred token host.
    pub authority: &'static str,
    /// Other hosts of the same authority.
    pub aliases: &'static [&'static str],
    /// Resource Manager, where known.
    pub resource_manager: Option<&'static str>,
    /// Audience of Resource Manager tokens, as the cloud's own tools ask for it.
    pub resource_manager_audience: Option<&'static str>,
    /// What vault hosts end in; the audience is `https://` and this.
    pub vault_suffix: Option<&'static str>,
    /// What Managed HSM hosts end in.
    pub hsm_suffix: Option<&'static str>,
    /// What storage hosts end in, behind `blob.`.
    pub storage_suffix: &'static str,
    /// Audience of storage tokens, where attested.
    pub storage_audience: Option<&'static str>,
    /// Microsoft Graph, where known.
    pub graph: Option<&'static str>,
    /// Audience that a federated credential's token must have.
    pub federated_audience: Option<&'static str>,
    /// Since when nobody runs it any more.
    pub retired: Option<&'static str>,
}

const STORAGE: Option<&str> = Some("https://storage.azure.com/");

/// All presets, in the order in which `keyferry clouds` shows them.
pub const PRESETS: [Preset; 9] = [
    Preset {
        name: "public",
        title: "Azure",
        authority: "login.microsoftonline.com",
        aliases: &[
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
        resource_manager: Some("management.azure.com"),
        resource_manager_audience: Some("https://management.core.windows.net/"),
        vault_suffix: Some("vault.azure.net"),
        hsm_suffix: Some("managedhsm.azure.net"),
        storage_suffix: "core.windows.net",
        storage_audience: STORAGE,
        graph: Some("graph.microsoft.com"),
        federated_audience: Some("api://AzureADTokenExchange"),
        retired: None,
    },
    Preset {
        name: "china",
        title: "Azure operated by 21Vianet",
        authority: "login.partner.microsoftonline.cn",
        aliases: &["login.chinacloudapi.cn"],
        resource_manager: Some("management.chinacloudapi.cn"),
        resource_manager_audience: Some("https://management.core.chinacloudapi.cn/"),
        vault_suffix: Some("vault.azure.cn"),
        hsm_suffix: Some("managedhsm.azure.cn"),
        storage_suffix: "core.chinacloudapi.cn",
        storage_audience: STORAGE,
        graph: Some("microsoftgraph.chinacloudapi.cn"),
        federated_audience: Some("api://AzureADTokenExchangeChina"),
        retired: None,
    },
    Preset {
        name: "usgov",
        title: "Azure US Government",
        authority: "login.microsoftonline.us",
        aliases: &["login.usgovcloudapi.net", "login-us.microsoftonline.com"],
        resource_manager: Some("management.usgovcloudapi.net"),
        resource_manager_audience: Some("https://management.core.usgovcloudapi.net/"),
        vault_suffix: Some("vault.usgovcloudapi.net"),
        hsm_suffix: Some("managedhsm.usgovcloudapi.net"),
        storage_suffix: "core.usgovcloudapi.net",
        storage_audience: STORAGE,
        graph: Some("graph.microsoft.us"),
        federated_audience: Some("api://AzureADTokenExchangeUSGov"),
        retired: None,
    },
    Preset {
        name: "bleu",
        title: "Bleu, France",
        authority: "login.sovcloud-identity.fr",
        aliases: &[],
        resource_manager: Some("management.sovcloud-api.fr"),
        resource_manager_audience: Some("https://management.sovcloud-api.fr/"),
        vault_suffix: Some("vault.sovcloud-api.fr"),
        hsm_suffix: Some("managedhsm.sovcloud-api.fr"),
        storage_suffix: "core.sovcloud-api.fr",
        storage_audience: None,
        graph: Some("graph.svc.sovcloud.fr"),
        federated_audience: Some("api://AzureADTokenExchangeFrance"),
        retired: None,
    },
    Preset {
        name: "delos",
        title: "Delos, Germany",
        authority: "login.sovcloud-identity.de",
        aliases: &[],
        resource_manager: Some("management.sovcloud-api.de"),
        resource_manager_audience: Some("https://management.core.sovcloud-api.de/"),
        vault_suffix: Some("vault.sovcloud-api.de"),
        hsm_suffix: Some("managedhsm.sovcloud-api.de"),
        storage_suffix: "core.sovcloud-api.de",
        storage_audience: None,
        graph: Some("graph.svc.sovcloud.de"),
        federated_audience: Some("api://AzureADTokenExchangeGermany"),
        retired: None,
    },
    Preset {
        name: "govsg",
        title: "GovSG, Singapore",
        authority: "login.sovcloud-identity.sg",
        aliases: &[],
        resource_manager: None,
        resource_manager_audience: None,
        vault_suffix: None,
        hsm_suffix: None,
        storage_suffix: "core.sovcloud-api.sg",
        storage_audience: None,
        graph: Some("graph.svc.sovcloud.sg"),
        federated_audience: Some("api://AzureADTokenExchangeGovSG"),
        retired: None,
    },
    Preset {
        name: "ussec",
        title: "Azure Government Secret",
        authority: "login.microsoftonline.microsoft.scloud",
        aliases: &[],
        resource_manager: Some("management.azure.microsoft.scloud"),
        resource_manager_audience: Some("https://management.azure.microsoft.scloud/"),
        vault_suffix: Some("vault.cloudapi.microsoft.scloud"),
        hsm_suffix: None,
        storage_suffix: "core.microsoft.scloud",
        storage_audience: None,
        graph: Some("graph.cloudapi.microsoft.scloud"),
        federated_audience: Some("api://AzureADTokenExchangeUSSec"),
        retired: None,
    },
    Preset {
        name: "usnat",
        title: "Azure Government Top Secret",
        authority: "login.microsoftonline.eaglex.ic.gov",
        aliases: &[],
        resource_manager: Some("management.azure.eaglex.ic.gov"),
        resource_manager_audience: Some("https://management.azure.eaglex.ic.gov/"),
        vault_suffix: Some("vault.cloudapi.eaglex.ic.gov"),
        hsm_suffix: None,
        storage_suffix: "core.eaglex.ic.gov",
        storage_audience: None,
        graph: Some("graph.cloudapi.eaglex.ic.gov"),
        federated_audience: Some("api://AzureADTokenExchangeUSNat"),
        retired: None,
    },
    Preset {
        name: "germany",
        title: "Azure Germany (Deutsche Telekom)",
        authority: "login.microsoftonline.de",
        aliases: &[],
        resource_manager: Some("management.microsoftazure.de"),
        resource_manager_audience: Some("https://management.core.cloudapi.de/"),
        vault_suffix: Some("vault.microsoftazure.de"),
        hsm_suffix: Some("managedhsm.microsoftazure.de"),
        storage_suffix: "core.cloudapi.de",
        storage_audience: STORAGE,
        graph: Some("graph.microsoft.de"),
        federated_audience: None,
        retired: Some("2021-10-29"),
    },
];
