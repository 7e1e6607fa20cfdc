//! Blobs: whole, in part, under conditions, and cut off in the middle.

use std::io::{self, ErrorKind, Read, Write};

use base64::prelude::{Engine, BASE64_STANDARD};
use cloud::{Action, Blob, Fault, Match, StorageAccount};
use rsa::sha2::{Digest, Sha256};

use crate::client::{read_head, Bench, Reply, Session};

const STORAGE: &str = "https://storage.azure.com";
const PATH: &str = "/firmware/edge/image-7.bin";

/// A storage account, and a token for it.
struct Store {
    bench: Bench,
    account: StorageAccount,
    token: String,
}

impl Store {
    fn new() -> Store {
        let bench = Bench::new();
        let account = bench.cloud.storage_account("plant7store");
        let token = token(&bench, STORAGE);
        Store {
            bench,
            account,
            token,
        }
    }

    fn open(&self) -> Session {
        self.bench.client.open(self.account.host())
    }

    /// Sends a request with these headers besides the usual ones; the head of the reply.
    fn ask(&self, session: &mut Session, request: &str, headers: &[&str]) -> io::Result<Reply> {
        let host = self.account.host();
        let token = &self.token;
        let more: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let text = format!(
            "{request} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             x-ms-version: 2019-02-02\r\n{more}\r\n"
        );
        session.stream.write_all(text.as_bytes())?;
        read_head(&mut session.stream)
    }

    fn get(&self, path: &str, headers: &[&str]) -> (Reply, Vec<u8>) {
        let mut session = self.open();
        let request = format!("GET {path}");
        let reply = self.ask(&mut session, &request, headers).unwrap();
        let length = reply.header("content-length").unwrap_or("0");
        let mut body = vec![0; length.parse().unwrap()];
        session.stream.read_exact(&mut body).unwrap();
        (reply, body)
    }

    /// Status and code of a refusal, which stands in a header and in XML.
    fn refusal(&self, path: &str, headers: &[&str]) -> String {
        let (reply, body) = self.get(path, headers);
        let code = reply.header("x-ms-error-code").unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains(&format!("<Code>{code}</Code>")), "{body}");
        format!("{} {code}", reply.status)
    }

    fn unexpected(&self) -> usize {
        self.bench.cloud.unexpected().len()
    }
}

