//! The table against what is published, written out a second time (protocol notes 1.1 to 1.5).

use super::*;
use crate::cloud::{preset_of_authority, preset_of_vault_suffix, Cloud, Protocol};
use crate::name::HostName;

/// Name, authority, its other hosts, vaults, HSMs, storage.
type Services = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const SERVICES: [Services; 9] = [
    (
        "public",
        "login.microsoftonline.com",
        "login.windows.net login.microsoft.com sts.windows.net",
        "vault.azure.net",
        "managedhsm.azure.net",
        "core.windows.net",
    ),
    (
        "china",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
        "vault.azure.cn",
        "managedhsm.azure.cn",
        "core.chinacloudapi.cn",
    ),
    (
        "usgov",
        "login.microsoftonline.us",
        "login.usgovcloudapi.net login-us.microsoftonline.com",
        "vault.usgovcloudapi.net",
        "managedhsm.usgovcloudapi.net",
        "core.usgovcloudapi.net",
    ),
    (
        "bleu",
        "login.sovcloud-identity.fr",
        "",
        "vault.sovcloud-api.fr",
        "managedhsm.sovcloud-api.fr",
        "core.sovcloud-api.fr",
    ),
    (
        "delos",
        "login.sovcloud-identity.de",
        "",
        "vault.sovcloud-api.de",
        "managedhsm.sovcloud-api.de",
        "core.sovcloud-api.de",
    ),
    (
        "govsg",
        "login.sovcloud-identity.sg",
        "",
        "",
        "",
        "core.sovcloud-api.sg",
    ),
    (
        "ussec",
        "login.microsoftonline.microsoft.scloud",
        "",
        "vault.cloudapi.microsoft.scloud",
        "",
        "core.microsoft.scloud",
    ),
    (
        "usnat",
        "login.microsoftonline.eaglex.ic.gov",
        "",
        "vault.cloudapi.eaglex.ic.gov",
        "",
        "core.eaglex.ic.gov",
    ),
    (
        "germany",
        "login.microsoftonline.de",
        "",
        "vault.microsoftazure.de",
        "managedhsm.microsoftazure.de",
        "core.cloudapi.de",
    ),
];

/// Name, Resource Manager and its audience, Microsoft Graph, audience of federated tokens.
const MANAGEMENT: [(&str, &str, &str, &str, &str); 9] = [
    (
        "public",
        "management.azure.com",
        "https://management.core.windows.net/",
        "graph.microsoft.com",
        "api://AzureADTokenExchange",
    ),
    (
        "china",
        "management.chinacloudapi.cn",
        "https://management.core.chinacloudapi.cn/",
        "microsoftgraph.chinacloudapi.cn",
        "api://AzureADTokenExchangeChina",
    ),
    (
        "usgov",
        "management.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net/",
        "graph.microsoft.us",
        "api://AzureADTokenExchangeUSGov",
    ),
    (
        "bleu",
        "management.sovcloud-api.fr",
        "https://management.sovcloud-api.fr/",
        "graph.svc.sovcloud.fr",
        "api://AzureADTokenExchangeFrance",
    ),
    (
        "delos",
        "management.sovcloud-api.de",
        "https://management.core.sovcloud-api.de/",
        "graph.svc.sovcloud.de",
        "api://AzureADTokenExchangeGermany",
    ),
    (
        "govsg",
        "",
        "",
        "graph.svc.sovcloud.sg",
        "api://AzureADTokenExchangeGovSG",
    ),
    (
        "ussec",
        "management.azure.microsoft.scloud",
        "https://management.azure.microsoft.scloud/",
        "graph.cloudapi.microsoft.scloud",
        "api://AzureADTokenExchangeUSSec",
    ),
    (
        "usnat",
        "management.azure.eaglex.ic.gov",
        "https://management.azure.eaglex.ic.gov/",
        "graph.cloudapi.eaglex.ic.gov",
        "api://AzureADTokenExchangeUSNat",
    ),
    (
        "germany",
        "management.microsoftazure.de",
        "https://management.core.cloudapi.de/",
        "graph.microsoft.de",
        "",
    ),
];

#[test]
fn every_row_is_as_published() {
    assert_eq!(PRESETS.len(), SERVICES.len());
    for (preset, row) in PRESETS.iter().zip(SERVICES) {
        let found = (
            preset.name,
            preset.authority,
            &*preset.aliases.join(" "),
            preset.vault_suffix.unwrap_or_default(),
            preset.hsm_suffix.unwrap_or_default(),
            preset.storage_suffix,
        );
        assert_eq!(found, row);
    }
    for (preset, row) in PRESETS.iter().zip(MANAGEMENT) {
        let found = (
            preset.name,
            preset.resource_manager.unwrap_or_default(),
            preset.resource_manager_audience.unwrap_or_default(),
            preset.graph.unwrap_or_default(),
            preset.federated_audience.unwrap_or_default(),
        );
        assert_eq!(found, row);
    }
    let retired: Vec<_> = PRESETS.iter().map(|preset| preset.retired).collect();
    assert_eq!(retired.iter().flatten().count(), 1);
    assert_eq!(Preset::find("germany").unwrap().retired, Some("2021-10-29"));
}

