//! The vaults: tokens, objects, pages, refusals.

use cloud::{Denial, Scope, Secret};

use crate::client::{Bench, AUDIENCE};

#[test]
fn a_secret_comes_as_it_was_set() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    let first = vault.set("greeting", "one");
    let mut secret = Secret::new("Grüße\n\"zwei\" \u{1F511}");
    secret.content_type = Some("text/plain".to_owned());
    secret.tags = vec![("line".to_owned(), "7".to_owned())];
    secret.expires = Some(4_102_444_800);
    let second = vault.set_with("greeting", secret);
    for path in [
        "/secrets/greeting",
        "/secrets/GREETING/",
        &format!("/secrets/greeting/{second}"),
    ] {
        let reply = bench.read(&format!("{path}?api-version=7.4"));
        let json = reply.json();
        assert_eq!(json["value"], "Grüße\n\"zwei\" \u{1F511}");
        assert_eq!(
            json["id"],
            format!("{}/secrets/greeting/{second}", vault.url())
        );
        assert_eq!(json["contentType"], "text/plain");
        assert_eq!(json["tags"]["line"], "7");
        assert_eq!(json["attributes"]["exp"], 4_102_444_800_i64);
        assert_eq!(json["attributes"]["recoverableDays"], 90);
        assert!(json["attributes"].get("nbf").is_none());
    }
    let old = bench
        .read(&format!("/secrets/greeting/{first}?api-version=7.0"))
        .json();
    assert_eq!(old["value"], "one");
    assert!(old["attributes"].get("recoverableDays").is_none());
    assert!(old.get("contentType").is_none() && old.get("tags").is_none());
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn the_latest_counts_even_if_disabled() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    let first = vault.set("a", "one");
    vault.set("a", "two");
    vault.disable("a", "latest");
    let latest = bench.read("/secrets/a?api-version=7.4");
    assert_eq!(latest.refusal(), "403 Forbidden/SecretDisabled");
    let first = bench.read(&format!("/secrets/a/{first}?api-version=7.4"));
    assert_eq!(first.status, 200);
    vault.enable("a", "latest");
    assert_eq!(
        bench.read("/secrets/a?api-version=7.4").json()["value"],
        "two"
    );
}

#[test]
fn missing_deleted_and_malformed_names_differ() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    vault.set("a", "one");
    vault.delete("a");
    for path in [
        "/secrets/a",
        "/secrets/never",
        "/secrets/never/0123456789abcdef0123456789abcdef",
    ] {
        let reply = bench.read(&format!("{path}?api-version=7.4"));
        assert_eq!(reply.refusal(), "404 SecretNotFound");
        assert!(reply.body.contains("recently deleted"));
    }
    vault.recover("a");
    assert_eq!(bench.read("/secrets/a?api-version=7.4").status, 200);
    assert_eq!(
        bench.read("/secrets/a_b?api-version=7.4").refusal(),
        "400 BadParameter"
    );
}

#[test]
fn a_missing_token_is_challenged() {
    let bench = Bench::new();
    bench.cloud.vault("factory7-edge").set("a", "one");
    let reply = bench.read_with("/secrets/a?api-version=7.4", None);
    assert_eq!(reply.refusal(), "401 Unauthorized");
    assert!(reply
        .body
        .contains("AKV10000: Request is missing a Bearer or PoP token."));
    let challenge = format!(
        "Bearer authorization=\"https://login.microsoftonline.us/{}\", resource=\"{AUDIENCE}\"",
        bench.cloud.tenant()
    );
    assert_eq!(reply.header("www-authenticate").unwrap(), challenge);
}

#[test]
fn bad_tokens_are_refused_with_the_reason() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    vault.set("a", "one");
    let path = "/secrets/a?api-version=7.4";
    let good = bench.token();
    assert_eq!(bench.read_with(path, Some(&good)).status, 200);

    let slash = bench.post_changed(&[("scope", &format!("{AUDIENCE}//.default"))]);
    let slash = slash.json()["access_token"].as_str().unwrap().to_owned();
    let (signed, _) = good.rsplit_once('.').unwrap();
    let unsigned = format!("{signed}.");
    let foreign = format!("{signed}.{}", slash.rsplit_once('.').unwrap().1);
    let cases = [
        (slash.as_str(), "AKV10022"),
        (unsigned.as_str(), "AKV10046"),
        (foreign.as_str(), "AKV10046"),
        ("nonsense", "AKV10001"),
    ];
    for (token, code) in cases {
        let reply = bench.read_with(path, Some(token));
        assert_eq!(reply.refusal(), "401 Unauthorized");
        assert!(reply.body.contains(code), "{code}: {}", reply.body);
        assert!(reply
            .header("www-authenticate")
            .unwrap()
            .contains("error=\"invalid_token\""));
    }

    vault.set_tenant(&cloud::guid());
    assert!(bench.read_with(path, Some(&good)).body.contains("AKV10032"));
    vault.set_tenant(&bench.cloud.tenant());
    bench.cloud.set_clock_offset(4000);
    assert!(bench
        .read_with(path, Some(&good))
        .body
        .contains("[TokenExpired]"));
    bench.cloud.set_clock_offset(0);
    bench.cloud.revoke_tokens();
    assert!(bench.read_with(path, Some(&good)).body.contains("AKV10046"));
    assert_eq!(bench.read(path).status, 200);
}

