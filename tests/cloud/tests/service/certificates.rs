//! Certificates: three objects of one name, their secret as PEM or PFX, and what can happen between
//! two requests.

use base64::prelude::{Engine, BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use cloud::{Certificate, Denial, Device, DeviceAuthority, Match, Properties, Scope, Vault};
use serde_json::Value;
use sha1::{Digest, Sha1};

use crate::client::Bench;

const PEM_TYPE: &str = "application/x-pem-file";
const CONVERT: &str = "api-version=2025-07-01&outContentType=application/x-pem-file";

fn vault(bench: &Bench) -> Vault {
    bench.cloud.vault("factory7-edge")
}

/// The members of an object that lead elsewhere.
fn ids(json: &Value) -> Vec<&str> {
    ["id", "kid", "sid"]
        .iter()
        .filter_map(|name| json[name].as_str())
        .collect()
}

#[test]
fn a_certificate_is_three_objects_of_one_version() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let authority = DeviceAuthority::new("Plant 7");
    let device = Device::builder("broker").issued_by(&authority).build();
    vault.set_certificate("broker", Certificate::pem(&device.combined_pem));
    let properties = Properties::new().tag("line", "7").created(1_700_000_000);
    let certificate = Certificate::pem(&device.combined_pem).with(properties);
    let version = vault.set_certificate("broker", certificate);

    let secret = bench.read("/secrets/broker?api-version=7.4").json();
    assert_eq!(secret["value"], device.combined_pem, "verbatim");
    assert_eq!(secret["contentType"], PEM_TYPE);
    assert_eq!(secret["managed"], true);
    assert_eq!(secret["tags"]["line"], "7");
    let address = |kind: &str| format!("{}/{kind}/broker/{version}", vault.url());
    assert_eq!(ids(&secret), [address("secrets"), address("keys")]);

    for path in [
        "/certificates/broker",
        "/certificates/Broker/",
        &format!("/certificates/broker/{version}"),
    ] {
        let json = bench.read(&format!("{path}?api-version=7.4")).json();
        assert_eq!(
            ids(&json),
            [address("certificates"), address("keys"), address("secrets")]
        );
        let der = &device.certificate_der;
        assert_eq!(json["cer"], BASE64_STANDARD.encode(der));
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(Sha1::digest(der));
        assert_eq!(json["x5t"], thumbprint);
        assert_eq!(json["attributes"]["created"], 1_700_000_000);
        let (begin, end) = (&json["attributes"]["nbf"], &json["attributes"]["exp"]);
        assert!(end.as_i64().unwrap() - begin.as_i64().unwrap() == 3680 * 86_400);
        assert_eq!(&secret["attributes"]["exp"], end);
        assert_eq!(json["policy"]["secret_props"]["contentType"], PEM_TYPE);
        assert_eq!(json["policy"]["x509_props"]["subject"], "CN=broker");
        assert_eq!(json["policy"]["key_props"]["key_size"], 2048);
        assert!(json.get("preserveCertOrder").is_none());
    }

    let key = bench.read("/keys/broker?api-version=7.4").json();
    assert_eq!(key["key"]["kid"], address("keys"));
    assert_eq!(key["managed"], true);
    let modulus = key["key"]["n"].as_str().unwrap();
    let modulus = BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap();
    assert!(device
        .certificate_der
        .windows(modulus.len())
        .any(|part| part == modulus));

    let versions = "/certificates/broker/versions?api-version=7.4";
    let listed = bench.read(versions).json()["value"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let newer = bench.read("/certificates/broker?api-version=2026-04-01");
    assert_eq!(newer.json()["preserveCertOrder"], false);
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn a_pfx_is_converted_for_those_who_can_ask() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let device = Device::builder("edge").elliptic().build();
    let pfx = b"\x30\x82 not looked into".to_vec();
    let certificate = Certificate::pfx(pfx.clone(), &device.combined_pem);
    let version = vault.set_certificate("edge", certificate);

    let plain = bench.read("/secrets/edge?api-version=7.4").json();
    assert_eq!(plain["value"], BASE64_STANDARD.encode(&pfx));
    assert_eq!(plain["contentType"], "application/x-pkcs12");
    for api_version in ["2025-07-01", "2026-04-01"] {
        let query = format!("api-version={api_version}&outContentType={PEM_TYPE}");
        for path in ["/secrets/edge", &format!("/secrets/edge/{version}")] {
            let json = bench.read(&format!("{path}?{query}")).json();
            assert_eq!(json["value"], device.combined_pem);
            assert_eq!(json["contentType"], PEM_TYPE);
            assert_eq!(json["kid"], plain["kid"]);
        }
    }
    let key = bench.read("/keys/edge?api-version=7.4").json();
    assert_eq!(
        (&key["key"]["kty"], &key["key"]["crv"]),
        (&"EC".into(), &"P-256".into())
    );
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn nothing_else_is_converted() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let device = Device::new("broker");
    vault.set("password", "one");
    vault.set_certificate("pem", Certificate::pem(&device.combined_pem));
    let pfx = Certificate::pfx(vec![0x30], &device.combined_pem);
    vault.set_certificate("pfx", pfx);
    for path in [
        format!("/secrets/password?{CONVERT}"),
        format!("/secrets/pem?{CONVERT}"),
        "/secrets/pfx?api-version=2025-07-01&outContentType=application/x-pkcs12".to_owned(),
        "/secrets/pfx?api-version=2025-07-01&outContentType=text/plain".to_owned(),
    ] {
        let reply = bench.read(&path);
        assert_eq!(reply.refusal(), "400 BadParameter", "{path}");
    }
    let missing = bench.read(&format!("/secrets/never?{CONVERT}"));
    assert_eq!(missing.refusal(), "404 SecretNotFound");
    assert!(bench.cloud.unexpected().is_empty());

    for path in [
        "/secrets/pfx?api-version=7.6&outContentType=application/x-pem-file".to_owned(),
        format!("/certificates/pfx?{CONVERT}"),
        format!("/secrets?{CONVERT}"),
    ] {
        bench.cloud.reset_log();
        bench.read(&path);
        assert_eq!(bench.cloud.unexpected().len(), 1, "{path}");
    }
    let old = bench.read("/secrets/pfx?api-version=7.6&outContentType=application/x-pem-file");
    assert_eq!(old.refusal(), "400 BadParameter");
}

#[test]
fn an_older_vault_refuses_newer_versions_without_blame() {
    let bench = Bench::new();
    let vault = vault(&bench);
    vault.set("a", "one");
    vault.know_versions_up_to("7.4");
    let reply = bench.read("/secrets/a?api-version=2025-07-01");
    assert_eq!(reply.refusal(), "400 BadParameter");
    let text = "The specified version (2025-07-01) is not recognized. Consider using the latest \
                supported version (7.4).";
    assert_eq!(reply.json()["error"]["message"], text);
    for (version, status) in [("7.5", 400), ("7.4", 200), ("2016-10-01", 200)] {
        let reply = bench.read(&format!("/secrets/a?api-version={version}"));
        assert_eq!(reply.status, status, "{version}");
    }
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn a_renewal_can_come_between_two_requests() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let devices = [
        Device::new("broker"),
        Device::builder("broker").key(1).build(),
    ];
    let certificate = |number: usize| Certificate::pem(&devices[number].combined_pem);
    let first = vault.set_certificate("broker", certificate(0));
    let second = vault.replace_after_next_read("broker", certificate(1));
    assert_ne!(first, second);

    vault.set("broker-2", "another name");
    for path in [
        "/secrets/broker-2?api-version=7.4",
        "/secrets?api-version=7.4",
        "/secrets/broker/versions?api-version=7.4",
        "/certificates/broker?api-version=7.4",
        "/secrets/broker/0123?api-version=7.4",
    ] {
        bench.read(path);
    }
    bench.read_with("/secrets/broker?api-version=7.4", None);
    let latest = || bench.read("/secrets/broker/?api-version=7.4").json();
    assert!(latest()["id"].as_str().unwrap().ends_with(&first));
    assert!(latest()["id"].as_str().unwrap().ends_with(&second));
    let certificate = bench.read("/certificates/broker?api-version=7.4").json();
    let expected = BASE64_STANDARD.encode(&devices[1].certificate_der);
    assert_eq!(certificate["cer"], expected);
}

#[test]
fn anything_can_happen_after_some_requests() {
    let bench = Bench::new();
    let vault = vault(&bench);
    vault.set("a", "one");
    let other = vault.clone();
    let matching = Match::Path("/secrets/a".to_owned());
    bench.cloud.after(2, matching, move || {
        other.set("a", "two");
    });
    let value = || bench.read("/secrets/a?api-version=7.4").json()["value"].clone();
    assert_eq!([value(), value(), value()], ["one", "one", "two"]);
}

#[test]
fn denials_name_what_is_missing() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let device = Device::new("broker");
    vault.set_certificate("broker", Certificate::pem(&device.combined_pem));
    let cases = [
        (Scope::Certificates, "certificates", "certificates/read"),
        (Scope::Keys, "keys", "keys/read"),
        (Scope::Secrets, "secrets", "secrets/getSecret/action"),
        (
            Scope::Name("broker".to_owned()),
            "certificates",
            "certificates/read",
        ),
        (Scope::Vault, "keys", "keys/read"),
    ];
    for (scope, denied, action) in cases {
        vault.deny(Denial::Rbac, scope.clone());
        for kind in ["certificates", "keys", "secrets"] {
            let reply = bench.read(&format!("/{kind}/broker?api-version=7.4"));
            let list = bench.read(&format!("/{kind}?api-version=7.4"));
            let whole = scope == Scope::Vault;
            let all = whole || matches!(scope, Scope::Name(_));
            let expected = if all || kind == denied { 403 } else { 200 };
            assert_eq!(reply.status, expected, "{scope:?} {kind}");
            let listed = !(whole || !all && kind == denied);
            assert_eq!(list.status == 200, listed, "{scope:?} {kind}");
            if kind == denied {
                assert_eq!(reply.refusal(), "403 Forbidden/ForbiddenByRbac");
                let action = format!("'Microsoft.KeyVault/vaults/{action}'");
                assert!(reply.body.contains(&action), "{}", reply.body);
                assert!(reply.body.contains(&format!("/{kind}/broker'")));
            }
        }
        vault.allow_all();
    }
}

