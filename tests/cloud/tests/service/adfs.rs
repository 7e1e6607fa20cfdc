//! An Azure Stack Hub: AD FS in place of Entra, and a vault behind it.

use cloud::{Action, Device, Fault, Match, National};
use serde_json::json;

use crate::client::{Assertion, Bench, Reply};

const VAULT: &str = "https://vault.local.azurestack.external";

fn secret_fields(bench: &Bench) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", bench.app.client_id.clone()),
        ("resource", VAULT.to_owned()),
        ("client_secret", "s~e+c/r&t".to_owned()),
    ]
}

/// Posts the good request with one field changed, or left out.
fn post_changed(bench: &Bench, name: &str, value: Option<&str>) -> Reply {
    let mut fields = secret_fields(bench);
    fields.retain(|(known, _)| *known != name);
    let mut fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    fields.extend(value.map(|value| (name, value)));
    bench.post(&fields)
}

fn post_assertion(bench: &Bench, assertion: &Assertion) -> Reply {
    bench.post(&[
        ("grant_type", "client_credentials"),
        ("client_id", &bench.app.client_id),
        ("resource", VAULT),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", &assertion.sign()),
    ])
}

/// The number of a refusal that has nothing of Entra in it.
fn number(reply: &Reply) -> String {
    let json = reply.json();
    let mut members: Vec<&String> = json.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["error", "error_description"]);
    let description = json["error_description"].as_str().unwrap();
    assert!(!description.contains("AADSTS"), "{description}");
    let (number, _) = description.split_once(": ").unwrap();
    format!(
        "{} {} {number}",
        reply.status,
        json["error"].as_str().unwrap()
    )
}

#[test]
fn a_secret_opens_the_vault_of_the_stamp() {
    let bench = Bench::of(National::AzureStack);
    bench.cloud.vault("factory7-edge").set("a", "one");
    let reply = post_changed(&bench, "", None);
    let json = reply.json();
    assert_eq!(json["expires_in"], 3599);
    assert_eq!(json["token_type"], "bearer");
    assert!(json.get("expires_on").is_none() && json.get("ext_expires_in").is_none());
    let token = json["access_token"].as_str().unwrap();
    for version in ["2016-10-01", "7.0", "7.4"] {
        let path = format!("/secrets/a?api-version={version}");
        assert_eq!(bench.read_with(&path, Some(token)).json()["value"], "one");
    }
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn the_vault_names_ad_fs_and_no_tenant() {
    let bench = Bench::of(National::AzureStack);
    bench.cloud.vault("factory7-edge");
    let reply = bench.read_with("/secrets/a?api-version=2016-10-01", None);
    assert_eq!(
        reply.header("www-authenticate").unwrap(),
        "Bearer authorization=\"https://adfs.local.azurestack.external/adfs\", \
         resource=\"https://vault.local.azurestack.external\""
    );
}

#[test]
fn each_wrong_request_has_its_number() {
    let bench = Bench::of(National::AzureStack);
    let stranger = cloud::guid();
    let slash = format!("{VAULT}/");
    let cases = [
        (
            "client_secret",
            Some("wrong"),
            "400 invalid_client MSIS9622",
        ),
        ("client_secret", None, "400 invalid_client MSIS9622"),
        (
            "client_id",
            Some(stranger.as_str()),
            "400 invalid_client MSIS9607",
        ),
        (
            "grant_type",
            Some("implicit"),
            "400 unsupported_grant_type MSIS9611",
        ),
        ("grant_type", None, "400 invalid_request MSIS9604"),
        (
            "resource",
            Some("https://vault.azure.net"),
            "400 invalid_resource MSIS9602",
        ),
        (
            "resource",
            Some(slash.as_str()),
            "400 invalid_resource MSIS9602",
        ),
        (
            "resource",
            Some("https://storage.azure.com"),
            "400 invalid_resource MSIS9602",
        ),
    ];
    for (name, value, expected) in cases {
        let reply = post_changed(&bench, name, value);
        assert_eq!(number(&reply), expected, "{name}={value:?}");
    }
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn a_scope_is_no_resource() {
    let bench = Bench::of(National::AzureStack);
    assert_eq!(post_changed(&bench, "scope", Some("openid")).status, 200);
    assert!(bench.cloud.unexpected().is_empty());
    let reply = bench.post_changed(&[]);
    assert_eq!(number(&reply), "400 invalid_request MSIS9604");
    assert_eq!(bench.cloud.unexpected().len(), 1);
}

#[test]
fn an_assertion_is_rs256_and_named_by_sha1() {
    let bench = Bench::of(National::AzureStack);
    let device = Device::new("device-1");
    let cloud = &bench.cloud;
    cloud.add_certificate(&bench.app, &device.certificate_der);
    let good = || Assertion::new(&bench, &device).for_ad_fs(&device);
    assert_eq!(
        good().payload["aud"],
        "https://adfs.local.azurestack.external/adfs/oauth2/token"
    );
    let accepted = good();
    assert_eq!(post_assertion(&bench, &accepted).status, 200);
    assert!(cloud.requests()[0].notes.is_empty());

    let mut pss = good();
    pss.header["alg"] = json!("PS256");
    let mut both_names = good();
    both_names.header["x5t#S256"] = Assertion::new(&bench, &device).header["x5t#S256"].take();
    let mut entra_audience = good();
    entra_audience.payload["aud"] =
        json!("https://adfs.local.azurestack.external/adfs/oauth2/v2.0/token");
    let mut other_key = good();
    let other = Device::builder("device-2").key(1).build();
    other_key.key = Assertion::new(&bench, &other).key;
    let refused = [
        ("made for Entra", Assertion::new(&bench, &device)),
        ("PS256", pss),
        ("both thumbprints", both_names),
        ("another audience", entra_audience),
        ("another key", other_key),
        ("a second time", accepted),
    ];
    for (what, assertion) in refused {
        let reply = post_assertion(&bench, &assertion);
        assert_eq!(number(&reply), "400 invalid_client MSIS9622", "{what}");
    }
}

#[test]
fn paths_of_entra_do_not_exist() {
    let bench = Bench::of(National::AzureStack);
    let host = bench.cloud.login_host();
    let fields = secret_fields(&bench);
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let posted = ["/adfs/oauth2/v2.0/token", "/common/oauth2/token"];
    for path in posted {
        assert_eq!(bench.client.post(&host, path, &fields).status, 404);
    }
    let reply = bench
        .client
        .get(&host, "/common/discovery/instance?api-version=1.1", None);
    assert_eq!(reply.status, 404);
    assert!(reply
        .header("content-type")
        .unwrap()
        .starts_with("text/html"));
    assert_eq!(bench.cloud.unexpected().len(), 3);
}

#[test]
fn a_disabled_client_is_unknown() {
    let bench = Bench::of(National::AzureStack);
    bench.cloud.disable_app(&bench.app);
    let reply = post_changed(&bench, "", None);
    assert_eq!(number(&reply), "400 invalid_client MSIS9607");
}

#[test]
fn faults_find_its_token_endpoint() {
    let bench = Bench::of(National::AzureStack);
    bench.cloud.fault(Fault {
        matching: Match::Token,
        action: Action::HtmlPage,
        times: 1,
    });
    let reply = post_changed(&bench, "", None);
    assert_eq!(reply.header("content-type"), Some("text/html"));
    assert_eq!(post_changed(&bench, "", None).status, 200);
}
