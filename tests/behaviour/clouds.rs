//! Clouds: every preset from sign-in to file, and private ones that tell their facts
//! themselves, are held to them, and cannot lead a credential elsewhere.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use cloud::{Metadata, National};
use serde_json::{json, Value};

use crate::golden;
use crate::staleness::closed_port;
use crate::support::{access, one_secret, Site};

pub const RESOURCE_MANAGER: &str = "management.local.azurestack.external";
pub const LOGIN: &str = "adfs.local.azurestack.external";

/// An Azure Stack Hub with AD FS, of which the device knows the Resource Manager alone.
pub fn stack() -> (Site, Value) {
    private(National::AzureStack, "adfs")
}

pub fn private(national: National, tenant: &str) -> (Site, Value) {
    let site = Site::of(national);
    site.seed("mqtt-password", "hunter2");
    let mut config = site.config(one_secret());
    let manager = site.cloud.resource_manager_host();
    config["cloud"] = json!({"resource_manager": format!("https://{manager}")});
    if tenant == "adfs" {
        config["identity"]["tenant"] = json!(tenant);
    }
    config["network"]["timeout"] = json!("2s");
    config["network"]["deadline"] = json!("20s");
    config["network"]["resolve"][manager] = json!(site.cloud.address().to_string());
    site.configure(&config);
    (site, config)
}

/// A stack that was brought up to date a day and more ago, so that it is asked again.
pub fn synced_stack() -> (Site, Value) {
    let (site, config) = stack();
    site.keyferry(&["sync"]).exits(0);
    age(&site, 90_000);
    site.cloud.reset_log();
    (site, config)
}

