//! Every form in which a cloud has described itself, as published or captured (protocol
//! notes 2.2), and what is refused.

use super::*;

/// What the Resource Manager at `host` says is read to.
fn told(document: &str, host: &str) -> Result<Cloud, Invalid> {
    read(document.as_bytes(), &HostName::parse(host).unwrap(), None)
}

fn problem(document: &str) -> String {
    told(document, STACK).unwrap_err().0
}

/// Authority, vault suffix, storage suffix, audience of the Resource Manager.
fn facts(cloud: &Cloud) -> [String; 4] {
    let storage = cloud.storage_suffix.as_ref().map(HostName::to_string);
    [
        cloud.authority_url(),
        cloud.vault_suffix.to_string(),
        storage.unwrap_or_default(),
        cloud.resource_manager_audience.clone().unwrap_or_default(),
    ]
}

#[test]
fn every_form_of_the_years_is_read() {
    let list = format!("[{PUBLIC_ENTRY},{CHINA_ENTRY},{USGOV_ENTRY}]");
    let wrapped = format!("{{\"value\":{list}}}");
    let usgov = [
        "https://login.microsoftonline.us",
        "vault.usgovcloudapi.net",
        "core.usgovcloudapi.net",
        "https://management.core.usgovcloudapi.net",
    ];
    let ad_fs = [
        "https://adfs.local.azurestack.external/adfs",
        "vault.local.azurestack.external",
        "local.azurestack.external",
        "https://management.adfs.azurestack.local/1234567890",
    ];
    let with_public_login = [
        "https://login.microsoftonline.com",
        "vault.local.azurestack.external",
        "local.azurestack.external",
        "https://contoso.onmicrosoft.com/4de154de-f8a8-4017-af41-df619da68155",
    ];
    for (form, document, host, expected) in [
        ("2015, flat", FLAT, STACK, with_public_login),
        ("2019, a list", &list, "management.usgovcloudapi.net", usgov),
        (
            "a list as value",
            &wrapped,
            "management.usgovcloudapi.net",
            usgov,
        ),
        (
            "2022, one object",
            USGOV_ENTRY,
            "management.usgovcloudapi.net",
            usgov,
        ),
        ("2019, a stamp with AD FS", AD_FS, STACK, ad_fs),
        (
            "one in a list as value",
            &format!("{{\"value\":{AD_FS}}}"),
            STACK,
            ad_fs,
        ),
        (
            "a byte order mark",
            &format!("\u{feff}{AD_FS}"),
            STACK,
            ad_fs,
        ),
        (
            "names in another case",
            &AD_FS
                .replace("loginEndpoint", "LoginEndPoint")
                .replace("suffixes", "Suffixes"),
            STACK,
            ad_fs,
        ),
        (
            "slashes and capitals",
            &AD_FS.replace("external/adfs", "external/ADFS/"),
            STACK,
            ad_fs,
        ),
        (
            "AD FS by its provider",
            &AD_FS.replace(
                "external/adfs\"",
                "external/\",\"identityProvider\":\"adfs\"",
            ),
            STACK,
            ad_fs,
        ),
        (
            "suffixes with dots",
            &AD_FS.replace(
                "{\"storage\":\"",
                "{\"keyVaultDns\":\".vault.local.azurestack.external\",\"storage\":\".",
            ),
            STACK,
            ad_fs,
        ),
        (
            "Bicep's casing",
            &AD_FS.replace(
                "{\"storage\"",
                "{\"keyvaultDns\":\"vault.local.azurestack.external\",\"storage\"",
            ),
            STACK,
            ad_fs,
        ),
        (
            "empty for none",
            &AD_FS.replace("{\"storage\"", "{\"keyVaultDns\":\"\",\"storage\""),
            STACK,
            ad_fs,
        ),
        (
            "no suffixes",
            &AD_FS.replace(
                ",\"suffixes\":{\"storage\":\"local.azurestack.external\"}",
                "",
            ),
            STACK,
            ad_fs,
        ),
    ] {
        let cloud = told(document, host).unwrap_or_else(|problem| panic!("{form}: {problem}"));
        assert_eq!(facts(&cloud), expected, "{form}");
        assert_eq!(cloud.name, host, "{form}");
        assert_eq!(cloud.resource_manager.unwrap().as_str(), host, "{form}");
        assert_eq!(
            cloud.vault_audience,
            format!("https://{}", expected[1]),
            "{form}"
        );
    }
}