#[test]
fn a_preset_makes_a_cloud_with_all_its_facts() {
    for (services, management) in SERVICES.iter().zip(MANAGEMENT) {
        let (name, authority, aliases, vaults, _, storage) = *services;
        let (_, manager, manager_audience, graph, federated) = management;
        if vaults.is_empty() {
            let problem = Cloud::preset(name).unwrap_err();
            assert!(problem.0.contains("vault_suffix"), "{problem}");
            continue;
        }
        let cloud = Cloud::preset(name).unwrap();
        let host = |name: &Option<HostName>| name.as_ref().map(HostName::to_string);
        assert_eq!(cloud.name, name);
        assert_eq!(cloud.authority.as_str(), authority);
        assert_eq!(cloud.protocol, Protocol::Entra);
        for host in aliases.split_whitespace().chain([authority]) {
            assert!(cloud.is_authority(host), "{host}");
            assert_eq!(preset_of_authority(host).unwrap().name, name);
        }
        assert_eq!(cloud.vault_suffix.as_str(), vaults);
        assert_eq!(preset_of_vault_suffix(vaults).unwrap().name, name);
        assert_eq!(cloud.vault_audience, format!("https://{vaults}"));
        assert_eq!(host(&cloud.storage_suffix).unwrap(), storage);
        assert_eq!(
            cloud.storage_audience.unwrap(),
            "https://storage.azure.com/"
        );
        assert_eq!(host(&cloud.resource_manager).unwrap(), manager);
        assert_eq!(cloud.resource_manager_audience.unwrap(), manager_audience);
        assert_eq!(host(&cloud.graph).unwrap(), graph);
        assert_eq!(cloud.federated_audience.unwrap_or_default(), federated);
    }
}

#[test]
fn names_of_other_tools_are_taken_in_any_case() {
    for (tool, names) in [
        (
            "azure-cli and Az PowerShell",
            &[
                ("AzureCloud", "public"),
                ("AzureChinaCloud", "china"),
                ("AzureUSGovernment", "usgov"),
                ("AzureGermanCloud", "germany"),
                ("AzureBleuCloud", "bleu"),
                ("azuredeloscloud", "delos"),
                ("USSec", "ussec"),
                ("USNat", "usnat"),
            ][..],
        ),
        (
            "autorest, Kubernetes and the instance metadata",
            &[
                ("AzurePublicCloud", "public"),
                ("AZUREPUBLICCLOUD", "public"),
                ("AZURECLOUD", "public"),
                ("AZURECHINACLOUD", "china"),
                ("AzureUSGovernmentCloud", "usgov"),
                ("AZUREUSGOVERNMENT", "usgov"),
                ("AZUREGERMANCLOUD", "germany"),
            ],
        ),
        (
            "msrestazure",
            &[
                ("AZURE_PUBLIC_CLOUD", "public"),
                ("AZURE_CHINA_CLOUD", "china"),
                ("AZURE_US_GOV_CLOUD", "usgov"),
                ("AZURE_GERMAN_CLOUD", "germany"),
            ],
        ),
        (
            "azure-identity",
            &[
                ("AZURE_CHINA", "china"),
                ("AZURE_GERMANY", "germany"),
                ("AZURE_GOVERNMENT", "usgov"),
                ("AzureChina", "china"),
                ("AzureGovernment", "usgov"),
                ("AzureGermany", "germany"),
            ],
        ),
        (
            "MSAL",
            &[("AzurePublic", "public"), ("AzureUsGovernment", "usgov")],
        ),
        (
            "Azure for Java",
            &[("AZURE", "public"), ("AZURE_US_GOVERNMENT", "usgov")],
        ),
        (
            "Terraform",
            &[
                ("public", "public"),
                ("usgovernment", "usgov"),
                ("china", "china"),
                ("german", "germany"),
            ],
        ),
        (
            "Microsoft Graph PowerShell",
            &[
                ("Global", "public"),
                ("USGov", "usgov"),
                ("China", "china"),
                ("Germany", "germany"),
                ("BleuCloud", "bleu"),
                ("DelosCloud", "delos"),
                ("GovSGCloud", "govsg"),
            ],
        ),
    ] {
        for (name, expected) in names {
            for name in [(*name).to_owned(), name.to_lowercase(), name.to_uppercase()] {
                let found = Preset::find(&name).map(|preset| preset.name);
                assert_eq!(found, Some(*expected), "{tool}: {name}");
            }
        }
    }
    for unknown in ["", "azure cloud", "AzureStackCloud", "AzureCloud ", "mars"] {
        assert!(Preset::find(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn no_name_is_that_of_two_clouds() {
    let mut names: Vec<String> = Vec::new();
    for preset in &PRESETS {
        let all = std::iter::once(&preset.name).chain(preset.also_called);
        names.extend(all.map(|name| name.to_lowercase()));
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