pub fn pin(site: &Site) -> Value {
    let text = fs::read_to_string(site.path("state/cloud.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Makes what the cloud told as old as `seconds`.
pub fn age(site: &Site, seconds: i64) {
    let mut pin = pin(site);
    pin["asked"] = json!(now() - seconds);
    site.write("state/cloud.json", &pin.to_string(), 0o600);
}

pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// Hosts and queries of all requests, in their order.
pub fn asked(site: &Site) -> Vec<String> {
    let requests = site.cloud.requests();
    requests
        .iter()
        .map(|request| format!("{} {}", request.host, request.query))
        .collect()
}

pub fn versions(site: &Site) -> Vec<String> {
    let asked = asked(site);
    let versions = asked
        .iter()
        .filter_map(|line| line.strip_prefix(&format!("{RESOURCE_MANAGER} api-version=")));
    versions.map(str::to_owned).collect()
}

pub fn assert_delivered(site: &Site) {
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    site.assert_well_behaved();
}

#[test]
fn every_preset_delivers_a_secret() {
    for national in National::ALL {
        if matches!(national, National::AzureStack | National::Private) {
            continue;
        }
        let site = Site::of(national);
        site.seed("mqtt-password", "hunter2");
        site.configure(&site.config(one_secret()));
        let run = site.keyferry(&["sync"]).exits(0);
        assert_delivered(&site);
        assert_eq!(site.status()["cloud"], national.name());
        let retired = run.stderr.contains("retired on 2021-10-29");
        assert_eq!(retired, national == National::Germany, "{}", run.stderr);
    }
}

#[test]
fn older_names_of_an_authority_and_names_of_other_tools_are_taken() {
    let site = Site::of(National::China);
    site.seed("mqtt-password", "hunter2");
    let mut config = site.config(one_secret());
    config["cloud"] = json!("azure_china_cloud");
    site.configure(&config);
    site.keyferry(&["check"])
        .exits(0)
        .says("\"cloud\": \"china\"");
    site.keyferry(&["sync"]).exits(0);
    config["cloud"] = json!({
        "authority": "https://login.chinacloudapi.cn",
        "vault_suffix": "vault.azure.cn",
    });
    config["network"]["resolve"]["login.chinacloudapi.cn"] =
        json!(site.cloud.address().to_string());
    site.configure(&config);
    site.cloud.revoke_tokens();
    site.keyferry(&["sync"]).exits(0);
    assert!(asked(&site)
        .iter()
        .any(|line| line.starts_with("login.chinacloudapi.cn")));
    assert_delivered(&site);
}

#[test]
fn all_facts_of_one_cloud_are_shown_by_any_of_its_names() {
    let site = Site::new();
    let run = site.keyferry(&["clouds", "usgov"]).exits(0);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100));
    golden::matches(&site, "clouds_usgov", &run);
    let again = site
        .keyferry(&["clouds", "AZUREUSGOVERNMENT"])
        .exits(0)
        .stdout;
    assert_eq!(again, run.stdout);
    let json = site.keyferry(&["clouds", "--json", "govsg"]).exits(0);
    let facts: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(facts["vault_suffix"], Value::Null);
    assert_eq!(facts["graph"], "graph.svc.sovcloud.sg");
    site.keyferry(&["clouds", "AzureUSGoverment"])
        .exits(64)
        .says("unknown cloud AzureUSGoverment; did you mean usgov?");
}

#[test]
fn a_stack_delivers_by_certificate_and_by_secret_and_is_asked_once_a_day() {
    let (site, mut config) = stack();
    site.keyferry(&["sync"]).exits(0).says(&format!(
        "cloud {RESOURCE_MANAGER} signs in at https://{LOGIN}/adfs and has its vaults below \
         vault.local.azurestack.external; from now on it is held to that"
    ));
    assert_delivered(&site);
    assert!(access(&site.path("state/cloud.json")).starts_with("100600 "));
    let first = &site.cloud.requests()[0];
    assert_eq!(first.host, RESOURCE_MANAGER);
    assert!(!first.had_bearer);
    config["identity"] = site.secret_identity();
    config["identity"]["tenant"] = json!("adfs");
    config["sets"]["mqtt"]["files"]["again"] = json!({"secret": "mqtt-password"});
    site.configure(&config);
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(site.delivered("mqtt", "again").unwrap(), "hunter2");
    assert_eq!(versions(&site), [""; 0], "asked a moment ago");
    age(&site, 90_000);
    site.keyferry(&["sync"]).exits(0).never_says("held to that");
    assert_eq!(versions(&site), ["2023-11-01", "2022-09-01"]);
    assert!(pin(&site)["asked"].as_i64().unwrap() > now() - 600);
    age(&site, -90_000);
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(versions(&site).len(), 2, "a clock that went back is no age");
    site.assert_well_behaved();
}

#[test]
fn every_form_of_the_metadata_leads_to_the_same_cloud() {
    let all = Metadata::default;
    let forms = [
        ("2023", all().versions(&["2023-11-01"]), 1),
        ("2022", all().versions(&["2022-09-01"]), 2),
        ("2020", all().versions(&["2020-06-01"]), 3),
        ("2019", all().versions(&["2019-05-01"]), 4),
        ("2015", all().versions(&["2015-01-01"]), 5),
        ("byte order mark", all().byte_order_mark(), 2),
        ("wrapped", all().wrapped(), 2),
        (
            "a wrapped list",
            all().versions(&["2020-06-01"]).wrapped(),
            3,
        ),
        ("dots", all().leading_dots(), 2),
        ("slashes", all().trailing_slashes(), 2),
        ("casing", all().lower_case_vault(), 2),
        ("no suffix", all().without_vault_suffix(), 2),
        ("no resourceManager", all().without_resource_manager(), 2),
    ];
    let (site, _) = stack();
    for (form, metadata, questions) in forms {
        site.cloud.set_metadata(metadata);
        site.cloud.reset_log();
        let _ = fs::remove_file(site.path("state/cloud.json"));
        let _ = fs::remove_dir_all(site.set("mqtt"));
        site.keyferry(&["sync"]).exits(0).says("is held to that");
        assert_eq!(versions(&site).len(), questions, "{form}");
        assert_delivered(&site);
    }
}

#[test]
fn a_private_cloud_with_entra_is_found_by_its_resource_manager() {
    for national in [National::Private, National::UsSec, National::China] {
        let (site, mut config) = private(national, "");
        site.keyferry(&["sync"]).exits(0);
        assert_delivered(&site);
        config["cloud"]["name"] = json!("plant7");
        site.configure(&config);
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(site.status()["cloud"], "plant7");
        let shown = site.keyferry(&["check"]).exits(0);
        assert!(shown.stdout.contains("\"name\": \"plant7\""));
        site.write("etc/config.json", &shown.stdout, 0o600);
        assert_eq!(site.keyferry(&["check"]).exits(0).stdout, shown.stdout);
    }
}

#[test]
fn what_the_configuration_says_wins_over_what_the_cloud_tells() {
    let (site, mut config) = stack();
    site.cloud
        .set_metadata(Metadata::default().vault_suffix("vault.elsewhere.example"));
    config["cloud"]["vault_suffix"] = json!("vault.local.azurestack.external");
    site.configure(&config);
    site.keyferry(&["sync"]).exits(0);
    assert_delivered(&site);
}

#[test]
fn a_cloud_that_cannot_be_asked_is_as_it_was() {
    let (site, mut config) = synced_stack();
    let before = pin(&site);
    for (metadata, said) in [
        (Some(Metadata::default().unavailable()), "status 503"),
        (
            Some(Metadata::default().web_page()),
            "something else than the JSON",
        ),
        (
            Some(Metadata::default().login_endpoint("http://adfs.evil.example/adfs")),
            "loginEndpoint is http://adfs.evil.example/adfs",
        ),
        (None, "connect"),
    ] {
        match metadata {
            Some(metadata) => site.cloud.set_metadata(metadata),
            None => {
                config["network"]["resolve"][RESOURCE_MANAGER] = json!(closed_port());
                site.configure(&config);
            }
        }
        site.keyferry(&["sync"])
            .exits(0)
            .says(said)
            .says("what the cloud told 1 d 1 h ago is used");
        assert_delivered(&site);
        assert_eq!(pin(&site), before);
    }
    age(&site, 8 * 86_400);
    site.keyferry(&["check"])
        .exits(0)
        .says("told the facts of this cloud 8 d 0 h ago and was not reached since");
}

#[test]
fn a_cloud_that_was_never_asked_is_told_and_nothing_is_sent() {
    let (site, mut config) = stack();
    for verb in [&["sync", "--offline"][..], &["check"]] {
        site.keyferry(verb)
            .exits(69)
            .says(&format!("{RESOURCE_MANAGER} has never been asked"))
            .says("  next: run `keyferry sync` once with a network");
    }
    site.keyferry(&["status"]).exits(69).says("no run since");
    assert_eq!(site.cloud.connections(), 0);
    for (metadata, code, said) in [
        (
            Metadata::default().web_page(),
            65,
            "something else than the JSON",
        ),
        (
            Metadata::default().login_endpoint("https://adfs.evil.example:444/adfs"),
            65,
            "loginEndpoint is https://adfs.evil.example:444/adfs",
        ),
        (
            Metadata::default().audience("none"),
            65,
            "audiences does not begin",
        ),
    ] {
        site.cloud.set_metadata(metadata);
        site.keyferry(&["sync"]).exits(code).says(said);
    }
    config["network"]["deadline"] = json!("2s");
    config["network"]["resolve"][RESOURCE_MANAGER] = json!(closed_port());
    site.configure(&config);
    site.keyferry(&["sync"]).exits(69).says(RESOURCE_MANAGER);
    assert!(asked(&site)
        .iter()
        .all(|line| line.starts_with(RESOURCE_MANAGER)));
    assert!(!site.path("state/cloud.json").exists());
    // Once it was asked, it need not be reached any more.
    config["network"]["deadline"] = json!("20s");
    config["network"]["resolve"][RESOURCE_MANAGER] = json!(site.cloud.address().to_string());
    site.configure(&config);
    site.cloud.set_metadata(Metadata::default());
    site.keyferry(&["sync"]).exits(0);
    site.cloud.reset_log();
    site.keyferry(&["sync", "--offline"]).exits(0);
    site.keyferry(&["check"]).exits(0);
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn a_dry_run_asks_and_keeps_nothing() {
    let (site, _) = stack();
    site.keyferry(&["sync", "--dry-run"])
        .exits(0)
        .says("would switch");
    assert!(!site.path("state/cloud.json").exists());
    site.assert_well_behaved();
}
