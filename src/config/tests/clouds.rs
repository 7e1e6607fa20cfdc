//! `cloud`: presets by any name, facts of one's own, and clouds that tell theirs.

use super::{with_sets, Fixture};
use crate::cloud::{metadata, Cloud, Pin, Protocol};
use crate::config::{Config, LoadRequest, Outline};
use crate::disk::Root;
use crate::error::Error;
use crate::name::HostName;

/// A configuration of this cloud, its directories in the fixture.
fn fixture(cloud: &str) -> Fixture {
    let fixture = Fixture::new("");
    let top = fixture.path();
    let directories = format!(
        "\"state_directory\": \"{0}/state\", \"runtime_directory\": \"{0}/run\", \"cloud\"",
        top.display()
    );
    let files = r#"{"a": {"files": {"x": {"secret": "y"}}}}"#;
    let text = with_sets(files)
        .replacen("\"usgov\"", cloud, 1)
        .replacen("\"cloud\"", &directories, 1)
        .replacen(
            "contoso.us",
            "adfs",
            usize::from(cloud.contains("management.r.x.y")),
        );
    fixture.write("config.json", &text);
    fixture
}

fn effective_cloud(config: &Config) -> serde_json::Value {
    let effective: serde_json::Value = serde_json::from_str(&config.effective_json()).unwrap();
    effective["cloud"].clone()
}

/// What a stack with AD FS tells of itself.
pub(super) fn told() -> Cloud {
    let document = r#"{"authentication":{"loginEndpoint":"https://adfs.r.x.y/adfs","audiences":["https://management.adfs.x.y/1"]},"suffixes":{"keyVaultDns":"vault.r.x.y","storage":"r.x.y"}}"#;
    let host = HostName::parse("management.r.x.y").unwrap();
    metadata::read(document.as_bytes(), &host, None).unwrap()
}

fn pin(fixture: &Fixture, asked: i64) {
    let pin = Pin {
        cloud: told(),
        asked,
    };
    fixture.write("state/cloud.json", &pin.to_json());
}

const STACK: &str = r#"{"resource_manager": "https://management.r.x.y"}"#;

#[test]
fn names_of_other_tools_mean_the_preset() {
    for name in [
        "usgov",
        "AzureUSGovernment",
        "AZURE_US_GOV_CLOUD",
        "USGOVERNMENT",
    ] {
        let config = fixture(&format!("\"{name}\"")).load().unwrap();
        assert_eq!(effective_cloud(&config), "usgov", "{name}");
    }
    for (name, next) in [
        ("AzureUSGovermnent", "write \"usgov\""),
        (
            "AzureStackCloud",
            "write {\"resource_manager\": \"https://management.REGION.DOMAIN\"}",
        ),
        ("mars", "write one of these, or an object"),
    ] {
        let complaints = fixture(&format!("\"{name}\"")).complaints();
        assert!(
            complaints[0].contains(&format!("-> {next}")),
            "{complaints:?}"
        );
    }
}