#[test]
fn the_api_version_must_be_known() {
    let bench = Bench::new();
    bench.cloud.vault("factory7-edge").set("a", "one");
    for path in [
        "/secrets/a",
        "/secrets/a?api-version=6.0",
        "/secrets/a?api-version=7.4&api-version=7.4",
    ] {
        assert_eq!(bench.read(path).refusal(), "400 BadParameter", "{path}");
    }
    assert_eq!(bench.cloud.unexpected().len(), 3);
}

#[test]
fn denials_are_told_apart_and_scoped() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    vault.set("a", "one");
    vault.set("b", "two");
    let cases = [
        (Denial::Connection, "ForbiddenByConnection"),
        (Denial::Firewall, "ForbiddenByFirewall"),
        (Denial::Policy, "ForbiddenByPolicy"),
        (Denial::Rbac, "ForbiddenByRbac"),
    ];
    for (denial, inner) in cases {
        vault.deny(denial, Scope::Name("A".to_owned()));
        let reply = bench.read("/secrets/a?api-version=7.4");
        assert_eq!(reply.refusal(), format!("403 Forbidden/{inner}"));
        assert_eq!(bench.read("/secrets/b?api-version=7.4").status, 200);
        assert_eq!(bench.read("/secrets?api-version=7.4").status, 200);
        vault.deny(denial, Scope::Vault);
        assert_eq!(bench.read("/secrets?api-version=7.4").status, 403);
        vault.allow_all();
    }
    assert_eq!(bench.read("/secrets/a?api-version=7.4").status, 200);
}

#[test]
fn lists_come_in_pages_without_values() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    for number in 0..60 {
        vault.set(&format!("sensor-{number:02}"), "hidden-value");
    }
    for (empty_pages, pages) in [(0, 3), (2, 9)] {
        vault.set_empty_pages(empty_pages);
        assert_eq!(walk(&bench, "/secrets?api-version=7.4"), (60, pages));
    }
    vault.set_empty_pages(0);
    assert_eq!(
        walk(&bench, "/secrets?maxresults=7&api-version=7.4"),
        (60, 9)
    );
    for bad in ["maxresults=26", "maxresults=0", "$skiptoken=abc"] {
        let reply = bench.read(&format!("/secrets?{bad}&api-version=7.4"));
        assert_eq!(reply.refusal(), "400 BadParameter", "{bad}");
    }
}

#[test]
fn versions_are_listed_with_their_ids() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    let mut set: Vec<String> = (0..4)
        .map(|number| vault.set("a", &number.to_string()))
        .collect();
    let json = bench.read("/secrets/a/versions?api-version=7.4").json();
    let mut listed: Vec<String> = Vec::new();
    for item in json["value"].as_array().unwrap() {
        let id = item["id"].as_str().unwrap();
        listed.push(id.rsplit_once('/').unwrap().1.to_owned());
    }
    set.sort();
    listed.sort();
    assert_eq!(listed, set);
    assert!(json["nextLink"].is_null());
    let none = bench.read("/secrets/never/versions?api-version=7.4");
    assert_eq!(none.body, "{\"value\":[],\"nextLink\":null}");
}

#[test]
fn hostile_headers_can_be_set() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    vault.set_network_info(b"addr=\x1b[31m\xff;".to_vec());
    vault.set_challenge("Bearer authorization=\"https://login.evil.example/x\"");
    let reply = bench.read_with("/secrets?api-version=7.4", None);
    assert!(reply.head.contains("addr=\u{1b}[31m"));
    assert!(reply.header("www-authenticate").unwrap().contains("evil"));
}

#[test]
fn throttling_passes() {
    let bench = Bench::new();
    let vault = bench.cloud.vault("factory7-edge");
    vault.set("a", "one");
    vault.throttle(1, Some(3));
    let reply = bench.read("/secrets/a?api-version=7.4");
    assert_eq!(reply.refusal(), "429 Throttled");
    assert_eq!(reply.header("retry-after"), Some("3"));
    assert_eq!(bench.read("/secrets/a?api-version=7.4").status, 200);
}

/// Follows the pages: how many entries, how many pages.
fn walk(bench: &Bench, first: &str) -> (usize, usize) {
    let token = bench.token();
    let (mut entries, mut pages) = (0, 0);
    let mut path = first.to_owned();
    loop {
        let reply = bench.read_with(&path, Some(&token));
        assert!(!reply.body.contains("hidden-value"));
        let json = reply.json();
        entries += json["value"].as_array().unwrap().len();
        pages += 1;
        let Some(next) = json["nextLink"].as_str() else {
            return (entries, pages);
        };
        let host = bench.cloud.vault_host("factory7-edge");
        path = next
            .strip_prefix(&format!("https://{host}"))
            .unwrap()
            .to_owned();
    }
}