#[test]
fn the_public_clouds_old_login_host_is_its_authority() {
    let document = PUBLIC_ENTRY.replace("login.microsoftonline.com", "login.windows.net/");
    let cloud = told(&document, "management.azure.com").unwrap();
    let mut preset = Cloud::preset("public").unwrap();
    preset.name = "management.azure.com".to_owned();
    assert_eq!(cloud, preset);
}

#[test]
fn the_flat_form_of_a_preset_has_the_presets_suffixes() {
    let document = r#"{"authentication":{"loginEndpoint":"https://login.windows.net/","audiences":["https://management.core.windows.net/"]}}"#;
    let cloud = told(document, "management.azure.com").unwrap();
    assert_eq!(facts(&cloud), facts(&Cloud::preset("public").unwrap()));
}

#[test]
fn storage_of_ad_fs_takes_the_audience_of_the_stamp() {
    let cloud = told(AD_FS, STACK).unwrap();
    assert_eq!(cloud.storage_audience, cloud.resource_manager_audience);
    let cloud = told(FLAT, STACK).unwrap();
    assert_eq!(
        cloud.storage_audience.unwrap(),
        "https://storage.azure.com/"
    );
}

#[test]
fn of_several_clouds_the_named_one_is_taken_then_the_own_one() {
    let list = format!("[{PUBLIC_ENTRY},{CHINA_ENTRY},{USGOV_ENTRY}]");
    for (host, name, authority) in [
        (
            "management.chinacloudapi.cn",
            None,
            "login.partner.microsoftonline.cn",
        ),
        (
            "management.azure.com",
            Some("AzureUSGovernment"),
            "login.microsoftonline.us",
        ),
        (
            "management.azure.com",
            Some("usgov"),
            "login.microsoftonline.us",
        ),
        (
            "management.azure.com",
            Some("factory"),
            "login.microsoftonline.com",
        ),
    ] {
        let host = HostName::parse(host).unwrap();
        let cloud = read(list.as_bytes(), &host, name).unwrap();
        assert_eq!(cloud.authority.as_str(), authority, "{host} {name:?}");
    }
    assert_eq!(
        problem(&list),
        "describes 3 clouds, and none of them is its own"
    );
}

#[test]
fn what_is_odd_is_refused_and_named() {
    let login = |text: &str| AD_FS.replace("https://adfs.local.azurestack.external/adfs", text);
    for (document, said) in [
        (String::new(), "something else than the JSON"),
        ("<html>".to_owned(), "something else than the JSON"),
        ("[]".to_owned(), "describes 0 clouds"),
        ("{}".to_owned(), "no authentication"),
        ("7".to_owned(), "no authentication"),
        ("[[]]".to_owned(), "no authentication"),
        (
            AD_FS.replace("loginEndpoint", "login"),
            "says no loginEndpoint",
        ),
        (login(""), "says no loginEndpoint"),
        (
            AD_FS.replace("\"https://adfs.local.azurestack.external/adfs\"", "7"),
            "loginEndpoint is no text",
        ),
        (
            login("http://adfs.local.azurestack.external/adfs"),
            "loginEndpoint is http://adfs",
        ),
        (
            login("https://adfs.x.y:444/adfs"),
            "loginEndpoint is https://adfs.x.y:444",
        ),
        (login("https://user@adfs.x.y/adfs"), "loginEndpoint is"),
        (login("https://adfs.x.y/adfs/ls"), "loginEndpoint is"),
        (login("https://adfs.x.y?adfs"), "loginEndpoint is"),
        (login("adfs.x.y"), "loginEndpoint is"),
        (
            login("https://a\\nb/adfs"),
            "loginEndpoint is https://a\\nb/adfs",
        ),
        (
            AD_FS.replace(
                "\"storage\":\"local.azurestack.external",
                "\"storage\":\"https://x.y",
            ),
            "storage is https://x.y",
        ),
        (
            AD_FS.replace("\"storage\"", "\"keyVaultDns\":\"com\",\"storage\""),
            "keyVaultDns is com",
        ),
        (
            AD_FS.replace("\"storage\"", "\"keyVaultDns\":[],\"storage\""),
            "keyVaultDns is no text",
        ),
        (
            AD_FS.replace("https://management.adfs", "http://management.adfs"),
            "audiences does not begin",
        ),
        (
            AD_FS.replace(
                "\"name\"",
                "\"microsoftGraphResourceId\":\"graph\",\"name\"",
            ),
            "microsoftGraphResourceId is not",
        ),
        (
            USGOV_ENTRY.replace("vault.usgovcloudapi.net", "vault.azure.cn"),
            "signs in at cloud \"usgov\" and has the vaults of cloud \"china\"",
        ),
    ] {
        let problem = problem(&document);
        assert!(problem.contains(said), "{said}: {problem}");
        assert!(!problem.contains('\n'), "{problem}");
    }
    let nameless = FLAT.as_bytes();
    for host in ["management", "management.local"] {
        let host = HostName::parse(host).unwrap();
        let problem = read(nameless, &host, None).unwrap_err();
        assert!(problem.0.contains("none follow from its name"), "{problem}");
    }
}

