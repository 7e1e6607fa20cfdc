//! Tokens of another issuer in an assertion's place.

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};
use cloud::{Device, TokenIssuer};

use crate::client::{Assertion, Bench};

const AUDIENCE: &str = "api://AzureADTokenExchangeUSGov";
const SUBJECT: &str = "system:serviceaccount:plant7:edge";

/// A bench whose application trusts this issuer.
fn bench(issuer: &TokenIssuer) -> Bench {
    let bench = Bench::new();
    bench
        .cloud
        .trust_issuer(&bench.app, issuer, SUBJECT, AUDIENCE);
    bench
}

#[test]
fn a_trusted_token_is_good_until_it_expires() {
    let issuer = TokenIssuer::new("https://oidc.example/plant7");
    assert_eq!(issuer.url(), "https://oidc.example/plant7");
    let bench = bench(&issuer);
    let token = issuer.token(SUBJECT, AUDIENCE, 600);
    for _ in 0..2 {
        assert_eq!(bench.post_assertion(&token).status, 200);
    }
    assert!(bench.cloud.requests()[0].notes.is_empty());
    bench.cloud.set_clock_offset(1000);
    assert_eq!(bench.post_assertion(&token).code(), 700024);
}

#[test]
fn what_does_not_fit_is_told_apart() {
    let issuer = TokenIssuer::new("https://oidc.example");
    let bench = bench(&issuer);
    let elliptic = TokenIssuer::elliptic("https://oidc.example");
    let stranger = TokenIssuer::new("https://oidc.example/");
    let impostor = TokenIssuer::with_key("https://oidc.example", 1);
    let cases = [
        (elliptic.token(SUBJECT, AUDIENCE, 600), 400, 5002738),
        (stranger.token(SUBJECT, AUDIENCE, 600), 401, 700211),
        (
            issuer.token(SUBJECT, "api://AzureADTokenExchange", 600),
            401,
            700212,
        ),
        (
            issuer.token("system:serviceaccount:plant7:Edge", AUDIENCE, 600),
            401,
            700213,
        ),
        (issuer.token(SUBJECT, AUDIENCE, -600), 401, 700024),
        (impostor.token(SUBJECT, AUDIENCE, 600), 401, 700027),
    ];
    for (token, status, code) in cases {
        let reply = bench.post_assertion(&token);
        assert_eq!((reply.status, reply.code()), (status, code));
    }
    bench.cloud.remove_federated_credentials(&bench.app);
    let good = issuer.token(SUBJECT, AUDIENCE, 600);
    assert_eq!(bench.post_assertion(&good).code(), 70025);
}

#[test]
fn a_tampered_token_is_refused() {
    let issuer = TokenIssuer::new("https://oidc.example");
    let bench = bench(&issuer);
    let poor = issuer.token("system:serviceaccount:plant7:guest", AUDIENCE, 600);
    let good = issuer.token(SUBJECT, AUDIENCE, 600);
    let (head, rest) = good.split_once('.').unwrap();
    let (payload, _) = rest.split_once('.').unwrap();
    let foreign = poor.rsplit_once('.').unwrap().1;
    for forged in [
        format!("{head}.{payload}.{foreign}"),
        format!("{head}.{payload}."),
    ] {
        assert_eq!(bench.post_assertion(&forged).code(), 700027);
    }
    let none = BASE64_URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}");
    let unsigned = format!("{none}.{payload}.");
    assert_eq!(bench.post_assertion(&unsigned).code(), 5002738);
}

#[test]
fn elliptic_tokens_are_well_formed() {
    let issuer = TokenIssuer::elliptic("https://oidc.example");
    let token = issuer.token(SUBJECT, AUDIENCE, 600);
    let signature = token.rsplit_once('.').unwrap().1;
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap().len(), 64);
}

#[test]
fn several_credentials_and_a_certificate_live_side_by_side() {
    let issuer = TokenIssuer::new("https://oidc.example");
    let bench = bench(&issuer);
    bench
        .cloud
        .trust_issuer(&bench.app, &issuer, "another", AUDIENCE);
    let device = Device::new("device-1");
    bench
        .cloud
        .add_certificate(&bench.app, &device.certificate_der);
    let own = Assertion::new(&bench, &device).sign();
    for assertion in [
        own,
        issuer.token(SUBJECT, AUDIENCE, 600),
        issuer.token("another", AUDIENCE, 600),
    ] {
        assert_eq!(bench.post_assertion(&assertion).status, 200);
    }
}
