//! Sign-in by a user's password: for test tenants and AD FS, and said so.

use cloud::{Action, Fault, Match};
use serde_json::{json, Value};

use crate::support::Site;

const USER: &str = "worker@plant7.example";
const PASSWORD: &str = "battery & staple";

fn password(site: &Site) -> Value {
    json!({
        "type": "password",
        "tenant": site.cloud.tenant(),
        "client_id": site.app.client_id,
        "username": USER,
        "password": site.path("etc/password"),
    })
}

fn site() -> Site {
    let site = Site::with_one_secret();
    site.hide(PASSWORD);
    site.cloud.allow_public_client(&site.app);
    site.cloud.add_user(USER, PASSWORD);
    site.write("etc/password", &format!("{PASSWORD}\n"), 0o600);
    site.identify(password(&site));
    site
}

#[test]
fn a_users_password_signs_in_and_is_called_deprecated() {
    let site = site();
    let deprecated = "signs in by a user's password, which Microsoft has deprecated";
    site.keyferry(&["check"]).exits(0).says(deprecated);
    site.keyferry(&["sync", "--log", "debug"])
        .exits(0)
        .says(deprecated);
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    assert_eq!(site.status()["identity"]["text"], format!("user {USER}"));
    let sign_in = &site.cloud.requests()[0];
    assert!(
        sign_in.authorized && sign_in.notes.is_empty(),
        "{sign_in:?}"
    );
    site.assert_well_behaved();
}

#[test]
fn each_refusal_of_a_user_has_its_own_next_step() {
    let site = site();
    site.cloud.set_lockout(1);
    site.hide("correct staple");
    site.write("etc/password", "correct staple", 0o600);
    let run = site.keyferry(&["sync"]).exits(77).says("AADSTS50126");
    run.says("next: correct the password; do not try again before, the account locks");
    site.write("etc/password", PASSWORD, 0o600);
    let run = site.keyferry(&["sync"]).exits(77).says("AADSTS50053");
    run.says("next: wait until the account is unlocked");
    let site = self::site();
    site.cloud.require_mfa(USER);
    let run = site.keyferry(&["sync"]).exits(77).says("AADSTS50076");
    run.says("next: a person must answer there: use a service principal or managed identity");
    let mut nobody = password(&site);
    nobody["username"] = json!("nobody@plant7.example");
    site.identify(nobody);
    let run = site.keyferry(&["sync"]).exits(77).says("AADSTS50034");
    run.says("next: check the user's name and tenant");
    assert_eq!(site.set_status("mqtt")["reason"], "credential");
    // One request a run: repeating it would lock the account.
    assert_eq!(site.cloud.requests().len(), 2);
    site.assert_well_behaved();
}

#[test]
fn an_app_that_is_not_public_is_told_what_to_allow() {
    let site = site();
    let app = site.cloud.add_app();
    let mut identity = password(&site);
    identity["client_id"] = json!(app.client_id);
    site.identify(identity);
    let run = site.keyferry(&["sync"]).exits(77).says("AADSTS7000218");
    run.says(&format!(
        "next: allow public client flows for app {}",
        app.client_id
    ));
}

#[test]
fn a_wrong_password_lets_the_next_identity_try() {
    let site = site();
    site.write("etc/password", "correct staple", 0o600);
    site.identify(json!([password(&site), site.certificate_identity()]));
    site.keyferry(&["sync"])
        .exits(0)
        .says("signed in as fallback: certificate gw-0042");
}

#[test]
fn conditional_access_is_told_by_its_code() {
    for code in [50_097, 53_003, 530_003] {
        let site = site();
        let body = json!({"error": "interaction_required", "error_codes": [code]});
        site.cloud.fault(Fault {
            matching: Match::Token,
            action: Action::Status {
                code: 400,
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                body: body.to_string(),
            },
            times: usize::MAX,
        });
        let run = site.keyferry(&["sync"]).exits(77);
        run.says(&format!("AADSTS{code}")).says("next: ");
    }
}
