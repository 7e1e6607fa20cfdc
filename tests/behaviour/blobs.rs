//! Files of Blob Storage: fetched once, gone on with when cut, believed only with right digests.

use std::fs;

use cloud::{Action, Blob, Fault, Match, StorageAccount};
use serde_json::{json, Value};

use crate::golden;
use crate::support::Site;

/// A site with an account `plant7store`, and a set `image` of one blob, `firmware/gw.bin`.
fn site(more: Value) -> (Site, StorageAccount) {
    let site = Site::new();
    let account = site.cloud.storage_account("plant7store");
    account.add_container("firmware");
    configure(&site, more);
    (site, account)
}

fn configure(site: &Site, more: Value) {
    let mut file =
        json!({"blob": {"account": "plant7store", "container": "firmware", "name": "gw.bin"}});
    for (key, value) in more.as_object().unwrap() {
        file[key] = value.clone();
    }
    let hook = format!("echo ran >> {}", site.path("hooks").display());
    let mut config = site.config(json!({"image": {
        "files": {"gw.bin": file},
        "on_change": {"run": [["/bin/sh", "-c", hook]]},
    }}));
    config.as_object_mut().unwrap().remove("vault");
    let host = site.cloud.blob_host("plant7store");
    config["network"]["resolve"][host] = json!(site.cloud.address().to_string());
    site.configure(&config);
}

fn sync(site: &Site, code: i32) -> crate::support::Run {
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(code)
}

/// What the account was asked in the last run, with what it sent: `GET 200 8`.
fn asked(site: &Site, account: &StorageAccount) -> Vec<String> {
    let requests = site.cloud.requests();
    let of_account = requests
        .iter()
        .filter(|request| request.host == account.host());
    of_account
        .map(|request| {
            let (method, status) = (&request.method, request.status);
            format!("{method} {status} {}", request.body_out)
        })
        .collect()
}

fn hooks(site: &Site) -> usize {
    fs::read_to_string(site.path("hooks")).map_or(0, |text| text.lines().count())
}

fn on_disk(site: &Site) -> Vec<u8> {
    fs::read(site.set("image").join("gw.bin")).unwrap()
}

#[test]
fn a_blob_is_delivered_once_and_asked_for_with_its_etag() {
    let (site, account) = site(json!({}));
    let etag = account.put("firmware", "gw.bin", "version 1");
    golden::matches(&site, "blob_new", &blind(sync(&site, 0), &etag));
    assert_eq!(on_disk(&site), b"version 1");
    assert_eq!(asked(&site, &account), ["GET 200 9"]);
    sync(&site, 0);
    assert_eq!(asked(&site, &account), ["GET 304 0"]);
    account.put("firmware", "gw.bin", "version 22");
    sync(&site, 0);
    assert_eq!(asked(&site, &account), ["GET 200 10"]);
    assert_eq!(
        (on_disk(&site).as_slice(), hooks(&site)),
        (b"version 22".as_slice(), 2)
    );
    site.assert_well_behaved();
}

/// The ETag is another each time.
fn blind(mut run: crate::support::Run, etag: &str) -> crate::support::Run {
    run.stdout = run.stdout.replace(etag.trim_matches('"'), "ETAG");
    run.stderr = run.stderr.replace(etag.trim_matches('"'), "ETAG");
    run
}

#[test]
fn the_same_content_under_another_etag_comes_once_and_runs_nothing() {
    let (site, account) = site(json!({}));
    account.put("firmware", "gw.bin", "the same");
    sync(&site, 0);
    account.put("firmware", "gw.bin", "the same");
    sync(&site, 0);
    assert_eq!(asked(&site, &account), ["GET 200 8"]);
    sync(&site, 0);
    assert_eq!(asked(&site, &account), ["GET 304 0"]);
    assert_eq!(hooks(&site), 1);
}

#[test]
fn what_was_cut_is_gone_on_with_in_the_same_run() {
    let (site, account) = site(json!({}));
    account.put_with("firmware", "gw.bin", Blob::generated(300_000, 7).with_md5());
    site.cloud.fault(Fault {
        matching: Match::Host(account.host().to_owned()),
        times: 2,
        action: Action::CutAfter(100_000),
    });
    sync(&site, 0);
    assert_eq!(on_disk(&site), Blob::generated(300_000, 7).bytes());
    let ranges: Vec<u16> = site
        .cloud
        .requests()
        .iter()
        .filter(|request| request.host == account.host())
        .map(|request| request.status)
        .collect();
    assert_eq!(ranges, [200, 206, 206]);
    site.assert_well_behaved();
}

