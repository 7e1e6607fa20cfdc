//! The table of national clouds (protocol notes 1.1 to 1.5).

/// One national cloud, as published.
#[derive(Debug)]
pub struct Preset {
    /// The name in a configuration.
    pub name: &'static str,
    /// What other tools call it; taken as its name too.
    pub also_called: &'static [&'static str],
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
    /// Microsoft Graph, where known.
    pub graph: Option<&'static str>,
    /// Audience that a federated credential's token must have.
    pub federated_audience: Option<&'static str>,
    /// What the first domain of a tenant here ends in, where tenants elsewhere have another.
    pub tenant_domain: Option<&'static str>,
    /// Since when nobody runs it any more.
    pub retired: Option<&'static str>,
}

/// Audience of storage tokens: attested for the public cloud, China, US Government and the
/// German cloud of old; the service is the same in the others (protocol notes 1.4).
pub const STORAGE_AUDIENCE: &str = "https://storage.azure.com/";

/// All presets, in the order in which `keyferry clouds` shows them.
pub static PRESETS: [Preset; 9] = [
    Preset {
        name: "public",
        also_called: &[
            "AzureCloud",
            "AzurePublicCloud",
            "AZURE_PUBLIC_CLOUD",
            "AzurePublic",
            "Azure",
            "Global",
        ],
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
        graph: Some("graph.microsoft.com"),
        federated_audience: Some("api://AzureADTokenExchange"),
        tenant_domain: None,
        retired: None,
    },
    Preset {
        name: "china",
        also_called: &[
            "AzureChinaCloud",
            "AZURE_CHINA_CLOUD",
            "AzureChina",
            "AZURE_CHINA",
            "ChinaCloud",
        ],
        title: "Azure operated by 21Vianet",
        authority: "login.partner.microsoftonline.cn",
        aliases: &["login.chinacloudapi.cn"],
        resource_manager: Some("management.chinacloudapi.cn"),
        resource_manager_audience: Some("https://management.core.chinacloudapi.cn/"),
        vault_suffix: Some("vault.azure.cn"),
        hsm_suffix: Some("managedhsm.azure.cn"),
        storage_suffix: "core.chinacloudapi.cn",
        graph: Some("microsoftgraph.chinacloudapi.cn"),
        federated_audience: Some("api://AzureADTokenExchangeChina"),
        tenant_domain: Some("partner.onmschina.cn"),
        retired: None,
    },
    Preset {
        name: "usgov",
        also_called: &[
            "AzureUSGovernment",
            "AzureUSGovernmentCloud",
            "AZURE_US_GOVERNMENT",
            "AZURE_US_GOVERNMENT_CLOUD",
            "AZURE_US_GOV_CLOUD",
            "AzureGovernment",
            "AZURE_GOVERNMENT",
            "AzureUSGov",
            "USGovernment",
            "USGovCloud",
        ],
        title: "Azure US Government",
        authority: "login.microsoftonline.us",
        aliases: &["login.usgovcloudapi.net", "login-us.microsoftonline.com"],
        resource_manager: Some("management.usgovcloudapi.net"),
        resource_manager_audience: Some("https://management.core.usgovcloudapi.net/"),
        vault_suffix: Some("vault.usgovcloudapi.net"),
        hsm_suffix: Some("managedhsm.usgovcloudapi.net"),
        storage_suffix: "core.usgovcloudapi.net",
        graph: Some("graph.microsoft.us"),
        federated_audience: Some("api://AzureADTokenExchangeUSGov"),
        tenant_domain: Some("onmicrosoft.us"),
        retired: None,
    },
    Preset {
        name: "bleu",
        also_called: &[
            "AzureBleuCloud",
            "AZURE_BLEU_CLOUD",
            "AzureBleu",
            "BleuCloud",
        ],
        title: "Bleu, France",
        authority: "login.sovcloud-identity.fr",
        aliases: &[],
        resource_manager: Some("management.sovcloud-api.fr"),
        resource_manager_audience: Some("https://management.sovcloud-api.fr/"),
        vault_suffix: Some("vault.sovcloud-api.fr"),
        hsm_suffix: Some("managedhsm.sovcloud-api.fr"),
        storage_suffix: "core.sovcloud-api.fr",
        graph: Some("graph.svc.sovcloud.fr"),
        federated_audience: Some("api://AzureADTokenExchangeFrance"),
        tenant_domain: None,
        retired: None,
    },
    Preset {
        name: "delos",
        also_called: &[
            "AzureDelosCloud",
            "AZURE_DELOS_CLOUD",
            "AzureDelos",
            "DelosCloud",
        ],
        title: "Delos, Germany",
        authority: "login.sovcloud-identity.de",
        aliases: &[],
        resource_manager: Some("management.sovcloud-api.de"),
        resource_manager_audience: Some("https://management.core.sovcloud-api.de/"),
        vault_suffix: Some("vault.sovcloud-api.de"),
        hsm_suffix: Some("managedhsm.sovcloud-api.de"),
        storage_suffix: "core.sovcloud-api.de",
        graph: Some("graph.svc.sovcloud.de"),
        federated_audience: Some("api://AzureADTokenExchangeGermany"),
        tenant_domain: None,
        retired: None,
    },
    Preset {
        name: "govsg",
        also_called: &[
            "AzureGovSGCloud",
            "AZURE_GOVSG_CLOUD",
            "AzureGovSG",
            "GovSGCloud",
        ],
        title: "GovSG, Singapore",
        authority: "login.sovcloud-identity.sg",
        aliases: &[],
        resource_manager: None,
        resource_manager_audience: None,
        vault_suffix: None,
        hsm_suffix: None,
        storage_suffix: "core.sovcloud-api.sg",
        graph: Some("graph.svc.sovcloud.sg"),
        federated_audience: Some("api://AzureADTokenExchangeGovSG"),
        tenant_domain: None,
        retired: None,
    },
    Preset {
        name: "ussec",
        also_called: &[
            "AzureUSSec",
            "AzureUSSecCloud",
            "AZURE_US_SEC_CLOUD",
            "USSecCloud",
        ],
        title: "Azure Government Secret",
        authority: "login.microsoftonline.microsoft.scloud",
        aliases: &[],
        resource_manager: Some("management.azure.microsoft.scloud"),
        resource_manager_audience: Some("https://management.azure.microsoft.scloud/"),
        vault_suffix: Some("vault.cloudapi.microsoft.scloud"),
        hsm_suffix: None,
        storage_suffix: "core.microsoft.scloud",
        graph: Some("graph.cloudapi.microsoft.scloud"),
        federated_audience: Some("api://AzureADTokenExchangeUSSec"),
        tenant_domain: None,
        retired: None,
    },
    Preset {
        name: "usnat",
        also_called: &[
            "AzureUSNat",
            "AzureUSNatCloud",
            "AZURE_US_NAT_CLOUD",
            "USNatCloud",
        ],
        title: "Azure Government Top Secret",
        authority: "login.microsoftonline.eaglex.ic.gov",
        aliases: &[],
        resource_manager: Some("management.azure.eaglex.ic.gov"),
        resource_manager_audience: Some("https://management.azure.eaglex.ic.gov/"),
        vault_suffix: Some("vault.cloudapi.eaglex.ic.gov"),
        hsm_suffix: None,
        storage_suffix: "core.eaglex.ic.gov",
        graph: Some("graph.cloudapi.eaglex.ic.gov"),
        federated_audience: Some("api://AzureADTokenExchangeUSNat"),
        tenant_domain: None,
        retired: None,
    },
    Preset {
        name: "germany",
        also_called: &[
            "AzureGermanCloud",
            "AZURE_GERMAN_CLOUD",
            "AzureGermanyCloud",
            "AZURE_GERMANY_CLOUD",
            "AzureGermany",
            "AZURE_GERMANY",
            "German",
        ],
        title: "Azure Germany (Deutsche Telekom)",
        authority: "login.microsoftonline.de",
        aliases: &[],
        resource_manager: Some("management.microsoftazure.de"),
        resource_manager_audience: Some("https://management.core.cloudapi.de/"),
        vault_suffix: Some("vault.microsoftazure.de"),
        hsm_suffix: Some("managedhsm.microsoftazure.de"),
        storage_suffix: "core.cloudapi.de",
        graph: Some("graph.microsoft.de"),
        federated_audience: None,
        tenant_domain: Some("onmicrosoft.de"),
        retired: Some("2021-10-29"),
    },
];

impl Preset {
    /// The preset of this name, its own or another tool's, without regard to case.
    pub fn find(name: &str) -> Option<&'static Self> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        PRESETS
            .iter()
            .find(|preset| is(preset.name) || preset.also_called.iter().any(|name| is(name)))
    }

    /// All hosts of its authority, the preferred one first.
    pub fn authorities(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.authority).chain(self.aliases.iter().copied())
    }
}

#[cfg(test)]
mod tests;
