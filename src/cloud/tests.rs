//! What a cloud is made of, and whose a vault or an authority is.

use super::*;

#[test]
fn every_preset_parses_but_those_that_lack_a_fact() {
    for preset in &PRESETS {
        assert_eq!(
            Cloud::preset(preset.name).is_ok(),
            preset.vault_suffix.is_some(),
            "{}",
            preset.name
        );
    }
    assert!(Cloud::preset("USGov").is_ok());
    assert!(Cloud::preset("mars").is_err());
}

#[test]
fn a_vault_stays_in_its_cloud() {
    let cloud = Cloud::preset("usgov").unwrap();
    let host = "factory7-edge.vault.usgovcloudapi.net";
    for good in [
        "factory7-edge",
        "https://factory7-edge.vault.usgovcloudapi.net",
        "https://FACTORY7-edge.vault.usgovcloudapi.net/",
    ] {
        assert_eq!(cloud.vault(good).unwrap().as_str(), host, "{good}");
    }
    for bad in [
        "ab",
        "-abc",
        "http://factory7-edge.vault.usgovcloudapi.net",
        "https://factory7-edge.vault.usgovcloudapi.net:444",
        "https://factory7-edge.vault.usgovcloudapi.net/secrets",
        "https://factory7-edge.vault.azure.net",
        "https://vault.usgovcloudapi.net",
        "https://evilvault.usgovcloudapi.net",
        "https://a.b.vault.usgovcloudapi.net",
        "https://abc.vault.usgovcloudapi.net.evil.org",
        "https://user@abc.vault.usgovcloudapi.net",
        "https://abc.managedhsm.usgovcloudapi.net",
    ] {
        assert!(cloud.vault(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_tenant_of_another_cloud_is_told_by_its_domain_or_by_the_authority() {
    let usgov = Cloud::preset("usgov").unwrap();
    for (tenant, said, home) in [
        ("contoso.partner.onmschina.cn", "", Some("china")),
        ("contoso.onmicrosoft.de", "", Some("germany")),
        ("contoso.onmicrosoft.us", "", None),
        ("contoso.onmicrosoft.com", "", None),
        ("onmicrosoft.de", "", None),
        (
            "contoso.com",
            "Tenant 'contoso.com' request is being redirected to the National Cloud 'MicrosoftOnline.COM'.",
            Some("public"),
        ),
        ("contoso.com", "'microsoftonline.us' does not federate", None),
        ("contoso.com", "belongs to 'partner.microsoftonline.cn', this is 'microsoftonline.us'", Some("china")),
        ("contoso.com", "it's microsoftonline.com's", None),
    ] {
        assert_eq!(usgov.home_elsewhere(tenant, said), home, "{tenant} {said}");
    }
}

#[test]
fn only_what_is_published_of_a_cloud_comes_with_its_authority() {
    let host = |name| HostName::parse(name).unwrap();
    let at = |authority, suffix| Cloud::at(host(authority), Protocol::Entra, host(suffix));
    let singapore = at("login.sovcloud-identity.sg", "vault.example.sg");
    assert_eq!(singapore.name, "govsg");
    assert_eq!(singapore.storage_suffix, Some(host("core.sovcloud-api.sg")));
    // A stamp that signs in at the public cloud has none of its services.
    let stamp = at("login.windows.net", "vault.local.azurestack.external");
    assert_eq!(stamp.name, "login.windows.net");
    assert!(stamp.is_authority("login.microsoftonline.com"));
    assert_eq!(stamp.graph, Some(host("graph.microsoft.com")));
    assert_eq!(stamp.storage_suffix, None);
    assert_eq!(stamp.resource_manager, None);
    let unknown = at("login.example.org", "vault.example.org");
    assert!(unknown.aliases.is_empty() && unknown.graph.is_none());
}

#[test]
fn changes_are_those_that_send_a_credential_elsewhere() {
    let host = |name| HostName::parse(name).unwrap();
    let before = Cloud::at(host("adfs.x.y"), Protocol::AdFs, host("vault.x.y"));
    let changed = |change: fn(&mut Cloud)| {
        let mut now = before.clone();
        change(&mut now);
        before.changes(&now)
    };
    let named: fn(&mut Cloud) = |now| now.name = "other".to_owned();
    assert_eq!(changed(named), None);
    let audience: fn(&mut Cloud) = |now| now.resource_manager_audience = Some("x".to_owned());
    assert_eq!(changed(audience), None);
    type Change = fn(&mut Cloud);
    let elsewhere: [(Change, &str); 7] = [
        (
            |now| now.authority = HostName::parse("adfs.evil.y").unwrap(),
            "login host adfs.x.y/adfs, now adfs.evil.y/adfs",
        ),
        (
            |now| now.protocol = Protocol::Entra,
            "login host adfs.x.y/adfs, now adfs.x.y",
        ),
        (
            |now| now.vault_suffix = HostName::parse("vault.evil.y").unwrap(),
            "vault suffix vault.x.y, now vault.evil.y",
        ),
        (
            |now| now.vault_audience = "https://evil.y".to_owned(),
            "vault audience vault.x.y, now evil.y",
        ),
        (
            |now| now.storage_suffix = HostName::parse("evil.y").ok(),
            "storage suffix none, now evil.y",
        ),
        (
            |now| now.storage_audience = Some("https://evil.y/".to_owned()),
            "storage audience none, now evil.y/",
        ),
        (
            |now| now.graph = HostName::parse("evil.y").ok(),
            "Microsoft Graph none, now evil.y",
        ),
    ];
    for (change, told) in elsewhere {
        assert_eq!(changed(change).as_deref(), Some(told));
    }
}

#[test]
fn a_vault_of_another_cloud_is_named() {
    let problem = Cloud::preset("usgov")
        .unwrap()
        .vault("https://abc.vault.azure.cn")
        .unwrap_err();
    assert!(problem.0.contains("\"china\""), "{problem}");
}
