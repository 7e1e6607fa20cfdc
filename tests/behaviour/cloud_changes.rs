//! Private clouds that tell something else than before: refused, until an operator accepts it.

use std::fs;

use cloud::Metadata;
use serde_json::json;

use crate::clouds::*;
use crate::staleness::closed_port;
use crate::support::{Run, Site};

/// Where the hostile metadata would lead the credential.
const EVIL: &str = "adfs.evil.example";

fn refused_change(site: &Site) -> Run {
    let run = site.keyferry(&["sync"]).exits(77);
    assert_eq!(site.set_status("mqtt")["state"], "refused");
    assert_eq!(site.set_status("mqtt")["reason"], "cloud");
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    let hosts = asked(site);
    assert!(
        hosts.iter().all(|line| line.starts_with(RESOURCE_MANAGER)),
        "{hosts:?}"
    );
    // Nor did anybody try: the loopback cloud has no certificate for that name.
    assert!(site.cloud.failed_handshakes().is_empty());
    run
}

#[test]
fn a_changed_login_host_is_refused_until_an_operator_accepts_it() {
    let (site, mut config) = synced_stack();
    let before = pin(&site);
    // The name leads to the same loopback cloud, which would see who comes.
    config["network"]["resolve"][EVIL] = json!(site.cloud.address().to_string());
    site.configure(&config);
    let evil = Metadata::default().login_endpoint(&format!("https://{EVIL}/adfs"));
    site.cloud.set_metadata(evil);
    refused_change(&site)
        .says(&format!(
            "error: mqtt: cloud {RESOURCE_MANAGER} describes itself otherwise than before, and \
             nothing was sent there: login host {LOGIN}/adfs, now {EVIL}/adfs\n"
        ))
        .says(&format!(
            "error:   next: if the cloud's operator confirms it, run `keyferry clouds --accept {RESOURCE_MANAGER} {EVIL}`\n"
        ));
    assert_eq!(pin(&site), before);
    // A token that is still good is not used either.
    refused_change(&site);
    for (words, code, said) in [
        (
            &[RESOURCE_MANAGER, LOGIN][..],
            64,
            "names the login host adfs.evil.example, not adfs.local",
        ),
        (
            &["usgov", EVIL],
            64,
            "cloud usgov is not the configured one",
        ),
        (&[RESOURCE_MANAGER], 64, "--accept CLOUD HOST"),
        (
            &[RESOURCE_MANAGER, "https://adfs.evil.example"],
            64,
            "the login host must be a DNS host name",
        ),
    ] {
        let words = [&["clouds", "--accept"], words].concat();
        site.keyferry(&words).exits(code).says(said);
        assert_eq!(pin(&site), before);
    }
    refused_change(&site);
    // The stack comes back, and all is well.
    site.cloud.set_metadata(Metadata::default());
    site.keyferry(&["sync"]).exits(0);
    site.assert_well_behaved();
}

#[test]
fn an_accepted_cloud_is_signed_in_to() {
    let (site, mut config) = stack();
    site.cloud
        .set_metadata(Metadata::default().login_endpoint("https://adfs.old.example/adfs"));
    config["network"]["resolve"]["adfs.old.example"] = json!(closed_port());
    config["cloud"]["name"] = json!("plant7");
    config["network"]["deadline"] = json!("2s");
    site.configure(&config);
    site.keyferry(&["sync"]).exits(69);
    age(&site, 90_000);
    config["network"]["deadline"] = json!("20s");
    site.configure(&config);
    site.cloud.set_metadata(Metadata::default());
    site.keyferry(&["sync"])
        .exits(77)
        .says("login host adfs.old.example/adfs, now adfs.local.azurestack.external/adfs")
        .says(&format!("  next: if the cloud's operator confirms it, run `keyferry clouds --accept plant7 {LOGIN}`"));
    site.keyferry(&["clouds", "--accept", "plant7", LOGIN])
        .exits(0)
        .says("plant7: login host adfs.old.example/adfs, now adfs.local.azurestack.external/adfs");
    assert_eq!(pin(&site)["authority"], LOGIN);
    site.keyferry(&["sync"]).exits(0);
    assert_delivered(&site);
    site.keyferry(&["clouds", "--accept", RESOURCE_MANAGER, LOGIN])
        .exits(0)
        .says("not otherwise than before");
}

#[test]
fn whatever_else_would_lead_a_token_elsewhere_is_refused_too() {
    for (metadata, said) in [
        (
            Metadata::default().vault_suffix("vault.evil.example"),
            "vault suffix vault.local.azurestack.external, now vault.evil.example",
        ),
        (
            Metadata::default()
                .login_endpoint(&format!("https://{LOGIN}/"))
                .audience("https://x.y"),
            "storage audience",
        ),
    ] {
        let (site, _) = synced_stack();
        site.cloud.set_metadata(metadata);
        refused_change(&site).says(said);
    }
}

#[test]
fn a_preset_cannot_be_accepted_otherwise() {
    let site = Site::with_one_secret();
    site.keyferry(&["clouds", "--accept", "usgov", "login.evil.example"])
        .exits(64)
        .says("does not tell its facts itself");
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn what_a_later_release_kept_is_left_and_what_is_damaged_is_asked_anew() {
    let (site, _) = synced_stack();
    let later = pin(&site)
        .to_string()
        .replace("\"format\":1", "\"format\":2");
    site.write("state/cloud.json", &later, 0o600);
    for verb in [&["sync"][..], &["sync", "--offline"], &["check"]] {
        site.keyferry(verb)
            .exits(65)
            .says("state/cloud.json was written by a later release")
            .says("or move the file away and let this one ask the cloud");
    }
    assert_eq!(
        fs::read_to_string(site.path("state/cloud.json")).unwrap(),
        later
    );
    assert_eq!(site.cloud.connections(), 0);
    site.write("state/cloud.json", "{\"format\": 1", 0o600);
    site.keyferry(&["sync"])
        .exits(0)
        .says("state/cloud.json is damaged and is not used")
        .says("is held to that");
    assert_delivered(&site);
}