#[test]
fn an_object_gets_what_is_published_about_its_authority_and_keeps_what_it_says() {
    let govsg = r#"{"authority": "https://login.sovcloud-identity.sg", "vault_suffix": "vault.example.sg", "resource_manager": "https://management.example.sg", "storage_audience": "https://storage.example.sg/"}"#;
    let cloud = fixture(govsg).load().unwrap().cloud;
    let host = |name: Option<HostName>| name.unwrap().to_string();
    assert_eq!(cloud.name, "govsg");
    assert_eq!(host(cloud.storage_suffix), "core.sovcloud-api.sg");
    assert_eq!(host(cloud.graph), "graph.svc.sovcloud.sg");
    assert_eq!(host(cloud.resource_manager), "management.example.sg");
    assert_eq!(
        cloud.storage_audience.unwrap(),
        "https://storage.example.sg/"
    );
    assert_eq!(
        cloud.federated_audience.unwrap(),
        "api://AzureADTokenExchangeGovSG"
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let own = |key: &str| {
        format!(r#"{{"authority": "https://login.x.y", "vault_suffix": "vault.x.y", {key}}}"#)
    };
    for (cloud, said) in [
        ("{}", "\"cloud\" lacks \"authority\""),
        (
            r#"{"authority": "https://login.x.y"}"#,
            "\"cloud\" lacks \"vault_suffix\"",
        ),
        (
            r#"{"resource_manager": "http://management.x.y"}"#,
            "\"resource_manager\" must be https://HOST without port",
        ),
        (
            r#"{"resource_manager": "https://management.x.y:444"}"#,
            "\"resource_manager\" must be https://HOST without port",
        ),
        (
            r#"{"resource_manager": "https://management.x.y/metadata"}"#,
            "\"resource_manager\" must be https://HOST without port",
        ),
        (
            &own(r#""graph": "graph.x.y""#),
            "\"graph\" must be https://HOST",
        ),
        (
            &own(r#""storage_suffix": ".core.x.y""#),
            "\"storage_suffix\" must be what storage hosts' names end in",
        ),
        (
            &own(r#""storage_audience": "storage""#),
            "\"storage_audience\" must be https://HOST",
        ),
        (
            &own(r#""resource_manager_audience": "https://a b""#),
            "\"resource_manager_audience\" must be https://HOST",
        ),
    ] {
        let complaints = fixture(cloud).complaints();
        assert!(complaints[0].contains(said), "{cloud}: {complaints:?}");
    }
}

#[test]
fn a_cloud_that_was_never_asked_is_unknown_and_its_sets_are_no_problem() {
    let fixture = fixture(STACK);
    let errors = fixture.load().unwrap_err();
    assert!(
        matches!(&errors[..], [Error::CloudUnknown { resource_manager }] if resource_manager.as_str() == "management.r.x.y"),
        "{errors:?}"
    );
    let outline = Outline::load(&request(&fixture)).unwrap();
    let private = outline.private_cloud.unwrap();
    assert_eq!(private.label(), "management.r.x.y");
    assert_eq!(outline.state_directory, fixture.path().join("state"));
}

#[test]
fn what_a_cloud_told_counts_just_now_or_before() {
    let fixture = fixture(STACK);
    let told_now = LoadRequest {
        told: Some(told()),
        ..request(&fixture)
    };
    let config = Config::load(&told_now).unwrap();
    assert_eq!(config.cloud, told());
    pin(&fixture, crate::clock::now());
    let config = fixture.load().unwrap();
    assert_eq!(config.cloud, told());
    assert_eq!(config.cloud.protocol, Protocol::AdFs);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let effective = effective_cloud(&config);
    assert_eq!(effective["authority"], "https://adfs.r.x.y/adfs");
    assert_eq!(effective["resource_manager"], "https://management.r.x.y");
    assert_eq!(
        effective["storage_audience"],
        "https://management.adfs.x.y/1"
    );
    pin(&fixture, crate::clock::now() - 8 * 86_400);
    let warnings = fixture.load().unwrap().warnings;
    assert!(warnings[0].contains("8 d 0 h ago"), "{warnings:?}");
}

#[test]
fn what_another_resource_manager_told_does_not_count() {
    let fixture = fixture(r#"{"resource_manager": "https://management.other.x.y"}"#);
    pin(&fixture, crate::clock::now());
    let errors = fixture.load().unwrap_err();
    assert!(
        matches!(&errors[..], [Error::CloudUnknown { .. }]),
        "{errors:?}"
    );
}

#[test]
fn what_is_written_wins_over_what_is_told() {
    let written = r#"{"resource_manager": "https://management.r.x.y", "name": "plant7", "vault_suffix": "vault.p.x.y", "graph": "https://graph.x.y"}"#;
    let fixture = fixture(written);
    pin(&fixture, crate::clock::now());
    let config = fixture.load().unwrap();
    assert_eq!(config.cloud.name, "plant7");
    assert_eq!(config.cloud.authority.as_str(), "adfs.r.x.y");
    assert_eq!(config.cloud.vault_audience, "https://vault.p.x.y");
    assert_eq!(effective_cloud(&config)["graph"], "https://graph.x.y");
    let conflicting = written.replace("vault.p.x.y", "vault.azure.net");
    let conflicting = conflicting.replace(
        "\"name\"",
        "\"vault_audience\": \"https://vault.azure.cn\", \"name\"",
    );
    let fixture = self::fixture(&conflicting);
    pin(&fixture, crate::clock::now());
    let complaints = fixture.complaints();
    assert!(
        complaints[0]
            .contains("\"vault_audience\" is of cloud \"china\", but \"vault_suffix\" is not"),
        "{complaints:?}"
    );
}

#[test]
fn with_an_authority_nothing_is_asked() {
    let both = r#"{"authority": "https://adfs.r.x.y/adfs", "vault_suffix": "vault.r.x.y", "resource_manager": "https://management.r.x.y"}"#;
    let fixture = fixture(both);
    assert_eq!(fixture.load().unwrap().cloud.name, "adfs.r.x.y");
    let outline = Outline::load(&request(&fixture)).unwrap();
    assert!(outline.private_cloud.is_none());
}

#[test]
fn an_authority_may_be_where_the_resource_manager_is() {
    let one_host = r#"{"authority": "https://corp.x.y", "vault_suffix": "vault.x.y", "resource_manager": "https://corp.x.y"}"#;
    let config = fixture(one_host).load().unwrap();
    let authority = r#""authority": "https://corp.x.y""#;
    assert!(config.effective_json().contains(authority));
}

fn request(fixture: &Fixture) -> LoadRequest {
    LoadRequest {
        config: fixture.path(),
        instance: None,
        root: Root::default(),
        told: None,
    }
}
