//! `check --online` and Blob Storage: what stands between a blob and its file, before a byte of
//! it comes.

use std::time::Duration;

use cloud::{Action, Blob, Fault, Match, StorageAccount};
use serde_json::{json, Value};

use crate::doctor::*;
use crate::golden;
use crate::namespace::{entered, mounted};
use crate::support::{is_root, Site};

/// A site with an account `plant7store`.
fn site() -> (Site, StorageAccount) {
    let site = Site::new();
    let account = site.cloud.storage_account("plant7store");
    account.add_container("firmware");
    (site, account)
}

/// A configuration of one set `mqtt` with the blob `firmware/gw.bin` as its only file, and no
/// vault.
fn config(site: &Site, more: Value) -> Value {
    let mut file =
        json!({"blob": {"account": "plant7store", "container": "firmware", "name": "gw.bin"}});
    for (key, value) in more.as_object().unwrap() {
        file[key] = value.clone();
    }
    let mut config = site.config(json!({"mqtt": {"files": {"gw.bin": file}}}));
    config.as_object_mut().unwrap().remove("vault");
    let host = site.cloud.blob_host("plant7store");
    config["network"]["resolve"][host] = json!(site.cloud.address().to_string());
    config
}

fn configure(site: &Site, more: Value) {
    site.configure(&config(site, more));
}

/// The first failure is `id`, as `sync` tells it, with this sentence.
#[track_caller]
fn fails_like_sync(site: &Site, id: &str, sentence: &str) -> Checks {
    let checks = finds_like_sync(site, id, &|words| site.keyferry(words));
    let told = checks.all(id).find(|check| check["outcome"] == "failed");
    let told = told.unwrap()["detail"].as_str().unwrap();
    assert!(told.ends_with(sentence), "{told}");
    checks
}

/// What the account was asked: `HEAD /firmware/gw.bin`.
fn asked(site: &Site, account: &StorageAccount) -> Vec<String> {
    let requests = site.cloud.requests();
    let of_account = requests
        .iter()
        .filter(|request| request.host == account.host());
    of_account
        .map(|request| format!("{} {}", request.method, request.path))
        .collect()
}

#[test]
fn a_blob_is_looked_at_without_a_byte_of_it() {
    let (site, account) = site();
    let etag = account.put_generated("firmware", "gw.bin", 82_100_000, 7);
    configure(&site, json!({"max_bytes": 100_000_000}));
    let before = tree(&site);
    let mut run = site.keyferry(&DOCTOR).exits(0);
    run.stdout = run.stdout.replace(&etag, "ETAG");
    golden::matches(&site, "doctor_storage", &run);
    assert_eq!(tree(&site), before, "the doctor changes nothing");
    assert_eq!(asked(&site, &account), ["HEAD /firmware/gw.bin"]);
    let requests = site.cloud.requests();
    assert_eq!(requests.len(), 3, "authority, token, blob: {requests:?}");
    site.assert_well_behaved();
}

