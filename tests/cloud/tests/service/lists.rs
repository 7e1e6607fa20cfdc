//! Lists of all kinds: pages, links that lead astray, and what the items say.

use cloud::{Certificate, Device, Key, Secret, Vault};
use serde_json::Value;

use crate::client::Bench;

fn vault(bench: &Bench) -> Vault {
    bench.cloud.vault("factory7-edge")
}

/// Follows the links, whatever host they name, on the vault's own: the items of each page.
fn pages(bench: &Bench, first: &str) -> Vec<Vec<Value>> {
    let token = bench.token();
    let mut pages = Vec::new();
    let mut path = first.to_owned();
    loop {
        let json = bench.read_with(&path, Some(&token)).json();
        pages.push(json["value"].as_array().unwrap().clone());
        let link = json.get("nextLink").expect("there is one even at the end");
        let Some(link) = link.as_str() else {
            assert!(link.is_null());
            return pages;
        };
        path = link[link.find(".net").unwrap() + 4..].to_owned();
        path = path.trim_start_matches(":443").to_owned();
    }
}

#[test]
fn all_lists_come_in_pages_some_of_them_empty() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let device = Device::new("broker");
    for number in 0..7 {
        let certificate = Certificate::pem(&device.combined_pem);
        vault.set_certificate(&format!("certificate-{number}"), certificate);
        vault.set_key(&format!("key-{number}"), Key::ec("P-256", b"x", b"y"));
        vault.set(&format!("password-{number}"), "hush");
    }
    vault.set_empty_pages(2);
    let cases = [
        ("/certificates?maxresults=3&includePending=false", 7, "id"),
        ("/keys?maxresults=3", 14, "kid"),
        ("/secrets?maxresults=3", 14, "id"),
    ];
    for (path, entries, id) in cases {
        let pages = pages(&bench, &format!("{path}&api-version=7.4"));
        let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
        let mut expected: Vec<usize> = Vec::new();
        for size in [vec![3; entries / 3], vec![entries % 3]].concat() {
            expected.extend([0, 0, size]);
        }
        assert_eq!(sizes, expected, "{path}");
        for item in pages.iter().flatten() {
            assert_eq!(
                item[id].as_str().unwrap().split('/').count(),
                5,
                "no version"
            );
            assert!(item.get("value").is_none());
        }
    }
    for path in ["/certificates?maxresults=26", "/keys?maxresults=0"] {
        let reply = bench.read(&format!("{path}&api-version=7.4"));
        assert_eq!(reply.refusal(), "400 BadParameter");
    }
    assert!(bench.cloud.unexpected().is_empty());
    bench.read("/secrets?includePending=true&api-version=7.4");
    assert_eq!(bench.cloud.unexpected().len(), 1);
}

#[test]
fn the_items_of_a_certificates_objects() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let device = Device::new("broker");
    vault.set_certificate("broker", Certificate::pem(&device.combined_pem));
    vault.set_tags("broker", &[("line", "7")]);
    let item = |kind: &str| pages(&bench, &format!("/{kind}?api-version=7.4"))[0][0].clone();
    let secret = item("secrets");
    assert_eq!(secret["managed"], true);
    assert_eq!(secret["contentType"], "application/x-pem-file");
    assert_eq!(secret["tags"]["line"], "7");
    assert_eq!(
        secret["attributes"]["recoveryLevel"],
        "Recoverable+Purgeable"
    );
    assert!(secret.get("kid").is_none());
    let certificate = item("certificates");
    let bundle = bench.read("/certificates/broker?api-version=7.4").json();
    assert_eq!(certificate["x5t"], bundle["x5t"]);
    assert_eq!(certificate["tags"]["line"], "7");
    assert_eq!(
        certificate["attributes"]["exp"],
        bundle["attributes"]["exp"]
    );
    assert!(certificate["attributes"].get("recoveryLevel").is_none());
    assert_eq!(item("keys")["managed"], true);
}

#[test]
fn changes_show_in_updated() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let old = Secret {
        created: Some(1_600_000_000),
        updated: Some(1_650_000_000),
        ..Secret::new("one")
    };
    let version = vault.set_with("a", old);
    let attribute = |name: &str| {
        let items = pages(&bench, "/secrets?api-version=7.4");
        items[0][0]["attributes"][name].as_i64().unwrap()
    };
    assert_eq!(
        (attribute("created"), attribute("updated")),
        (1_600_000_000, 1_650_000_000)
    );
    vault.set_tags("a", &[("line", "7")]);
    assert!(attribute("updated") > 1_700_000_000);
    vault.set_updated("a", 1_660_000_000);
    assert_eq!(attribute("updated"), 1_660_000_000);
    vault.disable("a", &version);
    assert!(attribute("updated") > 1_700_000_000);
    assert_eq!(attribute("created"), 1_600_000_000);
}

#[test]
fn links_can_name_the_port_as_older_services_do() {
    let bench = Bench::new();
    let vault = vault(&bench);
    for number in 0..5 {
        vault.set(&format!("sensor-{number}"), "hush");
    }
    let origin = format!("{}:443", vault.url());
    vault.set_next_link_origin(Some(&origin));
    let first = bench.read("/secrets?maxresults=2&api-version=7.4").json();
    let link = first["nextLink"].as_str().unwrap();
    assert!(link.starts_with(&format!("{origin}/secrets?api-version=7.4&$skiptoken=")));
    let sizes = pages(&bench, "/secrets?maxresults=2&api-version=7.4");
    assert_eq!(sizes.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn a_link_that_was_followed_astray_is_noticed_there() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let other = bench.cloud.vault("elsewhere");
    for number in 0..3 {
        vault.set(&format!("sensor-{number}"), "hush");
    }
    vault.set_next_link_origin(Some(&other.url()));
    let first = bench.read("/secrets?maxresults=2&api-version=7.4").json();
    let link = first["nextLink"].as_str().unwrap();
    let path = link.strip_prefix(&other.url()).unwrap();
    assert!(bench.cloud.unexpected().is_empty());
    let reply = bench.client.get(other.host(), path, Some(&bench.token()));
    assert_eq!(reply.refusal(), "400 BadParameter");
    let unexpected = bench.cloud.unexpected();
    assert_eq!(unexpected.len(), 1);
    assert_eq!(unexpected[0].host, other.host());

    vault.set_next_link(Some("https://evil.example/secrets"));
    let first = bench.read("/secrets?maxresults=2&api-version=7.4").json();
    assert_eq!(first["nextLink"], "https://evil.example/secrets");
    let invented = "/secrets?api-version=7.4&$skiptoken=abc";
    let reply = bench
        .client
        .get(other.host(), invented, Some(&bench.token()));
    assert_eq!(reply.refusal(), "400 BadParameter");
    assert_eq!(bench.cloud.unexpected().len(), 2);
}
