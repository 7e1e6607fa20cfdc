//! An Azure Stack Hub with AD FS, whose dialect is its own.

use cloud::{Action, Fault, Match, National};
use serde_json::{json, Value};

use crate::support::{one_secret, Site, CLIENT_SECRET};

const USER: &str = "worker@plant7.example";
const PASSWORD: &str = "battery staple";

fn site() -> Site {
    let site = Site::of(National::AzureStack);
    site.seed("mqtt-password", "hunter2");
    identify(&site, certificate(&site));
    site
}

fn identify(site: &Site, identity: Value) {
    let mut config = site.config(one_secret());
    config["cloud"] = json!({
        "authority": format!("https://{}/adfs", site.cloud.login_host()),
        "vault_suffix": "vault.local.azurestack.external",
    });
    config["identity"] = identity;
    site.configure(&config);
}

fn certificate(site: &Site) -> Value {
    let mut identity = site.certificate_identity();
    identity["tenant"] = json!("adfs");
    identity
}

fn secret(site: &Site) -> Value {
    let mut identity = site.secret_identity();
    identity["tenant"] = json!("adfs");
    identity
}

fn password(site: &Site) -> Value {
    json!({
        "type": "password", "tenant": "adfs", "client_id": site.app.client_id,
        "username": USER, "password": site.path("etc/password"),
    })
}

#[test]
fn certificate_secret_and_password_sign_in() {
    for identity in [certificate, secret, password] {
        let site = site();
        site.hide(PASSWORD);
        site.write("etc/password", PASSWORD, 0o600);
        site.cloud.allow_public_client(&site.app);
        site.cloud.add_user(USER, PASSWORD);
        identify(&site, identity(&site));
        site.keyferry(&["check"]).exits(0);
        site.keyferry(&["sync", "--log", "debug"]).exits(0);
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
        let sign_in = &site.cloud.requests()[0];
        assert!(
            sign_in.authorized && sign_in.notes.is_empty(),
            "{sign_in:?}"
        );
        assert_eq!(sign_in.path, "/adfs/oauth2/token");
        site.assert_well_behaved();
    }
}

#[test]
fn an_audience_that_ad_fs_does_not_know_is_a_matter_of_the_cloud() {
    let site = site();
    site.cloud
        .remove_resource("https://vault.local.azurestack.external");
    let run = site.keyferry(&["sync"]).exits(77).says("MSIS9602");
    run.says("next: AD FS does not know the audience: check vault_audience");
    assert_eq!(site.set_status("mqtt")["reason"], "cloud");
}

#[test]
fn a_credential_that_ad_fs_does_not_know_is_told_with_its_number() {
    let site = site();
    site.cloud.remove_certificates(&site.app);
    let run = site.keyferry(&["sync"]).exits(77).says("MSIS9622");
    run.says("next: check at AD FS that app")
        .says("etc/device.pem");
    assert_eq!(site.set_status("mqtt")["reason"], "credential");
    site.cloud.remove_secret_credentials(&site.app);
    identify(&site, secret(&site));
    site.keyferry(&["sync"])
        .exits(77)
        .says("MSIS9622")
        .never_says(CLIENT_SECRET);
    site.cloud.remove_app(&site.app);
    site.keyferry(&["sync"]).exits(77).says("MSIS9607");
}

#[test]
fn a_wrong_password_is_told_with_its_number() {
    let site = site();
    site.hide(PASSWORD);
    site.write("etc/password", PASSWORD, 0o600);
    site.cloud.allow_public_client(&site.app);
    identify(&site, password(&site));
    site.keyferry(&["sync"]).exits(77).says("MSIS9659");
}

#[test]
fn what_is_no_reply_of_ad_fs_is_told() {
    for (action, said) in [
        (Action::HtmlPage, "something else than its JSON (text/html"),
        (
            Action::Redirect("https://evil.example/adfs/ls/".to_owned()),
            "redirect",
        ),
    ] {
        let site = site();
        site.cloud.fault(Fault {
            matching: Match::Token,
            action,
            times: usize::MAX,
        });
        site.keyferry(&["sync"]).exits(65).says(said);
        assert_eq!(site.cloud.requests().len(), 1);
    }
}

#[test]
fn the_tenant_of_ad_fs_is_adfs() {
    let site = site();
    let mut identity = certificate(&site);
    identity["tenant"] = json!("contoso.example");
    identify(&site, identity);
    let run = site.keyferry(&["check"]).exits(78);
    run.says("names a tenant, but the cloud's authority is AD FS, which has none")
        .says("next: write \"tenant\": \"adfs\"");
}
