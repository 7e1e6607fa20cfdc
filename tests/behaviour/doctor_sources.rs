//! `check --online` and what files want of vaults: each form is tried on, each file of several
//! values put together, each list read; what a run would refuse is told in its sentence.

use cloud::{Certificate, Denial, Device, DeviceAuthority, Key, Scope, Secret, Validity};
use serde_json::{json, Value};

use crate::doctor::*;
use crate::golden;
use crate::support::Site;

/// A certificate and key issued by the authority that is returned.
pub fn issued() -> (Device, DeviceAuthority) {
    let authority = DeviceAuthority::new("Plant 7");
    let device = Device::builder("broker").issued_by(&authority).build();
    (device, authority)
}

/// One set `mqtt` with these files.
fn configure(site: &Site, files: Value) {
    site.configure(&site.config(json!({"mqtt": {"files": files}})));
}

/// The doctor finds one object to fail, with this sentence, which is that of `sync`.
#[track_caller]
fn fails_like_sync(site: &Site, files: Value, sentence: &str) {
    configure(site, files);
    let checks = finds_like_sync(site, "object", &|words| site.keyferry(words));
    let failed = checks.0.iter().filter(|check| check["outcome"] == "failed");
    assert_eq!(failed.count(), 1, "{:#?}", checks.0);
    let told = checks
        .all("object")
        .find(|check| check["outcome"] == "failed");
    let told = told.unwrap()["detail"].as_str().unwrap();
    assert!(told.ends_with(sentence), "{told}");
}

/// The doctor's checks of objects.
#[track_caller]
fn objects(site: &Site, code: i32) -> Vec<Value> {
    let run = site.keyferry(&["check", "--online", "--json"]).exits(code);
    Checks::of(&run).all("object").cloned().collect()
}

/// The paths that the vault was asked for, without the api-version.
fn asked(site: &Site) -> Vec<String> {
    let requests = site.cloud.requests();
    let of_vault = requests
        .iter()
        .filter(|request| request.host == site.vault.host());
    let path = |request: &cloud::Logged| match request.query.split_once('&') {
        Some((_, more)) => format!("{}?{more}", request.path),
        None => request.path.clone(),
    };
    of_vault.map(path).collect()
}

