//! What a vault refuses, told whole: the sentence, the block for a ticket, the next step.

use cloud::{Denial, National, Scope};
use serde_json::{json, Value};

use crate::golden;
use crate::support::{one_secret, Run, Site};

/// Every refusal ends with its next step, and the run goes on to its summary.
#[track_caller]
fn ends_with_next_step(run: &Run) {
    let last = run
        .stderr
        .lines()
        .rev()
        .find(|line| line.starts_with("error:"));
    assert!(
        last.is_some_and(|line| line.starts_with("error:   next: ")),
        "{}",
        run.stderr
    );
}

#[track_caller]
fn is_refused(site: &Site, golden: &str, reason: &str) -> Run {
    let run = site.keyferry(&["sync"]).exits(77);
    ends_with_next_step(&run);
    golden::matches(site, golden, &run);
    let status = site.set_status("mqtt");
    assert_eq!(status["state"], "refused");
    assert_eq!(status["reason"], reason);
    assert_eq!(status["exit_code"], 77);
    assert_eq!(site.delivered("mqtt", "password"), None);
    run
}

#[test]
fn each_denial_has_its_own_sentence_and_next_step() {
    for (denial, golden, reason) in [
        (Denial::Connection, "refused_connection", "firewall"),
        (Denial::Firewall, "refused_firewall", "firewall"),
        (Denial::Policy, "refused_policy", "policy"),
        (Denial::Rbac, "refused_role", "role"),
    ] {
        let site = Site::with_one_secret();
        site.vault.deny(denial, Scope::Vault);
        is_refused(&site, golden, reason);
        site.assert_well_behaved();
    }
}

#[test]
fn a_refusal_names_the_role_and_the_object_id() {
    let site = Site::with_one_secret();
    site.vault
        .deny(Denial::Rbac, Scope::Name("mqtt-password".to_owned()));
    let step = format!(
        "next: give object id {} \"Key Vault Secrets User\" on factory7-edge",
        site.app.object_id
    );
    site.keyferry(&["sync"]).exits(77).says(&step);
    assert!(site.set_status("mqtt")["next_step"]
        .as_str()
        .unwrap()
        .contains(&site.app.object_id));
}

#[test]
fn a_disabled_version_keeps_the_live_one() {
    let site = Site::with_one_secret();
    site.keyferry(&["sync"]).exits(0);
    site.seed("mqtt-password", "hunter3");
    site.vault.disable("mqtt-password", "latest");
    let run = site.keyferry(&["sync"]).exits(77);
    ends_with_next_step(&run);
    golden::matches(&site, "refused_disabled", &run);
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    assert_eq!(site.set_status("mqtt")["reason"], "disabled");
}

#[test]
fn a_vault_of_another_tenant_is_named() {
    let site = Site::with_one_secret();
    let other = cloud::guid();
    site.cloud.add_tenant(&other);
    site.vault.set_tenant(&other);
    is_refused(&site, "refused_issuer", "tenant").says(&format!("\"tenant\" to {other}"));
}

#[test]
fn a_token_for_another_audience_is_a_matter_of_the_cloud() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["cloud"] = json!({
        "authority": format!("https://{}", site.cloud.login_host()),
        "vault_suffix": "vault.usgovcloudapi.net",
        "vault_audience": "https://vault.example.org",
    });
    site.configure(&config);
    // A resource that this directory does not know is refused at the sign-in already.
    let run = site.keyferry(&["sync"]).exits(77);
    ends_with_next_step(&run);
    golden::matches(&site, "refused_resource", &run);
    assert_eq!(site.set_status("mqtt")["reason"], "cloud");
}

#[test]
fn a_hostile_challenge_gets_no_second_request() {
    for (challenge, golden) in [
        (
            "Bearer authorization=\"https://login.microsoftonline.com/common\", resource=\"https://vault.azure.net\"",
            "challenge_of_another_cloud",
        ),
        (
            "Bearer authorization=\"https://login.evil.example/x\", resource=\"https://vault.usgovcloudapi.net\"",
            "challenge_of_a_stranger",
        ),
    ] {
        let site = Site::with_one_secret();
        site.keyferry(&["sync"]).exits(0);
        site.seed("mqtt-password", "hunter3");
        site.cloud.revoke_tokens();
        site.vault.set_challenge(challenge);
        site.vault.set_tenant(&cloud::guid());
        site.cloud.reset_log();
        let run = site.keyferry(&["sync"]).exits(77);
        ends_with_next_step(&run);
        golden::matches(&site, golden, &run);
        assert_eq!(site.set_status("mqtt")["reason"], "cloud");
        assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
        let hosts: Vec<String> = site.cloud.requests().into_iter().map(|r| r.host).collect();
        let (login, vault) = (site.cloud.login_host(), site.vault.host().to_owned());
        assert_eq!(hosts, [vault.clone(), login, vault]);
    }
}

#[test]
fn a_fresh_token_that_the_vault_calls_expired_is_a_matter_of_clocks() {
    let site = Site::with_one_secret();
    let body = json!({"error": {"code": "Unauthorized", "message": "[TokenExpired] Error validating token: expired"}});
    site.cloud.fault(refuse(&site, 401, &body));
    is_refused(&site, "refused_token_expired", "clock");
}

#[test]
fn an_invalid_audience_says_that_the_cloud_is_wrong() {
    let site = Site::with_one_secret();
    let body = json!({"error": {"code": "Unauthorized", "message": "AKV10022: Invalid audience. Expected https://vault.usgovcloudapi.net, found: https://vault.azure.net."}});
    site.cloud.fault(refuse(&site, 401, &body));
    is_refused(&site, "refused_audience", "cloud");
}

#[test]
fn an_unknown_signing_key_is_a_matter_of_the_cloud() {
    let site = Site::with_one_secret();
    let body = json!({"error": {"code": "Unauthorized", "message": "AKV10046: Unable to resolve the key used for signature validation."}});
    site.cloud.fault(refuse(&site, 401, &body));
    is_refused(&site, "refused_signing_key", "cloud");
}

#[test]
fn what_a_vault_says_of_us_cannot_reach_the_terminal_raw() {
    for (header, code) in [
        // The HTTP parser refuses control characters in a header.
        (&b"conn_type=Ipv4\x1b[2J;addr=203.0.113.7;"[..], 65),
        (&b"conn_type=Ipv4;addr=203.0.113.7\xff\xc2\x9b2J;"[..], 77),
        ("conn_type=\u{202e}4vpI;addr=\u{9b}2J;".as_bytes(), 77),
    ] {
        let site = Site::with_one_secret();
        site.vault.deny(Denial::Firewall, Scope::Vault);
        site.vault.set_network_info(header);
        let run = site.keyferry(&["sync"]).exits(code);
        let odd = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!run.all().contains(odd), "{:?}", run.all());
    }
}

#[test]
fn a_refusal_without_a_code_is_told_with_its_status() {
    let site = Site::of(National::China);
    site.seed("mqtt-password", "hunter2");
    site.configure(&site.config(one_secret()));
    site.cloud.fault(refuse(&site, 403, &json!("no")));
    is_refused(&site, "refused_unknown", "policy");
}

fn refuse(site: &Site, code: u16, body: &Value) -> cloud::Fault {
    cloud::Fault {
        matching: cloud::Match::Host(site.vault.host().to_owned()),
        action: cloud::Action::Status {
            code,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string(),
        },
        times: usize::MAX,
    }
}
