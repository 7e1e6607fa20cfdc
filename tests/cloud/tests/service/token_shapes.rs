//! The forms in which a token endpoint writes a success.

use cloud::{Action, Fault, Match, National, TokenShape};

use crate::client::{Bench, AUDIENCE};

#[test]
fn numbers_may_be_strings_or_missing() {
    let bench = Bench::new();
    bench.cloud.set_token_shape(TokenShape::V1Strings);
    let old = bench.post_changed(&[]).json();
    assert_eq!(old["expires_in"], "3599");
    assert_eq!(old["resource"], AUDIENCE);
    let seconds = |name: &str| old[name].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(seconds("expires_on") - seconds("not_before"), 3899);
    bench.cloud.set_token_shape(TokenShape::NoExpiry);
    let silent = bench.post_changed(&[]).json();
    let members: Vec<&String> = silent.as_object().unwrap().keys().collect();
    assert_eq!(members, ["access_token", "token_type"]);
    bench.cloud.set_token_shape(TokenShape::V2);
    assert_eq!(bench.post_changed(&[]).json()["expires_in"], 3599);
}

#[test]
fn ad_fs_has_them_too() {
    let bench = Bench::of(National::AzureStack);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", bench.app.client_id.as_str()),
        ("resource", "https://vault.local.azurestack.external"),
        ("client_secret", "s~e+c/r&t"),
    ];
    bench.cloud.set_token_shape(TokenShape::NoExpiry);
    assert!(bench.post(&fields).json().get("expires_in").is_none());
    bench.cloud.set_token_shape(TokenShape::V1Strings);
    assert_eq!(bench.post(&fields).json()["expires_in"], "3599");
}

#[test]
fn pages_and_redirects_are_faults() {
    let bench = Bench::new();
    let elsewhere = "https://login.evil.example/token".to_owned();
    for action in [Action::HtmlPage, Action::Redirect(elsewhere)] {
        bench.cloud.fault(Fault {
            matching: Match::Token,
            action,
            times: 1,
        });
    }
    let page = bench.post_changed(&[]);
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html"))
    );
    let redirect = bench.post_changed(&[]);
    assert_eq!(redirect.status, 302);
    assert_eq!(
        redirect.header("location"),
        Some("https://login.evil.example/token")
    );
}