/// A vault that holds something of every kind, and a configuration that wants all of it.
fn rich() -> Site {
    let site = Site::new();
    let (device, _) = issued();
    site.hide(device.private_key_pem.lines().nth(1).unwrap());
    let certificate = Certificate::pem(&device.combined_pem);
    site.vault.set_certificate("broker", certificate);
    site.vault
        .set_key("signer", Key::ec("P-256", &[3; 32], &[5; 32]));
    site.seed("db", r#"{"user": "edgeuser", "password": "s3cr3tpass"}"#);
    site.hide("s3cr3tpass");
    site.seed("psk", "aHVzaGh1c2g=");
    for name in ["wifi-hall1", "wifi-hall2"] {
        let tagged = Secret {
            tags: vec![("device".to_owned(), "gw-0042".to_owned())],
            ..Secret::new("hush-hush")
        };
        site.vault.set_with(name, tagged);
    }
    site.hide("hush-hush");
    let mut config = site.config(json!({
        "app": {"change_check": "list", "files": {
            "ca.crt": {"certificate": "broker", "part": "ca"},
            "client.crt": {"certificate": "broker", "part": "chain"},
            "client.key": {"certificate": "broker", "part": "key"},
            "psk": {"secret": "psk", "encoding": "base64"},
            "signer.jwk": {"key": "signer", "part": "jwk"},
            "app.env": {"env_file": {
                "PASSWORD": {"secret": "db", "json": "/password"},
                "URL": {"compose": {"text": "x://${user|url}", "values": {"user": {"secret": "db", "json": "/user"}}}},
            }},
        }},
        "wifi": {"files": {"${name}.psk": {
            "select": {"prefix": "wifi-", "tags": {"device": "${device_id}"}}, "max_objects": 20,
        }}},
    }));
    config["device_id"] = json!("gw-0042");
    site.configure(&config);
    site
}

#[test]
fn every_source_is_looked_at_with_one_request_an_object() {
    let site = rich();
    let before = tree(&site);
    golden::matches(&site, "doctor_sources", &site.keyferry(&DOCTOR).exits(0));
    assert_eq!(tree(&site), before, "the doctor changes nothing");
    assert_eq!(
        asked(&site),
        [
            "/secrets/db/",
            "/secrets/broker/",
            "/secrets/psk/",
            "/keys/signer/",
            "/secrets?maxresults=25",
        ]
    );
    site.assert_well_behaved();
    let run = site.keyferry(&["check", "--online", "--json"]);
    golden::matches(&site, "doctor_sources_json", &run);
    site.keyferry(&["sync"]).exits(0);
}

#[test]
fn what_is_wrong_with_a_certificate_is_told_as_sync_does() {
    let site = Site::new();
    let (device, _) = issued();
    let other = Device::builder("other").key(1).build();
    let texts = [
        ("alone", Device::new("broker").combined_pem),
        ("keyless", device.certificate_pem.clone()),
        (
            "mismatched",
            other.private_key_pem.clone() + &device.certificate_pem,
        ),
        (
            "encrypted",
            Device::encrypted_private_key_pem() + &device.certificate_pem,
        ),
        ("flat", device.combined_pem.replace('\n', " ")),
    ];
    for (name, text) in texts {
        let certificate = Certificate::pem(text).leaf(&device.certificate_der);
        site.vault.set_certificate(name, certificate);
    }
    for (name, part, sentence) in [
        ("alone", "ca", "holds no certificate above its leaf"),
        (
            "keyless",
            "bundle",
            "holds no private key, as when its policy says not exportable",
        ),
        (
            "mismatched",
            "cert",
            "holds a private key that belongs to none of its certificates",
        ),
        ("encrypted", "chain", "holds an encrypted private key"),
        ("flat", "chain", "holds PEM that has lost its line breaks"),
        ("alone", "pfx", "came as PEM, of which no PKCS#12 is made"),
    ] {
        let files = json!({"a": {"certificate": name, "part": part}});
        fails_like_sync(&site, files, sentence);
    }
    // What one part lacks, another does not.
    configure(
        &site,
        json!({
            "ca": {"certificate": "alone", "part": "ca"},
            "crt": {"certificate": "alone", "part": "chain"},
            "pfx": {"certificate": "alone", "part": "pfx"},
        }),
    );
    let failed = objects(&site, 65);
    assert_eq!(failed.len(), 2, "each problem once: {failed:#?}");
}

#[test]
fn a_pkcs12_container_is_converted_once_or_told() {
    let site = Site::new();
    let (device, _) = issued();
    // The vault alone opens it.
    let container = [&[0x30, 0x80, 0x02, 0x01, 0x03][..], &[0; 40]].concat();
    let certificate = Certificate::pfx(container, &device.combined_pem);
    let version = site.vault.set_certificate("broker", certificate);
    let chain = json!({"a": {"certificate": "broker", "part": "chain"}});
    configure(
        &site,
        json!({
            "a": {"certificate": "broker", "part": "chain"},
            "b": {"certificate": "broker", "part": "key"},
            "c": {"certificate": "broker", "part": "pfx"},
        }),
    );
    assert_eq!(objects(&site, 0)[0]["outcome"], "ok");
    let converted = format!("/secrets/broker/{version}?outContentType=application/x-pem-file");
    assert_eq!(asked(&site), ["/secrets/broker/".to_owned(), converted]);
    site.assert_well_behaved();
    site.vault.know_versions_up_to("7.4");
    let sentence = "came as PKCS#12, which this vault does not convert to PEM";
    fails_like_sync(&site, chain, sentence);
    site.cloud.reset_log();
    configure(
        &site,
        json!({"c": {"certificate": "broker", "part": "pfx"}}),
    );
    assert_eq!(objects(&site, 0)[0]["outcome"], "ok");
    assert_eq!(asked(&site), ["/secrets/broker/"], "nothing to convert");
}

#[test]
fn an_odd_certificate_is_a_warning_in_the_words_of_sync() {
    let site = Site::new();
    let (device, _) = issued();
    let leaf = device
        .certificate_pem
        .split_inclusive("-----END CERTIFICATE-----\n")
        .next()
        .unwrap();
    let stranger = DeviceAuthority::new("Somebody").certificate_pem();
    let text = device.private_key_pem.clone() + leaf + &stranger;
    site.vault.set_certificate("broker", Certificate::pem(text));
    let ending = Device::builder("ending").validity(Validity::Soon).build();
    site.vault
        .set_certificate("ending", Certificate::pem(&ending.combined_pem));
    configure(
        &site,
        json!({
            "a": {"certificate": "broker", "part": "chain"},
            "b": {"certificate": "broker", "part": "key"},
            "c": {"certificate": "ending", "part": "bundle"},
        }),
    );
    let told = objects(&site, 0);
    let run = site.keyferry(&["sync"]).exits(0);
    let mut found = Vec::new();
    for check in &told {
        assert_eq!(check["outcome"], "warning", "{check:#}");
        assert!(!check["next_step"].as_str().unwrap().is_empty());
        found.push(check["detail"].as_str().unwrap());
    }
    let [gap, dropped, end] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert!(
        gap.ends_with("has a gap above CN=broker: its issuer, CN=Plant 7, is not there"),
        "{gap}"
    );
    assert!(
        dropped.ends_with("holds a stranger, CN=Somebody, which is dropped"),
        "{dropped}"
    );
    assert!(end.starts_with("certificate ending expires on "), "{end}");
    for warning in [gap, dropped] {
        assert_eq!(run.stderr.matches(*warning).count(), 1, "{}", run.stderr);
    }
}

#[test]
fn a_value_that_has_not_the_wanted_form_is_told_as_sync_does() {
    let site = Site::new();
    site.seed("words", "no-digits-here!");
    site.seed("broken", r#"{"password": "s3cr3tpass", }"#);
    site.seed("whole", r#"{"password": "s3cr3tpass", "none": null}"#);
    site.hide("s3cr3tpass");
    site.vault
        .set_key("odd", Key::ec("P-256K", &[3; 32], &[5; 32]));
    for (file, sentence) in [
        (
            json!({"secret": "words", "encoding": "base64"}),
            "is not base64 at byte 2",
        ),
        (
            json!({"secret": "words", "encoding": "hex"}),
            "is not hexadecimal at byte 0",
        ),
        (
            json!({"secret": "broken", "json": "/password"}),
            "is not JSON at line 1 column 28",
        ),
        (
            json!({"secret": "whole", "json": "/user"}),
            "has nothing at \"/user\"",
        ),
        (
            json!({"secret": "whole", "json": "/none"}),
            "is null at \"/none\"",
        ),
        (
            json!({"key": "odd"}),
            "is of kind P-256K, which is not delivered as a public key",
        ),
    ] {
        fails_like_sync(&site, json!({"a": file}), sentence);
    }
}

#[test]
fn a_file_of_several_values_is_put_together_or_told() {
    let site = Site::new();
    site.seed("bell", "ring\u{7}ring");
    site.seed("bytes", "aHVz/2h1c2g=");
    site.seed("word", "hush-hush");
    let env_file = |one: &str, other: &str| json!({"app.env": {"env_file": {"ONE": {"secret": one}, "OTHER": {"secret": other}}}});
    fails_like_sync(
        &site,
        env_file("word", "bell"),
        "file app.env cannot hold OTHER: a control character at byte 4",
    );
    fails_like_sync(
        &site,
        json!({"conf": {"compose": {"text": "${word}${bytes|json}", "values": {
            "word": {"secret": "word"}, "bytes": {"secret": "bytes", "encoding": "base64"},
        }}}}),
        "file conf cannot be composed: value \"bytes\" is not UTF-8 at byte 3",
    );
    configure(&site, env_file("word", "none"));
    let told = objects(&site, 66);
    let file = told.last().unwrap();
    assert_eq!(file["title"], "object: file mqtt/app.env");
    assert_eq!(file["because"], "not all of its values came");
    configure(&site, env_file("word", "word"));
    let told = objects(&site, 0);
    assert_eq!(told.len(), 2, "the object once: {told:#?}");
    assert_eq!(told[1]["detail"], "file mqtt/app.env can be put together");
}

#[test]
fn what_a_selection_finds_is_counted_or_told_as_sync_does() {
    let site = Site::new();
    for name in ["wifi-hall1", "wifi-hall2", "wifi-hall3"] {
        site.seed(name, "hush-hush");
    }
    let select = |prefix: &str, most: u32, allow_empty: bool| json!({"${name}.psk": {"select": {"prefix": prefix, "allow_empty": allow_empty}, "max_objects": most}});
    fails_like_sync(
        &site,
        select("lan-", 20, false),
        "\"${name}.psk\" selects nothing",
    );
    fails_like_sync(
        &site,
        select("wifi-", 2, false),
        "\"${name}.psk\" selects more than 2 objects",
    );
    let mut twice = select("wifi-", 20, false);
    twice["wifi-hall2.psk"] = json!({"secret": "wifi-hall1"});
    fails_like_sync(
        &site,
        twice,
        "\"${name}.psk\" gives secret wifi-hall2 the file wifi-hall2.psk, which secret wifi-hall1 has already",
    );
    configure(&site, select("lan-", 20, true));
    let told = objects(&site, 0)[0]["detail"].clone();
    let host = site.vault.host();
    assert_eq!(
        told,
        format!("select ${{name}}.psk finds 0 secrets in {host}, which are not fetched here")
    );
    // Pages without entries are common.
    site.vault.set_empty_pages(3);
    site.cloud.reset_log();
    configure(&site, select("wifi-", 3, false));
    let told = objects(&site, 0)[0]["detail"].clone();
    assert!(
        told.as_str().unwrap().contains(" finds 3 secrets "),
        "{told}"
    );
    assert_eq!(asked(&site).len(), 4, "{:?}", asked(&site));
    site.assert_well_behaved();
    site.vault.deny(Denial::Policy, Scope::Lists);
    configure(&site, select("wifi-", 3, false));
    let checks = finds_like_sync(&site, "object", &|words| site.keyferry(words));
    let refused = checks.first("object");
    assert!(refused["next_step"]
        .as_str()
        .unwrap()
        .contains("the secret permission \"list\""));
    assert_eq!(
        checks.first("vault")["outcome"],
        "ok",
        "the token was taken"
    );
}

#[test]
fn a_list_that_change_check_may_not_read_is_a_warning() {
    let site = Site::new();
    let mut config = site.config(json!({"mqtt": {"change_check": "list", "files": {
        "a": {"secret": "one"}, "b": {"secret": "two"},
    }}}));
    site.seed("one", "hush-hush");
    site.seed("two", "hush-hush");
    site.configure(&config);
    let told = objects(&site, 0);
    let host = site.vault.host();
    assert_eq!(
        told[2]["detail"],
        format!("change_check may list the secrets in {host}")
    );
    site.vault.deny(Denial::Rbac, Scope::Lists);
    let told = objects(&site, 0);
    assert_eq!(told[2]["outcome"], "warning");
    assert!(told[2]["next_step"]
        .as_str()
        .unwrap()
        .contains("\"Key Vault Secrets User\""));
    let sentence = told[2]["detail"].as_str().unwrap();
    assert!(
        sentence.ends_with("; change_check fetches every object instead"),
        "{sentence}"
    );
    // The first run has nothing to compare with.
    site.keyferry(&["sync"]).exits(0);
    age_updates(&site);
    site.keyferry(&["sync"]).exits(0);
    site.keyferry(&["sync"]).exits(0).says(sentence);
    // A list that would save no request is never read.
    site.cloud.reset_log();
    config["sets"]["mqtt"]["files"] = json!({"a": {"secret": "one"}});
    site.configure(&config);
    assert_eq!(objects(&site, 0).len(), 1);
    assert_eq!(asked(&site), ["/secrets/one/"]);
}

/// Makes the secrets old enough for a run to rely on when they were changed.
fn age_updates(site: &Site) {
    for name in ["one", "two"] {
        site.vault.set_updated(name, 1_700_000_000);
    }
}

#[test]
fn what_is_wanted_of_several_vaults_is_looked_at_in_each() {
    let site = Site::new();
    let other = site.cloud.vault("other-vault");
    other.set("shared", "hush-hush");
    site.seed("own", "hush-hush");
    configure(
        &site,
        json!({
            "app.env": {"env_file": {
                "OWN": {"secret": "own"}, "SHARED": {"secret": "shared", "vault": "other-vault"},
            }},
        }),
    );
    let run = site.keyferry(&["check", "--online", "--json"]).exits(0);
    let checks = Checks::of(&run);
    assert_eq!(checks.all("vault").count(), 2);
    assert_eq!(checks.all("object").count(), 3);
    other.deny(Denial::Firewall, Scope::Vault);
    let checks = finds_like_sync(&site, "vault", &|words| site.keyferry(words));
    checks.assert_skipped(&["object"], "vault failed");
    checks.assert_skipped(&["object"], "not all of its values came");
}