#[test]
fn a_pinned_blob_that_is_there_costs_no_request() {
    let blob = Blob::new("pinned");
    let (site, account) = site(json!({"sha256": blob.sha256()}));
    account.put("firmware", "gw.bin", "pinned");
    sync(&site, 0);
    sync(&site, 0);
    assert_eq!(site.cloud.requests().len(), 0);
    account.put("firmware", "gw.bin", "another");
    sync(&site, 0);
    assert_eq!(on_disk(&site), b"pinned");
}

#[test]
fn a_blob_with_wrong_bytes_is_refused_and_does_not_come_again() {
    let (site, account) = site(json!({}));
    account.put("firmware", "gw.bin", "good");
    sync(&site, 0);
    account.put_with("firmware", "gw.bin", Blob::new("broken").with_wrong_md5());
    golden::matches(&site, "blob_bad_md5", &sync(&site, 65));
    assert_eq!(asked(&site, &account), ["GET 200 6"]);
    sync(&site, 65);
    assert_eq!(asked(&site, &account), ["GET 304 0"]);
    assert_eq!(
        (on_disk(&site).as_slice(), hooks(&site)),
        (b"good".as_slice(), 1)
    );
    account.put("firmware", "gw.bin", "better");
    sync(&site, 0);
    assert_eq!(on_disk(&site), b"better");
}

#[test]
fn another_digest_than_pinned_is_refused_until_the_pin_is_changed() {
    let (pinned, other) = (Blob::new("wanted"), Blob::new("other"));
    let (site, account) = site(json!({"sha256": pinned.sha256()}));
    account.put("firmware", "gw.bin", "other");
    golden::matches(&site, "blob_other_sha256", &sync(&site, 65));
    sync(&site, 65);
    assert_eq!(asked(&site, &account), ["GET 304 0"]);
    configure(&site, json!({"sha256": other.sha256()}));
    sync(&site, 0);
    assert_eq!(on_disk(&site), b"other");
}

#[test]
fn a_large_blob_is_refused_before_a_byte_of_it() {
    let (site, account) = site(json!({"max_bytes": 1000}));
    account.put_generated("firmware", "gw.bin", 50_000_000, 7);
    golden::matches(&site, "blob_too_large", &sync(&site, 65));
    assert!(!site.set("image").join("gw.bin").exists());
    site.assert_well_behaved();
}

#[test]
fn what_the_account_refuses_is_told_with_its_next_step() {
    let (site, account) = site(json!({}));
    golden::matches(&site, "blob_missing", &sync(&site, 66));
    account.put_with("firmware", "gw.bin", Blob::new("cold").archived());
    golden::matches(&site, "blob_archived", &sync(&site, 65));
    account.put("firmware", "gw.bin", "here");
    account.deny();
    golden::matches(&site, "blob_denied", &sync(&site, 77));
    account.allow();
    for (golden, status, code, body, exit) in [
        (
            "blob_rehydrating",
            409,
            "BlobBeingRehydrated",
            String::new(),
            69,
        ),
        (
            "blob_old_service",
            400,
            "InvalidHeaderValue",
            old_service(),
            65,
        ),
    ] {
        site.cloud.fault(Fault {
            matching: Match::Host(account.host().to_owned()),
            times: 1,
            action: Action::Status {
                code: status,
                headers: vec![("x-ms-error-code".to_owned(), code.to_owned())],
                body,
            },
        });
        golden::matches(&site, golden, &sync(&site, exit));
    }
}

/// What a service says that is older than the version it is asked for.
fn old_service() -> String {
    "<?xml version=\"1.0\"?><Error><Code>InvalidHeaderValue</Code><Message>x</Message><HeaderName>x-ms-version</HeaderName><HeaderValue>2019-02-02</HeaderValue></Error>".to_owned()
}

#[test]
fn a_blob_that_changes_while_it_comes_keeps_last_good_until_the_next_run() {
    let (site, account) = site(json!({}));
    account.put("firmware", "gw.bin", "version 1");
    sync(&site, 0);
    account.put_generated("firmware", "gw.bin", 300_000, 7);
    account.replace_after_next_read("firmware", "gw.bin", Blob::new("version 3"));
    site.cloud.fault(Fault {
        matching: Match::Host(account.host().to_owned()),
        times: 1,
        action: Action::CutAfter(100_000),
    });
    golden::matches(&site, "blob_changed", &sync(&site, 75));
    assert_eq!(on_disk(&site), b"version 1");
    sync(&site, 0);
    assert_eq!(on_disk(&site), b"version 3");
}

#[test]
fn a_dry_run_says_what_would_come_and_takes_nothing() {
    let (site, account) = site(json!({}));
    account.put("firmware", "gw.bin", "version 1");
    site.keyferry(&["sync", "--dry-run"])
        .exits(0)
        .says("gw.bin  - → 0x");
    assert!(!site.set("image").exists());
    sync(&site, 0);
    site.keyferry(&["sync", "--offline"]).exits(0);
    assert_eq!(on_disk(&site), b"version 1");
}