#[test]
fn a_disabled_certificate_shows_only_its_public_half() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let device = Device::new("broker");
    vault.set_certificate("broker", Certificate::pem(&device.combined_pem));
    vault.disable("broker", "latest");
    let secret = bench.read("/secrets/broker?api-version=7.4");
    assert_eq!(secret.refusal(), "403 Forbidden/SecretDisabled");
    for kind in ["certificates", "keys"] {
        let json = bench
            .read(&format!("/{kind}/broker?api-version=7.4"))
            .json();
        assert_eq!(json["attributes"]["enabled"], false, "{kind}");
    }
    vault.delete("broker");
    let cases = [
        (
            "certificates",
            "404 CertificateNotFound",
            "A certificate with",
        ),
        ("keys", "404 KeyNotFound", "A key with"),
        ("secrets", "404 SecretNotFound", "A secret with"),
    ];
    for (kind, refusal, text) in cases {
        let reply = bench.read(&format!("/{kind}/broker?api-version=7.4"));
        assert_eq!(reply.refusal(), refusal);
        assert!(reply.body.contains(text) && reply.body.contains("recently deleted"));
    }
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn a_text_without_its_leaf_in_front_needs_one() {
    let bench = Bench::new();
    let vault = vault(&bench);
    let device = Device::new("broker");
    let broken = "-----BEGIN CERTIFICATE-----\nno base64\n";
    let certificate = Certificate::pem(broken).leaf(&device.certificate_der);
    vault.set_certificate("broken", certificate);
    let secret = bench.read("/secrets/broken?api-version=7.4").json();
    assert_eq!(secret["value"], broken);
    let strange = Certificate::pem(&device.combined_pem).leaf(b"not even DER");
    vault.set_certificate("strange", strange);
    let json = bench.read("/certificates/strange?api-version=7.4").json();
    assert_eq!(json["cer"], BASE64_STANDARD.encode("not even DER"));
    let key = bench.read("/keys/strange?api-version=7.4");
    assert_eq!(key.refusal(), "404 KeyNotFound");
}
