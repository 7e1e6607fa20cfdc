//! The `AZURE_*` variables: which of them count, and in which order.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use cloud::{Device, DeviceAuthority, National, TokenIssuer};
use serde_json::json;

use crate::support::{one_secret, Run, Site, CLIENT_SECRET};

const USER: &str = "worker@plant7.example";
const PASSWORD: &str = "battery staple";
const AUDIENCE: &str = "api://AzureADTokenExchangeUSGov";

/// A site where each kind of credential works.
fn site() -> Site {
    let site = Site::with_one_secret();
    site.hide(PASSWORD);
    site.cloud.allow_public_client(&site.app);
    site.cloud.add_user(USER, PASSWORD);
    let issuer = TokenIssuer::new("https://issuer.plant7.example");
    site.cloud
        .trust_issuer(&site.app, &issuer, "device:gw-0042", AUDIENCE);
    let token = issuer.token("device:gw-0042", AUDIENCE, 600);
    site.write("etc/token", &token, 0o600);
    site.identify(json!({"type": "environment"}));
    site
}

/// `keyferry sync` with tenant, client and these variables.
fn sync(site: &Site, variables: &[(&str, &str)]) -> Run {
    site.run(&mut command(site, &["sync"], variables))
}

fn command(site: &Site, words: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = site.command(words);
    command
        .env("AZURE_TENANT_ID", site.cloud.tenant())
        .env("AZURE_CLIENT_ID", &site.app.client_id);
    for (name, value) in variables {
        command.env(
            name,
            value.replace("ETC", site.path("etc").to_str().unwrap()),
        );
    }
    command
}

const BY_CERTIFICATE: (&str, &str) = ("AZURE_CLIENT_CERTIFICATE_PATH", "ETC/device.pem");
const BY_NAME: (&str, &str) = ("AZURE_USERNAME", USER);
const BY_PASSWORD: (&str, &str) = ("AZURE_PASSWORD", PASSWORD);
const BY_SECRET: (&str, &str) = ("AZURE_CLIENT_SECRET", CLIENT_SECRET);
const BY_TOKEN: (&str, &str) = ("AZURE_FEDERATED_TOKEN_FILE", "ETC/token");

/// Of several credentials the first in the order of Microsoft's SDKs is used.
#[test]
fn the_first_credential_in_the_order_of_the_sdks_is_used() {
    let all = [BY_SECRET, BY_CERTIFICATE, BY_NAME, BY_PASSWORD, BY_TOKEN];
    for (variables, used) in [
        (&all[..], "client secret of APP"),
        (&all[1..], "certificate gw-0042"),
        (&all[2..], "user worker@plant7.example"),
        (&all[3..], "federated token of APP"),
        (&all[4..], "federated token of APP"),
        (
            &[("AZURE_CLIENT_SECRET", ""), BY_CERTIFICATE],
            "certificate gw-0042",
        ),
        (&[BY_NAME, BY_TOKEN], "federated token of APP"),
    ] {
        let site = site();
        sync(&site, variables).exits(0);
        let text = site.status()["identity"]["text"].clone();
        let text = text.as_str().unwrap().replace(&site.app.client_id, "APP");
        assert_eq!(text, used, "{variables:?}");
        let sign_in = &site.cloud.requests()[0];
        assert!(
            sign_in.authorized && sign_in.notes.is_empty(),
            "{sign_in:?}"
        );
        site.assert_well_behaved();
    }
}

