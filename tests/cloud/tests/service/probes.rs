//! What a token can be tried on: Resource Manager, Graph, storage, a vault's list.

use cloud::{Denial, National, Scope};

use crate::client::{escape, Bench, Reply, AUDIENCE};

const MANAGEMENT: &str = "https://management.core.usgovcloudapi.net";
const GRAPH: &str = "https://graph.microsoft.us";
const STORAGE: &str = "https://storage.azure.com";

const USER: &str = "worker@plant7.example";

/// An application's own token for a resource.
fn token(bench: &Bench, resource: &str) -> String {
    let reply = bench.post_changed(&[("scope", &format!("{resource}/.default"))]);
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

fn user_token(bench: &Bench, resource: &str) -> String {
    bench.cloud.allow_public_client(&bench.app);
    bench.cloud.add_user(USER, "secret");
    let reply = bench.post(&[
        ("grant_type", "password"),
        ("client_id", &bench.app.client_id),
        ("scope", &format!("{resource}/.default")),
        ("username", USER),
        ("password", "secret"),
    ]);
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

fn subscriptions(bench: &Bench, token: Option<&str>) -> Reply {
    let host = bench.cloud.resource_manager_host();
    let path = "/subscriptions?api-version=2022-12-01";
    bench.client.get(&host, path, token)
}

#[test]
fn subscriptions_are_those_of_the_tenant() {
    let bench = Bench::new();
    for audience in [
        MANAGEMENT,
        "https://management.usgovcloudapi.net",
        &format!("{MANAGEMENT}/"),
    ] {
        let reply = subscriptions(&bench, Some(&token(&bench, audience)));
        assert_eq!(reply.json()["value"], serde_json::json!([]), "{audience}");
    }
    let id = bench.cloud.add_subscription("Plant 7");
    let listed = subscriptions(&bench, Some(&token(&bench, MANAGEMENT))).json();
    assert_eq!(listed["value"][0]["subscriptionId"], id);
    assert_eq!(listed["value"][0]["tenantId"], bench.cloud.tenant());
    assert_eq!(listed["count"]["value"], 1);
    assert!(bench.cloud.requests().last().unwrap().authorized);
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn resource_manager_says_what_is_wrong_with_a_token() {
    let bench = Bench::new();
    let missing = subscriptions(&bench, None);
    assert_eq!(missing.refusal(), "401 AuthenticationFailed");
    assert!(missing
        .header("www-authenticate")
        .unwrap()
        .contains("login.microsoftonline.us"));
    let other = subscriptions(&bench, Some(&token(&bench, AUDIENCE)));
    assert_eq!(other.refusal(), "401 InvalidAuthenticationTokenAudience");
    assert!(other
        .body
        .contains("https://management.core.usgovcloudapi.net/,https://"));
    let nonsense = subscriptions(&bench, Some("nonsense"));
    assert_eq!(nonsense.refusal(), "401 InvalidAuthenticationToken");
    let good = token(&bench, MANAGEMENT);
    bench.cloud.set_clock_offset(4000);
    let expired = subscriptions(&bench, Some(&good));
    assert_eq!(expired.refusal(), "401 ExpiredAuthenticationToken");
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn a_stamp_is_years_behind() {
    let bench = Bench::of(National::AzureStack);
    let host = bench.cloud.resource_manager_host();
    let resource = National::AzureStack.management_audiences()[0];
    let reply = bench.post(&[
        ("grant_type", "client_credentials"),
        ("client_id", &bench.app.client_id),
        ("resource", resource),
        ("client_secret", "s~e+c/r&t"),
    ]);
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    let newer = subscriptions(&bench, Some(&token));
    assert_eq!(newer.refusal(), "400 InvalidApiVersionParameter");
    let path = "/subscriptions?api-version=2016-06-01";
    assert_eq!(bench.client.get(&host, path, Some(&token)).status, 200);
    assert!(bench.cloud.unexpected().is_empty());
    let graph = bench.cloud.graph_host();
    assert_eq!(
        bench.client.get(&graph, "/v1.0/me", Some(&token)).status,
        404
    );
    assert_eq!(bench.cloud.unexpected().len(), 1);
}

#[test]
fn graph_knows_people_only() {
    let bench = Bench::new();
    let host = bench.cloud.graph_host();
    let me = |token: Option<&str>| bench.client.get(&host, "/v1.0/me", token);
    let own = token(&bench, GRAPH);
    let application = me(Some(&own));
    assert_eq!(application.refusal(), "400 BadRequest");
    assert_eq!(
        application.json()["error"]["message"],
        "/me request is only valid with delegated authentication flow."
    );
    assert!(bench.cloud.requests().last().unwrap().authorized);
    let person = me(Some(&user_token(&bench, GRAPH)));
    assert_eq!(person.json()["userPrincipalName"], USER);
    let other = me(Some(&token(&bench, AUDIENCE)));
    assert_eq!(other.refusal(), "401 InvalidAuthenticationToken");
    assert!(other.body.contains("Invalid audience."));
    assert_eq!(me(None).refusal(), "401 InvalidAuthenticationToken");
    assert_eq!(
        me(Some("nonsense")).refusal(),
        "401 InvalidAuthenticationToken"
    );
    bench.cloud.set_clock_offset(4000);
    assert!(me(Some(&own)).body.contains("the token is expired"));
    assert!(bench.cloud.unexpected().is_empty());
}

/// Lists containers with these headers besides the token.
fn containers(bench: &Bench, query: &str, token: Option<&str>, headers: &str) -> Reply {
    let host = bench.cloud.blob_host("plant7store");
    let bearer = token.map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let request =
        format!("GET /?comp=list{query} HTTP/1.1\r\nHost: {host}\r\n{bearer}{headers}\r\n");
    bench.client.open(&host).send(&request).unwrap()
}

const VERSION: &str = "x-ms-version: 2019-02-02\r\n";

#[test]
fn containers_come_in_pages_of_xml() {
    let bench = Bench::new();
    let account = bench.cloud.storage_account("plant7store");
    assert_eq!(account.host(), "plant7store.blob.core.usgovcloudapi.net");
    for name in ["images", "configuration", "keys"] {
        account.add_container(name);
    }
    let own = format!("https://{}", account.host());
    for audience in [STORAGE, &format!("{STORAGE}/"), &own] {
        let token = token(&bench, audience);
        let reply = containers(&bench, "&maxresults=2", Some(&token), VERSION);
        assert_eq!(reply.status, 200, "{audience}: {}", reply.body);
        assert!(reply.body.starts_with("\u{feff}<?xml "));
        assert!(reply.body.contains("<Name>configuration</Name>"));
        assert!(reply.body.contains("<Name>images</Name>"));
        assert!(reply.body.contains("<NextMarker>keys</NextMarker>"));
    }
    let token = token(&bench, STORAGE);
    let last = containers(&bench, "&maxresults=2&marker=keys", Some(&token), VERSION);
    assert_eq!(last.body.matches("<Name>").count(), 1);
    assert!(last.body.contains("<NextMarker />"));
    let prefix = containers(&bench, "&prefix=im", Some(&token), VERSION);
    assert_eq!(prefix.body.matches("<Name>").count(), 1);
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn storage_says_what_is_wrong() {
    let bench = Bench::new();
    let account = bench.cloud.storage_account("plant7store");
    let good = token(&bench, STORAGE);
    let code = |reply: &Reply| {
        let code = reply.header("x-ms-error-code").unwrap().to_owned();
        assert!(reply.body.contains(&format!("<Code>{code}</Code>")));
        format!("{} {code}", reply.status)
    };
    let missing = containers(&bench, "", None, VERSION);
    assert_eq!(code(&missing), "401 NoAuthenticationInformation");
    let challenge = format!(
        "Bearer authorization_uri=https://login.microsoftonline.us/{}/oauth2/authorize \
         resource_id=https://storage.azure.com",
        bench.cloud.tenant()
    );
    assert_eq!(missing.header("www-authenticate").unwrap(), challenge);
    let other = containers(&bench, "", Some(&token(&bench, AUDIENCE)), VERSION);
    assert_eq!(code(&other), "401 InvalidAuthenticationInfo");
    assert!(other.body.contains("Audience did not match."));
    let other = "https://other.blob.core.usgovcloudapi.net";
    let other = containers(&bench, "", Some(&token(&bench, other)), VERSION);
    assert_eq!(code(&other), "401 InvalidAuthenticationInfo");
    account.deny();
    let denied = containers(&bench, "", Some(&good), VERSION);
    assert_eq!(code(&denied), "403 AuthorizationPermissionMismatch");
    account.allow();
    let old = format!("{VERSION}x-ms-date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    let old = containers(&bench, "", Some(&good), &old);
    assert_eq!(code(&old), "403 AuthenticationFailed");
    let now = containers(&bench, "", Some(&good), VERSION);
    let date = format!("{VERSION}x-ms-date: {}\r\n", now.header("date").unwrap());
    assert_eq!(containers(&bench, "", Some(&good), &date).status, 200);
    account.set_tenant(&cloud::guid());
    let issuer = containers(&bench, "", Some(&good), VERSION);
    assert!(issuer.body.contains("Issuer did not match."));
    let many = containers(&bench, "&maxresults=5001", None, VERSION);
    assert_eq!(many.status, 401, "nothing is told to strangers");
    assert!(bench.cloud.unexpected().is_empty());
    let unversioned = containers(&bench, "", Some(&good), "");
    assert_eq!(code(&unversioned), "400 MissingRequiredHeader");
    let strange = containers(&bench, "", Some(&good), "x-ms-version: 2030-01-01\r\n");
    assert_eq!(code(&strange), "400 InvalidHeaderValue");
    assert_eq!(bench.cloud.unexpected().len(), 2);
}

#[test]
fn an_account_that_does_not_exist_has_no_host() {
    let bench = Bench::new();
    let token = token(&bench, STORAGE);
    assert_eq!(containers(&bench, "", Some(&token), VERSION).status, 404);
    assert_eq!(bench.cloud.unexpected().len(), 1);
}

#[test]
fn a_vaults_list_can_be_forbidden_alone() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    let list = "/secrets?api-version=7.4&maxresults=1";
    let empty = bench.read(list).json();
    assert_eq!(empty, serde_json::json!({"value": [], "nextLink": null}));
    vault.set("a", "one");
    assert_eq!(
        bench.read(list).json()["value"].as_array().unwrap().len(),
        1
    );
    for (denial, inner) in [
        (Denial::Rbac, "ForbiddenByRbac"),
        (Denial::Policy, "ForbiddenByPolicy"),
    ] {
        vault.deny(denial, Scope::Lists);
        assert_eq!(bench.read(list).refusal(), format!("403 Forbidden/{inner}"));
        let versions = bench.read("/secrets/a/versions?api-version=7.4");
        assert_eq!(versions.status, 403);
        assert_eq!(bench.read("/secrets/a?api-version=7.4").status, 200);
    }
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn a_vault_can_name_another_cloud() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    let challenge = |national: National| {
        vault.challenge_of(national);
        let reply = bench.read_with("/secrets/a?api-version=7.4", None);
        reply.header("www-authenticate").unwrap().to_owned()
    };
    assert_eq!(
        challenge(National::China),
        format!(
            "Bearer authorization=\"https://login.partner.microsoftonline.cn/{}\", \
             resource=\"https://vault.azure.cn\"",
            bench.cloud.tenant()
        )
    );
    assert_eq!(
        challenge(National::AzureStack),
        "Bearer authorization=\"https://adfs.local.azurestack.external/adfs\", \
         resource=\"https://vault.local.azurestack.external\""
    );
}

#[test]
fn tokens_are_not_sent_in_queries() {
    let bench = Bench::new();
    let token = escape(&token(&bench, GRAPH));
    let path = format!("/v1.0/me?access_token={token}");
    let reply = bench.client.get(&bench.cloud.graph_host(), &path, None);
    assert_eq!(reply.status, 401);
    assert_eq!(
        bench.cloud.unexpected()[0].unexpected,
        ["a credential in the query"]
    );
}