fn token(bench: &Bench, resource: &str) -> String {
    let reply = bench.post_changed(&[("scope", &format!("{resource}/.default"))]);
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn a_blob_comes_with_what_is_told_about_it() {
    let store = Store::new();
    let etag = store.account.put("firmware", "edge/image-7.bin", "abc");
    assert!(etag.starts_with("\"0x8DE") && etag.ends_with('"'));
    let (reply, body) = store.get(PATH, &["x-ms-client-request-id: 7"]);
    assert_eq!((reply.status, body.as_slice()), (200, b"abc".as_slice()));
    for (name, value) in [
        ("etag", etag.as_str()),
        ("content-length", "3"),
        ("content-md5", "kAFQmDzST7DWlj99KOF/cg=="),
        ("content-type", "application/octet-stream"),
        ("accept-ranges", "bytes"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-version", "2019-02-02"),
        ("x-ms-client-request-id", "7"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    for name in ["last-modified", "x-ms-request-id", "date", "server"] {
        assert!(reply.header(name).is_some(), "{name}");
    }
    let mut session = store.open();
    for _ in 0..2 {
        let head = store
            .ask(&mut session, &format!("HEAD {PATH}"), &[])
            .unwrap();
        assert_eq!(head.status, 200);
        for name in ["etag", "content-length", "content-md5", "last-modified"] {
            assert_eq!(head.header(name), reply.header(name), "{name}");
        }
        assert_eq!(head.header("x-ms-access-tier"), Some("Hot"));
    }
    let requests = store.bench.cloud.requests();
    let [read, told] = [2, 1].map(|back| &requests[requests.len() - 1 - back]);
    assert!(read.authorized && read.body_out == 3 && read.bytes_out > 300);
    assert_eq!((told.method.as_str(), told.body_out), ("HEAD", 0));
    assert_eq!(store.unexpected(), 0);
}

#[test]
fn options_change_what_is_told() {
    let store = Store::new();
    let told = |blob: Blob| {
        store.account.put_with("c", "b", blob);
        store.get("/c/b", &[]).0
    };
    let bytes = "abc";
    assert!(told(Blob::new(bytes).without_md5())
        .header("content-md5")
        .is_none());
    let wrong = told(Blob::new(bytes).with_wrong_md5());
    let wrong = wrong.header("content-md5").unwrap().to_owned();
    assert_eq!(BASE64_STANDARD.decode(&wrong).unwrap().len(), 16);
    assert_ne!(wrong, "kAFQmDzST7DWlj99KOF/cg==");
    let encoded = Blob::new(bytes)
        .content_encoding("gzip")
        .content_type("text/plain");
    let encoded = told(encoded);
    assert_eq!(encoded.header("content-encoding"), Some("gzip"));
    assert_eq!(encoded.header("content-type"), Some("text/plain"));
    store
        .account
        .put_with("c", "b", Blob::new(bytes).archived());
    assert_eq!(store.refusal("/c/b", &[]), "409 BlobArchived");
    let mut session = store.open();
    let head = store.ask(&mut session, "HEAD /c/b", &[]).unwrap();
    assert_eq!(
        (head.status, head.header("x-ms-access-tier")),
        (200, Some("Archive"))
    );
}

#[test]
fn conditions_go_by_the_etag() {
    let store = Store::new();
    let old = store.account.put("firmware", "edge/image-7.bin", "one");
    let new = store.account.put("firmware", "edge/image-7.bin", "two");
    assert_ne!(old, new);
    let none = |etag: &str| format!("If-None-Match: {etag}");
    let same = |etag: &str| format!("If-Match: {etag}");

    let mut session = store.open();
    for request in ["GET", "HEAD"] {
        let request = format!("{request} {PATH}");
        let unchanged = store.ask(&mut session, &request, &[&none(&new)]).unwrap();
        assert_eq!(unchanged.status, 304);
        assert_eq!(unchanged.header("x-ms-error-code"), Some("ConditionNotMet"));
        assert_eq!(unchanged.header("etag"), Some(new.as_str()));
        assert!(unchanged.header("content-length").is_none());
    }
    assert_eq!(store.get(PATH, &[&none(&old)]).1, b"two");
    assert_eq!(store.get(PATH, &[&same(&new)]).1, b"two");
    assert_eq!(store.get(PATH, &[&same("*")]).1, b"two");
    assert_eq!(store.refusal(PATH, &[&same(&old)]), "412 ConditionNotMet");
    let gone = store.refusal(PATH, &[&same(&old), "x-ms-range: bytes=9-"]);
    assert_eq!(gone, "412 ConditionNotMet");
    let record = store.bench.cloud.requests().pop().unwrap();
    assert_eq!(record.header("if-match"), Some(old.as_str()));
    assert_eq!(record.range(), Some("bytes=9-"));
    assert_eq!(store.unexpected(), 0);
    for bad in [
        none("0x8DE0"),
        same(&format!("{old}, {new}")),
        "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT".to_owned(),
    ] {
        store.bench.cloud.reset_log();
        assert_eq!(
            store.refusal(PATH, &[&bad]),
            "400 InvalidHeaderValue",
            "{bad}"
        );
        assert_eq!(store.unexpected(), 1);
    }
}

#[test]
fn parts_are_cut_at_the_end() {
    let store = Store::new();
    let text = "0123456789";
    store.account.put("c", "b", text);
    let stored = store
        .get("/c/b", &[])
        .0
        .header("content-md5")
        .unwrap()
        .to_owned();
    for (range, part, told) in [
        ("Range: bytes=0-", "0123456789", "bytes 0-9/10"),
        ("Range: bytes=4-", "456789", "bytes 4-9/10"),
        ("x-ms-range: bytes=2-4", "234", "bytes 2-4/10"),
        ("x-ms-range: bytes=8-99", "89", "bytes 8-9/10"),
    ] {
        let (reply, body) = store.get("/c/b", &[range]);
        assert_eq!(
            (reply.status, body.as_slice()),
            (206, part.as_bytes()),
            "{range}"
        );
        assert_eq!(reply.header("content-range"), Some(told));
        assert!(reply.header("content-md5").is_none());
        assert_eq!(reply.header("x-ms-blob-content-md5"), Some(stored.as_str()));
    }
    let both = ["Range: bytes=0-1", "x-ms-range: bytes=2-3"];
    assert_eq!(store.get("/c/b", &both).1, b"23");
    let digest = ["Range: bytes=0-9", "x-ms-range-get-content-md5: true"];
    let (digest, _) = store.get("/c/b", &digest);
    assert_eq!(digest.header("content-md5"), Some(stored.as_str()));

    let beyond = store.get("/c/b", &["Range: bytes=10-"]).0;
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.header("content-range"), Some("bytes */10"));
    assert_eq!(
        store.refusal("/c/b", &["Range: bytes=10-"]),
        "416 InvalidRange"
    );
    store.account.put("c", "empty", "");
    assert_eq!(store.get("/c/empty", &[]).1, b"");
    assert_eq!(
        store.refusal("/c/empty", &["Range: bytes=0-"]),
        "416 InvalidRange"
    );
    assert_eq!(store.unexpected(), 0);
    for bad in [
        "bytes=-5",
        "bytes=5-4",
        "bytes=0-1,4-5",
        "bytes=+1-",
        "items=0-1",
    ] {
        store.bench.cloud.reset_log();
        let refusal = store.refusal("/c/b", &[&format!("Range: {bad}")]);
        assert_eq!(refusal, "400 InvalidHeaderValue", "{bad}");
        assert_eq!(store.unexpected(), 1);
    }
}

#[test]
fn what_is_not_there_is_told_apart() {
    let store = Store::new();
    store.account.put("c", "Größe/a b.bin", "named");
    store.account.put("$root", "alone", "rooted");
    assert_eq!(store.get("/c/Gr%C3%B6%C3%9Fe/a%20b.bin", &[]).1, b"named");
    assert_eq!(store.get("/alone", &[]).1, b"rooted");
    assert_eq!(store.refusal("/c/never", &[]), "404 BlobNotFound");
    assert_eq!(
        store.refusal("/c/gr%C3%B6%C3%9Fe/a%20b.bin", &[]),
        "404 BlobNotFound"
    );
    assert_eq!(store.refusal("/never/b", &[]), "404 ContainerNotFound");
    store.account.delete("c", "Größe/a b.bin");
    assert_eq!(
        store.refusal("/c/Gr%C3%B6%C3%9Fe/a%20b.bin", &[]),
        "404 BlobNotFound"
    );
    let mut session = store.open();
    for _ in 0..2 {
        let head = store.ask(&mut session, "HEAD /c/never", &[]).unwrap();
        assert_eq!(head.header("x-ms-error-code"), Some("BlobNotFound"));
    }
    assert_eq!(store.unexpected(), 0);
    for bad in ["/c/../b", "/c/%zz", "/c/", "/c/b?comp=metadata"] {
        store.bench.cloud.reset_log();
        assert!(store.refusal(bad, &[]).starts_with("400 Invalid"), "{bad}");
        assert_eq!(store.unexpected(), 1, "{bad}");
    }
}

#[test]
fn a_blob_needs_a_token_for_storage() {
    let mut store = Store::new();
    store.account.put("c", "b", "hush");
    store.account.deny();
    let denied = "403 AuthorizationPermissionMismatch";
    assert_eq!(store.refusal("/c/b", &[]), denied);
    assert_eq!(
        store.refusal("/c/never", &[]),
        denied,
        "nothing is told to strangers"
    );
    store.account.allow();
    let own = format!("https://{}", store.account.host());
    store.token = token(&store.bench, &own);
    assert_eq!(store.get("/c/b", &[]).1, b"hush");
    store.token = token(&store.bench, "https://vault.usgovcloudapi.net");
    assert_eq!(store.refusal("/c/b", &[]), "401 InvalidAuthenticationInfo");
    let (reply, _) = store.get("/c/b", &[]);
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer authorization_uri=https://login.microsoftonline.us/"));
    assert!(challenge.ends_with("/oauth2/authorize resource_id=https://storage.azure.com"));
    assert_eq!(store.unexpected(), 0);
}

#[test]
fn a_large_blob_is_made_as_it_is_read() {
    let store = Store::new();
    let length = 16 * 1024 * 1024 + 5;
    store
        .account
        .put_generated("c", "large", u64::try_from(length).unwrap(), 7);
    let mut session = store.open();
    let reply = store.ask(&mut session, "GET /c/large", &[]).unwrap();
    assert_eq!(
        reply.header("content-length"),
        Some(length.to_string().as_str())
    );
    assert!(reply.header("content-md5").is_none());
    let mut digest = Sha256::new();
    let mut block = vec![0; 100_000];
    let mut left = length;
    while left > 0 {
        let count = left.min(block.len());
        session.stream.read_exact(&mut block[..count]).unwrap();
        digest.update(&block[..count]);
        left -= count;
    }
    let hex: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let blob = Blob::generated(u64::try_from(length).unwrap(), 7);
    assert_eq!(hex, blob.sha256());
    let part = store
        .get("/c/large", &["x-ms-range: bytes=1048573-1048580"])
        .1;
    assert_eq!(part, &blob.bytes()[1_048_573..1_048_581]);
}

fn fault(store: &Store, action: Action, times: usize) {
    store.bench.cloud.fault(Fault {
        matching: Match::Path("/c/b".to_owned()),
        action,
        times,
    });
}

/// Reads until the connection ends.
fn read_what_comes(store: &Store, headers: &[&str]) -> Vec<u8> {
    let mut session = store.open();
    store.ask(&mut session, "GET /c/b", headers).unwrap();
    let mut body = Vec::new();
    let end = session.stream.read_to_end(&mut body).unwrap_err();
    assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
    body
}

#[test]
fn a_read_that_was_cut_off_can_go_on() {
    let store = Store::new();
    let blob = Blob::generated(1_000_000, 7);
    let etag = store.account.put_with("c", "b", blob.clone());
    let pinned = format!("If-Match: {etag}");
    fault(&store, Action::CutAfter(300_001), 3);
    let mut body = Vec::new();
    for _ in 0..3 {
        let range = format!("x-ms-range: bytes={}-", body.len());
        body.extend(read_what_comes(&store, &[&range, &pinned]));
    }
    assert_eq!(body.len(), 900_003);
    let cut: Vec<usize> = store.bench.cloud.requests()[1..]
        .iter()
        .map(|record| record.body_out)
        .collect();
    assert_eq!(cut, [300_001; 3]);
    let range = format!("x-ms-range: bytes={}-", body.len());
    body.extend(store.get("/c/b", &[&range, &pinned]).1);
    assert!(body == blob.bytes());
    assert_eq!(store.unexpected(), 0);
}

#[test]
fn a_blob_can_be_replaced_in_the_middle() {
    let store = Store::new();
    let [old, new] = [1, 2].map(|seed| Blob::generated(200_000, seed));
    let first = store.account.put_with("c", "b", old.clone());
    let second = store.account.replace_after_next_read("c", "b", new.clone());
    let mut session = store.open();
    let head = store.ask(&mut session, "HEAD /c/b", &[]).unwrap();
    assert_eq!(
        head.header("etag"),
        Some(first.as_str()),
        "nothing was read"
    );
    fault(&store, Action::CutAfter(100_000), 1);
    assert!(read_what_comes(&store, &[]) == old.bytes()[..100_000]);
    let rest = ["x-ms-range: bytes=100000-", &format!("If-Match: {first}")];
    assert_eq!(store.refusal("/c/b", &rest), "412 ConditionNotMet");
    let (reply, body) = store.get("/c/b", &[]);
    assert_eq!(reply.header("etag"), Some(second.as_str()));
    assert!(body == new.bytes());
}

#[test]
fn a_read_can_stall() {
    let store = Store::new();
    store.account.put_generated("c", "b", 100_000, 7);
    fault(&store, Action::StallAfter(70_000), 1);
    let mut session = store.open();
    let reply = store.ask(&mut session, "GET /c/b", &[]).unwrap();
    assert_eq!(reply.header("content-length"), Some("100000"));
    let mut body = vec![0; 70_000];
    session.stream.read_exact(&mut body).unwrap();
    assert!(body == Blob::generated(100_000, 7).bytes()[..70_000]);
    session.stream.sock.set_nonblocking(true).unwrap();
    let nothing = session.stream.read(&mut body).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    session.stream.sock.set_nonblocking(false).unwrap();
    drop(store);
    assert!(
        session.stream.read(&mut body).is_err(),
        "it ends with the cloud"
    );
}