#[test]
fn what_is_lacking_or_wrong_is_named_before_any_request() {
    let site = site();
    let set = "next: set AZURE_TENANT_ID, AZURE_CLIENT_ID and one credential";
    for (variables, code, said) in [
        (
            &[][..],
            78,
            "none of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_USERNAME with AZURE_PASSWORD, AZURE_FEDERATED_TOKEN_FILE is set",
        ),
        (&[BY_PASSWORD], 78, "none of AZURE_CLIENT_SECRET"),
        (
            &[("AZURE_TENANT_ID", ""), BY_SECRET],
            78,
            "AZURE_TENANT_ID is not set",
        ),
        (
            &[("AZURE_CLIENT_ID", ""), BY_SECRET],
            78,
            "AZURE_CLIENT_ID is not set",
        ),
        (
            &[("AZURE_TENANT_ID", "common"), BY_SECRET],
            78,
            "AZURE_TENANT_ID must be the tenant's GUID or one of its domain names",
        ),
        (
            &[("AZURE_CLIENT_ID", "edge"), BY_SECRET],
            78,
            "AZURE_CLIENT_ID must be the application's (client) id, a GUID",
        ),
        (
            &[("AZURE_TENANT_ID", "adfs"), BY_SECRET],
            78,
            "AZURE_TENANT_ID must be \"adfs\" where the authority is AD FS, and only there",
        ),
        (
            &[("AZURE_USERNAME", "a\nb"), BY_PASSWORD],
            78,
            "AZURE_USERNAME must be a user's name",
        ),
    ] {
        let run = sync(&site, variables).exits(code).says(said);
        run.says("the environment").says(set);
        assert_eq!(site.set_status("mqtt")["reason"], "credential");
    }
    for (variables, code, said) in [
        (
            ("AZURE_CLIENT_CERTIFICATE_PATH", "ETC/absent.pem"),
            66,
            "etc/absent.pem does not exist",
        ),
        (
            ("AZURE_CLIENT_CERTIFICATE_PATH", "ETC/token"),
            78,
            "etc/token holds no private key",
        ),
        (
            ("AZURE_FEDERATED_TOKEN_FILE", "ETC/device.pem"),
            78,
            "etc/device.pem holds no signed token (JWT)",
        ),
    ] {
        sync(&site, &[variables]).exits(code).says(said);
        let check = &mut command(&site, &["check"], &[variables]);
        site.run(check).exits(code).says(said);
    }
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn an_authority_of_another_cloud_is_refused_before_any_request() {
    let site = site();
    let login = format!("https://{}/", site.cloud.login_host());
    let alias = site.cloud.login_aliases()[0];
    for good in [login.as_str(), "LOGIN.MICROSOFTONLINE.US", alias] {
        sync(&site, &[("AZURE_AUTHORITY_HOST", good), BY_SECRET]).exits(0);
    }
    site.cloud.reset_log();
    for bad in [
        "https://login.microsoftonline.com/",
        "login.microsoftonline.com",
        "http://login.microsoftonline.us/",
        "https://login.microsoftonline.us.evil.example/",
        "https://login.microsoftonline.us@evil.example/",
    ] {
        let run = sync(&site, &[("AZURE_AUTHORITY_HOST", bad), BY_SECRET]).exits(78);
        run.says("(AZURE_AUTHORITY_HOST), which is not this cloud's")
            .says(
                "next: set \"cloud\" to the cloud that is meant, or correct AZURE_AUTHORITY_HOST",
            );
    }
    assert_eq!(site.cloud.requests().len(), 0);
}

#[test]
fn the_chain_is_sent_where_the_variable_asks_for_it() {
    let site = site();
    let authority = DeviceAuthority::new("Factory CA");
    let device = Device::builder("gw-0042").issued_by(&authority).build();
    site.cloud.remove_certificates(&site.app);
    site.cloud
        .trust_subject(&site.app, &authority.certificate_der(), "CN=gw-0042");
    site.write("etc/device.pem", &device.combined_pem, 0o600);
    for (word, code) in [("", 77), ("0", 77), ("false", 77), ("1", 0), ("True", 0)] {
        let chain = ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", word);
        for entry in std::fs::read_dir(site.path("run")).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.to_str().unwrap().contains("/token-") {
                std::fs::remove_file(path).unwrap();
            }
        }
        sync(&site, &[BY_CERTIFICATE, chain]).exits(code);
    }
}

/// Was: a secret that is no UTF-8 counted as none, and the next credential was used.
#[test]
fn a_secret_that_is_no_text_is_a_secret_all_the_same() {
    let site = site();
    let mut command = command(&site, &["sync"], &[BY_CERTIFICATE]);
    command.env("AZURE_CLIENT_SECRET", OsStr::from_bytes(b"\xff\xfe"));
    let run = site.run(&mut command).exits(77);
    run.says("credential      environment variable AZURE_CLIENT_SECRET");
}

#[test]
fn at_ad_fs_the_tenant_is_adfs() {
    let site = Site::of(National::AzureStack);
    site.seed("mqtt-password", "hunter2");
    let mut config = site.config(one_secret());
    let authority = format!("https://{}/adfs", site.cloud.login_host());
    config["cloud"] = json!({
        "authority": authority,
        "vault_suffix": "vault.local.azurestack.external",
    });
    config["identity"] = json!({"type": "environment"});
    site.configure(&config);
    let authority = ("AZURE_AUTHORITY_HOST", authority.as_str());
    let tenant = ("AZURE_TENANT_ID", "adfs");
    sync(&site, &[tenant, authority, BY_SECRET]).exits(0);
    let guid = ("AZURE_TENANT_ID", "72f988bf-86f1-41af-91ab-2d7cd011db47");
    sync(&site, &[guid, authority, BY_SECRET])
        .exits(78)
        .says("AZURE_TENANT_ID must be \"adfs\"");
}
