//! Sign-in by another issuer's token: read anew each time, checked before it is sent.

use std::fs;

use cloud::TokenIssuer;
use serde_json::{json, Value};

use crate::golden;
use crate::support::Site;

const ISSUER: &str = "https://issuer.plant7.example";
const SUBJECT: &str = "device:gw-0042";
/// What the product says of US Government.
const AUDIENCE: &str = "api://AzureADTokenExchangeUSGov";

fn federated(site: &Site) -> Value {
    json!({
        "type": "federated",
        "tenant": site.cloud.tenant(),
        "client_id": site.app.client_id,
        "token_file": site.path("etc/token"),
    })
}

/// A site whose device has a token that fits.
fn site() -> Site {
    let site = Site::with_one_secret();
    let issuer = TokenIssuer::new(ISSUER);
    site.cloud
        .trust_issuer(&site.app, &issuer, SUBJECT, AUDIENCE);
    put(&site, &issuer.token(SUBJECT, AUDIENCE, 600));
    site.identify(federated(&site));
    site
}

fn put(site: &Site, token: &str) {
    site.write("etc/token", token, 0o600);
}

fn forget_token(site: &Site) {
    for entry in fs::read_dir(site.path("run")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().contains("/token-") {
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn a_token_of_another_issuer_signs_in() {
    let site = site();
    site.keyferry(&["check"]).exits(0);
    site.keyferry(&["sync", "--log", "debug"]).exits(0);
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    assert_eq!(
        site.status()["identity"]["text"],
        format!("federated token of {}", site.app.client_id)
    );
    let sign_in = &site.cloud.requests()[0];
    assert!(
        sign_in.authorized && sign_in.notes.is_empty(),
        "{sign_in:?}"
    );
    site.assert_well_behaved();
}

/// White space around it does not matter; whoever rotates it does so at any time.
#[test]
fn the_file_is_read_anew_for_each_sign_in() {
    let site = site();
    let issuer = TokenIssuer::new(ISSUER);
    site.keyferry(&["sync"]).exits(0);
    forget_token(&site);
    put(&site, &issuer.token(SUBJECT, AUDIENCE, -600));
    site.keyferry(&["sync"])
        .exits(78)
        .says("that expired on 20");
    put(
        &site,
        &format!("\n  {}\n\n", issuer.token(SUBJECT, AUDIENCE, 600)),
    );
    site.keyferry(&["sync"]).exits(0);
}

#[test]
fn a_token_that_would_be_refused_never_leaves_the_device() {
    let elliptic = TokenIssuer::elliptic(ISSUER).token(SUBJECT, AUDIENCE, 600);
    let expired = TokenIssuer::new(ISSUER).token(SUBJECT, AUDIENCE, -600);
    for (token, said, next) in [
        (
            elliptic.as_str(),
            "holds a token signed with ES256; Microsoft Entra accepts only RS256 and PS256",
            "let the issuer sign with an RSA key",
        ),
        (
            &expired,
            "holds a token that expired on 20",
            "look why nobody renews",
        ),
        (
            "not a token",
            "holds no signed token (JWT)",
            "let the token's issuer write its token into",
        ),
        (" \n", "is empty", "provision"),
    ] {
        let site = site();
        put(&site, token);
        let run = site.keyferry(&["sync"]).exits(78).says(said);
        run.says(&format!("  next: {next}")).says("etc/token");
        site.keyferry(&["check"]).exits(78).says(said);
        assert_eq!(site.set_status("mqtt")["reason"], "credential");
        assert_eq!(site.cloud.connections(), 0, "{said}");
    }
    let site = site();
    fs::remove_file(site.path("etc/token")).unwrap();
    site.keyferry(&["sync"])
        .exits(66)
        .says("etc/token does not exist");
    assert_eq!(site.cloud.connections(), 0);
}

/// What does not fit is told with what the token says and what the cloud usually wants.
#[test]
fn a_federated_credential_that_does_not_fit_is_told_with_both_sides() {
    let usual = "api://AzureADTokenExchange";
    let mut told = String::new();
    for (issuer, subject, audience, code) in [
        ("https://other.example", SUBJECT, AUDIENCE, 700_211),
        (ISSUER, SUBJECT, usual, 700_212),
        (ISSUER, "device:gw-0043", AUDIENCE, 700_213),
    ] {
        let site = site();
        let token = TokenIssuer::new(issuer).token(subject, audience, 600);
        put(&site, &token);
        let run = site.keyferry(&["sync"]).exits(77);
        let run = run.says(&format!("AADSTS{code}"));
        told += &golden::masked(&site, &run.stderr);
        assert_eq!(site.set_status("mqtt")["reason"], "credential");
    }
    let site = site();
    site.cloud.remove_federated_credentials(&site.app);
    let run = site.keyferry(&["sync"]).exits(77).says("AADSTS70025");
    told += &golden::masked(&site, &run.stderr);
    golden::text_matches("federated_refusals", &told);
}

#[test]
fn a_token_by_another_key_of_the_issuer_is_refused_there() {
    let site = site();
    let imitator = TokenIssuer::with_key(ISSUER, 1);
    put(&site, &imitator.token(SUBJECT, AUDIENCE, 600));
    site.keyferry(&["sync"]).exits(77).says("AADSTS700027");
}

#[test]
fn what_a_token_says_of_itself_cannot_forge_lines() {
    let site = site();
    let token = TokenIssuer::new(ISSUER).token("x\nerror: forged\u{1b}[2J", AUDIENCE, 600);
    put(&site, &token);
    let run = site.keyferry(&["sync"]).exits(77).says("AADSTS700213");
    let lines = run.stderr.lines();
    assert_eq!(
        lines
            .filter(|line| line.starts_with("error: forged"))
            .count(),
        0
    );
    run.never_says("\u{1b}");
}

#[test]
fn a_token_that_does_not_fit_lets_the_next_identity_try() {
    let site = site();
    site.cloud.remove_federated_credentials(&site.app);
    site.identify(json!([federated(&site), site.certificate_identity()]));
    let run = site.keyferry(&["sync"]).exits(0);
    run.says("warning: signed in as fallback: certificate gw-0042");
}