#[test]
fn vaults_and_storage_have_a_token_each() {
    let (site, account) = site();
    account.put("firmware", "gw.bin", "firmware");
    site.seed("mqtt-password", "hunter2");
    let mut config = config(&site, json!({}));
    config["vault"] = json!("factory7-edge");
    config["sets"]["mqtt"]["files"]["password"] = json!({"secret": "mqtt-password"});
    // The same blob once more, and one that may be missing.
    let mut twin = config["sets"]["mqtt"]["files"]["gw.bin"].clone();
    config["sets"]["mqtt"]["files"]["twin.bin"] = twin.clone();
    twin["blob"]["name"] = json!("none.bin");
    twin["if_missing"] = json!("skip");
    config["sets"]["mqtt"]["files"]["none.bin"] = twin;
    site.configure(&config);
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(0));
    assert_eq!(checks.all("token").count(), 1);
    for id in ["vault", "storage"] {
        assert_eq!(checks.first(id)["outcome"], "ok", "{id}");
    }
    let outcomes: Vec<&str> = checks
        .all("object")
        .map(|check| check["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["ok", "ok", "warning"]);
    let blob = checks.all("object").nth(1).unwrap()["detail"]
        .as_str()
        .unwrap();
    assert!(
        blob.starts_with("blob firmware/gw.bin is readable, 8 bytes, ETag \"0x8DE")
            && blob.ends_with("\", with an MD5"),
        "{blob}"
    );
    assert_eq!(
        asked(&site, &account),
        ["HEAD /firmware/gw.bin", "HEAD /firmware/none.bin"]
    );
    site.assert_well_behaved();
}

#[test]
fn what_an_account_refuses_is_told_as_sync_does() {
    let (site, account) = site();
    configure(&site, json!({}));
    let host = account.host().to_owned();
    let missing = format!("{host} has no blob firmware/gw.bin (BlobNotFound)");
    fails_like_sync(&site, "object", &missing);
    account.put_with("firmware", "gw.bin", Blob::new("firmware").archived());
    let archived = "lies in the archive tier, where it cannot be read";
    fails_like_sync(&site, "object", archived);
    account.put("firmware", "gw.bin", "firmware");
    account.deny();
    let denied = "refused the token: AuthorizationPermissionMismatch (status 403)";
    let checks = fails_like_sync(&site, "object", denied);
    assert_eq!(checks.first("storage")["outcome"], "ok");
    account.allow();
    account.set_tenant(&cloud::guid());
    let stranger = "refused the token: InvalidAuthenticationInfo (status 401)";
    let checks = fails_like_sync(&site, "storage", stranger);
    checks.assert_skipped(&["object"], "storage failed");
}

#[test]
fn a_blob_that_is_too_large_is_told_as_sync_does() {
    let (site, account) = site();
    account.put_generated("firmware", "gw.bin", 5000, 7);
    configure(&site, json!({"max_bytes": 4999}));
    let sentence = "has 5000 bytes, more than the 4999 it may have";
    fails_like_sync(&site, "object", sentence);
}

#[test]
fn a_blob_for_which_memory_has_no_room_is_told_as_sync_does() {
    if !is_root() {
        return;
    }
    let (site, account) = site();
    account.put_generated("firmware", "gw.bin", 17 << 20, 7);
    std::fs::create_dir_all(site.path("run")).unwrap();
    configure(&site, json!({}));
    let run = |words: &[&str]| {
        mounted(
            &site,
            "mount -t tmpfs -o size=64M,mode=0755 none $TOPrun",
            words,
        )
    };
    let checks = finds_like_sync(&site, "object", &run);
    let told = checks.first("object")["detail"].as_str().unwrap();
    assert!(
        told.ends_with("has 17825792 bytes, more than the 16777216 it may have"),
        "{told}"
    );
    configure(&site, json!({"max_bytes": 1 << 30}));
    let run = |words: &[&str]| {
        mounted(
            &site,
            "mount -t tmpfs -o size=4M,mode=0755 none $TOPrun",
            words,
        )
    };
    let checks = finds_like_sync(&site, "object", &run);
    let told = checks.first("object")["detail"].as_str().unwrap();
    assert!(
        told.ends_with("sets/mqtt/gw.bin: No space left on device (os error 28)"),
        "{told}"
    );
}

#[test]
fn without_a_token_the_way_to_the_account_is_looked_at_all_the_same() {
    let (site, account) = site();
    account.put("firmware", "gw.bin", "firmware");
    configure(&site, json!({}));
    site.cloud.remove_certificates(&site.app);
    let checks = finds_like_sync(&site, "token", &|words| site.keyferry(words));
    checks.assert_skipped(&["audience", "storage", "object"], "token failed");
    let told = checks.all("tls").last().unwrap();
    assert_eq!(told["outcome"], "ok");
    assert!(told["title"].as_str().unwrap().ends_with(account.host()));
}

#[test]
fn a_person_is_not_asked_for_storage() {
    let (site, account) = site();
    account.put("firmware", "gw.bin", "firmware");
    let mut config = config(&site, json!({}));
    config["identity"] = json!({
        "type": "device_code",
        "tenant": site.cloud.tenant(),
        "client_id": site.app.client_id,
    });
    site.configure(&config);
    let checks = finds_like_sync(&site, "token", &|words| site.keyferry(words));
    checks.assert_skipped(&["storage", "object"], "token failed");
    let asked = site.cloud.requests();
    assert!(!asked
        .iter()
        .any(|request| request.path.contains("devicecode")));
}

#[test]
fn a_new_version_may_find_the_room_of_an_older_one() {
    let script = "mount -t tmpfs -o size=4M,mode=0755 none /mnt";
    if !entered(
        "doctor_storage::a_new_version_may_find_the_room_of_an_older_one",
        script,
    ) {
        return;
    }
    let (site, account) = site();
    let mut config = config(&site, json!({}));
    config["sets"]["mqtt"]["directory"] = json!("/mnt/mqtt");
    site.configure(&config);
    account.put_generated("firmware", "gw.bin", 2_500_000, 7);
    site.keyferry(&["sync"]).exits(0);
    // What is delivered takes no more room.
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(0));
    assert_eq!(checks.first("object")["outcome"], "ok");
    account.put_generated("firmware", "gw.bin", 2_500_000, 8);
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(0));
    let told = checks.first("object");
    assert_eq!(told["outcome"], "warning");
    let sentence = "cannot write /mnt/mqtt/gw.bin: No space left on device (os error 28)";
    let unless = ", unless the version before the live one makes room";
    assert_eq!(told["detail"], format!("{sentence}{unless}"));
    site.keyferry(&["sync"]).exits(74).says(sentence);
}

#[test]
fn a_sign_in_that_is_refused_for_storage_alone_is_told() {
    let (site, account) = site();
    account.put("firmware", "gw.bin", "firmware");
    site.seed("mqtt-password", "hunter2");
    let mut config = config(&site, json!({}));
    config["vault"] = json!("factory7-edge");
    config["sets"]["mqtt"]["files"]["password"] = json!({"secret": "mqtt-password"});
    site.configure(&config);
    let body = json!({"error": "invalid_resource", "error_codes": [500_011]});
    for (action, times) in [
        (Action::Delay(Duration::ZERO), 1),
        (
            Action::Status {
                code: 400,
                headers: Vec::new(),
                body: body.to_string(),
            },
            1,
        ),
    ] {
        site.cloud.fault(Fault {
            matching: Match::Token,
            action,
            times,
        });
    }
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(77));
    assert_eq!(checks.first("vault")["outcome"], "ok");
    let told: Vec<&Value> = checks.all("token").collect();
    assert_eq!((told.len(), &told[0]["outcome"]), (2, &json!("ok")));
    assert_eq!(told[1]["title"], "sign-in: storage");
    let sentence = told[1]["detail"].as_str().unwrap();
    assert!(sentence.contains("AADSTS500011"), "{sentence}");
    checks.assert_skipped(&["storage"], "token failed");
}