#[test]
fn no_bytes_bring_it_down() {
    let host = HostName::parse(STACK).unwrap();
    for document in [FLAT, AD_FS, USGOV_ENTRY] {
        for end in 0..document.len() {
            let _ = read(&document.as_bytes()[..end], &host, None);
        }
    }
    let deep = "[".repeat(100_000);
    assert!(read(deep.as_bytes(), &host, None).is_err());
}

const STACK: &str = "management.local.azurestack.external";
const FLAT: &str = r#"{"galleryEndpoint":"https://adminportal.local.azurestack.external:30015/","graphEndpoint":"https://graph.windows.net/","portalEndpoint":"https://adminportal.local.azurestack.external/","authentication":{"loginEndpoint":"https://login.windows.net/","audiences":["https://contoso.onmicrosoft.com/4de154de-f8a8-4017-af41-df619da68155"]}}"#;
const AD_FS: &str = r#"[{"authentication":{"loginEndpoint":"https://adfs.local.azurestack.external/adfs","audiences":["https://management.adfs.azurestack.local/1234567890"]},"name":"AzureStack-User-1234567890","suffixes":{"storage":"local.azurestack.external"}}]"#;
const PUBLIC_ENTRY: &str = r#"{"portal":"https://portal.azure.com","authentication":{"loginEndpoint":"https://login.microsoftonline.com","audiences":["https://management.core.windows.net/","https://management.azure.com/"],"tenant":"common","identityProvider":"AAD"},"graphAudience":"https://graph.windows.net/","graph":"https://graph.windows.net/","name":"AzureCloud","suffixes":{"azureDataLakeStoreFileSystem":"azuredatalakestore.net","acrLoginServer":"azurecr.io","keyVaultDns":"vault.azure.net","storage":"core.windows.net","mhsmDns":"managedhsm.azure.net"},"resourceManager":"https://management.azure.com/","microsoftGraphResourceId":"https://graph.microsoft.com/"}"#;
const CHINA_ENTRY: &str = r#"{"portal":"https://portal.azure.cn","authentication":{"loginEndpoint":"https://login.chinacloudapi.cn","audiences":["https://management.core.chinacloudapi.cn","https://management.chinacloudapi.cn"],"tenant":"common","identityProvider":"AAD"},"graphAudience":"https://graph.chinacloudapi.cn","name":"AzureChinaCloud","suffixes":{"acrLoginServer":"azurecr.cn","keyVaultDns":"vault.azure.cn","storage":"core.chinacloudapi.cn","azureFrontDoorEndpointSuffix":""},"resourceManager":"https://management.chinacloudapi.cn"}"#;
const USGOV_ENTRY: &str = r#"{"name":"AzureUSGovernment","authentication":{"loginEndpoint":"https://login.microsoftonline.us","audiences":["https://management.core.usgovcloudapi.net","https://management.usgovcloudapi.net"],"tenant":"common","identityProvider":"AAD"},"suffixes":{"acrLoginServer":"azurecr.us","keyVaultDns":"vault.usgovcloudapi.net","storage":"core.usgovcloudapi.net"},"resourceManager":"https://management.usgovcloudapi.net"}"#;
