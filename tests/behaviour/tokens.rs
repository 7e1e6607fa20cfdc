//! Tokens between runs, several identities, clocks that disagree.

use std::fs;
use std::path::PathBuf;

use serde_json::{json, Value};

use crate::staleness::closed_port;
use crate::support::{access, one_secret, Site};

/// The certificate first, the client secret as fallback.
fn site_with_two() -> Site {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["identity"] = json!([site.certificate_identity(), site.secret_identity()]);
    site.configure(&config);
    site
}

fn kept_token(site: &Site) -> Option<PathBuf> {
    let mut names = fs::read_dir(site.path("run"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    names.find(|path| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("token-")
    })
}

fn hosts(site: &Site) -> Vec<&'static str> {
    let requests = site.cloud.requests();
    let login = site.cloud.login_host();
    requests
        .iter()
        .map(|request| {
            if request.host == login {
                "login"
            } else {
                "vault"
            }
        })
        .collect()
}

#[test]
fn a_token_is_kept_for_root_alone_and_used_again() {
    let site = Site::with_one_secret();
    site.keyferry(&["sync"]).exits(0);
    assert!(access(&kept_token(&site).unwrap()).starts_with("100600 "));
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(hosts(&site), ["vault"]);
    assert_eq!(site.cloud.connections(), 1);
}

#[test]
fn a_token_with_less_than_five_minutes_left_is_renewed() {
    for (seconds, wanted) in [(240, vec!["login", "vault"]), (600, vec!["vault"])] {
        let site = Site::with_one_secret();
        site.cloud.set_token_lifetime(seconds);
        site.keyferry(&["sync"]).exits(0);
        site.cloud.reset_log();
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(hosts(&site), wanted, "{seconds} s");
    }
}

#[test]
fn a_kept_token_that_the_vault_refuses_is_renewed_once() {
    let site = Site::with_one_secret();
    site.keyferry(&["sync"]).exits(0);
    site.cloud.revoke_tokens();
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(hosts(&site), ["vault", "login", "vault"]);
    // A fresh one that is refused is not tried again, and not kept.
    site.cloud.revoke_tokens();
    site.vault.set_tenant(&cloud::guid());
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(77);
    assert_eq!(hosts(&site), ["vault", "login", "vault"]);
    assert_eq!(kept_token(&site), None);
}

#[test]
fn a_damaged_token_file_only_costs_a_sign_in() {
    let site = Site::with_one_secret();
    site.keyferry(&["sync"]).exits(0);
    fs::write(kept_token(&site).unwrap(), "{\"format\": 1").unwrap();
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(hosts(&site), ["login", "vault"]);
}

#[test]
fn the_next_identity_is_tried_only_when_the_credential_is_refused() {
    let site = site_with_two();
    site.keyferry(&["sync"]).exits(0).never_says("fallback");
    let site = site_with_two();
    site.cloud.remove_certificates(&site.app);
    let run = site.keyferry(&["sync"]).exits(0);
    run.says("warning: signed in as fallback: client secret of");
    assert_eq!(hosts(&site), ["login", "login", "vault"]);
    assert_eq!(site.status()["identity"]["position"], 2);
    let shown = site.keyferry(&["status"]).exits(0);
    assert!(
        shown.stdout.lines().next().unwrap().contains("fallback"),
        "{}",
        shown.stdout
    );
    // Both refused: the first refusal is told.
    let site = site_with_two();
    site.cloud.remove_certificates(&site.app);
    site.cloud.remove_secret_credentials(&site.app);
    site.keyferry(&["sync"]).exits(77).says("AADSTS700027");
}

/// Was: with a kept token of the same application the first identity was said to work.
#[test]
fn a_kept_token_belongs_to_the_credential_that_got_it() {
    let site = site_with_two();
    site.cloud.remove_certificates(&site.app);
    site.keyferry(&["sync"]).exits(0);
    site.cloud.reset_log();
    let run = site.keyferry(&["sync"]).exits(0);
    run.says("warning: signed in as fallback: client secret of");
    assert_eq!(hosts(&site), ["login", "vault"], "asked, then the kept one");
    assert_eq!(site.status()["identity"]["position"], 2);
}

#[test]
fn a_fallback_that_is_not_there_does_not_stop_the_first() {
    let site = site_with_two();
    fs::remove_file(site.path("etc/secret")).unwrap();
    let run = site.keyferry(&["sync"]).exits(0);
    run.says("etc/secret does not exist");
    site.cloud.remove_certificates(&site.app);
    fs::remove_file(kept_token(&site).unwrap()).unwrap();
    site.keyferry(&["sync"]).exits(77).says("AADSTS700027");
}

#[test]
fn an_unreachable_authority_is_no_reason_for_the_next_identity() {
    let site = site_with_two();
    let mut config = site.config(one_secret());
    config["identity"] = json!([site.certificate_identity(), site.secret_identity()]);
    config["network"]["resolve"][site.cloud.login_host()] = json!(closed_port());
    config["network"]["max_requests"] = json!(9);
    site.configure(&config);
    site.keyferry(&["sync"]).exits(69).never_says("fallback");
    assert_eq!(
        site.status()["run"]["requests"],
        4,
        "one identity, four attempts"
    );
    assert_eq!(site.status()["identity"], Value::Null);
}

#[test]
fn a_device_clock_that_is_off_is_helped_by_the_authority() {
    for offset in [20 * 60, -20 * 60] {
        let site = Site::with_one_secret();
        site.cloud.set_clock_offset(offset);
        site.keyferry(&["sync"])
            .exits(0)
            .says("this device's clock says ");
        assert_eq!(hosts(&site), ["login", "login", "vault"]);
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    }
}
