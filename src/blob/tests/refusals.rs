//! What cannot be used, and what the service refuses.

use super::*;
use crate::error::Class;

#[test]
fn a_rest_that_is_another_one_cannot_be_used() {
    let other = rest(4, 8, "ware").replace("0x1", "0x2");
    for (answer, wanted) in [
        (rest(3, 8, "mware"), "from another place than was asked for"),
        (
            part(206, &[], 4, "ware"),
            "from another place than was asked for",
        ),
        (rest(4, 9, "ware!"), "with another length than before"),
        (other, "in another version than was asked for"),
        (whole("firmware"), "from its beginning, not its rest"),
    ] {
        let first = Answer::Cut(part(200, &[], 8, "firm"));
        let site = Site::new(vec![first, Answer::Whole(answer)]);
        let (text, end) = drain(&mut site.download(&Have::default()));
        assert_eq!(text, "firm");
        let told = end.unwrap().to_string();
        assert_eq!(
            told,
            format!("vault.test: sent blob devices/a b/firmware.bin {wanted}")
        );
    }
}

#[test]
fn a_blob_is_not_begun_without_what_holds_it_together() {
    let chunks = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (answer, wanted) in [
        (chunks.to_owned(), "without its length"),
        (
            whole("x").replace("ETag", "Tag"),
            "without an ETag that can be sent back",
        ),
        (
            whole("x").replace("\"0x1\"", &"x".repeat(129)),
            "without an ETag that can be sent back",
        ),
        (whole("x").replace(MD5, "AQID"), "with an MD5 that is none"),
    ] {
        let site = Site::new(vec![Answer::Whole(answer)]);
        let told = site.open(&Have::default()).unwrap_err().to_string();
        assert!(told.ends_with(wanted), "{told}");
    }
    let more = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let site = Site::new(vec![Answer::Whole(more.to_owned())]);
    let told = match site.open(&Have::default()) {
        Ok(Opened::Content(mut download)) => drain(&mut download).1.unwrap().to_string(),
        other => other.unwrap_err().to_string(),
    };
    assert!(told.starts_with("vault.test: sent "), "{told}");
}

#[test]
fn what_is_too_large_is_refused_before_a_byte_is_taken() {
    let first = Answer::Cut(part(200, &[], 101, ""));
    let site = Site::new(vec![first, Answer::Cut(rest(90, 101, ""))]);
    let have = Have {
        etag_on_disk: None,
        partial: Some(("\"0x1\"", 90)),
    };
    for have in [Have::default(), have] {
        let error = site.open(&have).unwrap_err();
        assert_eq!(
            error.to_string(),
            "blob devices/a b/firmware.bin in vault.test has 101 bytes, more than the 100 it may have"
        );
        assert_eq!(error.class(), Class::Unusable);
    }
}

#[test]
fn each_refusal_of_the_service_has_its_own_sentence() {
    let blob = "blob devices/a b/firmware.bin";
    for (status, code, wanted, class) in [
        (
            404,
            "BlobNotFound",
            format!("vault.test has no {blob} (BlobNotFound)"),
            Class::InputMissing,
        ),
        (
            404,
            "ContainerNotFound",
            format!("vault.test has no {blob} (ContainerNotFound)"),
            Class::InputMissing,
        ),
        (
            401,
            "InvalidAuthenticationInfo",
            "vault.test refused the token: InvalidAuthenticationInfo (status 401)".to_owned(),
            Class::Refused,
        ),
        (
            403,
            "AuthorizationPermissionMismatch",
            "vault.test refused the token: AuthorizationPermissionMismatch (status 403)".to_owned(),
            Class::Refused,
        ),
        (
            409,
            "BlobArchived",
            format!("{blob} in vault.test lies in the archive tier, where it cannot be read"),
            Class::Unusable,
        ),
        (
            409,
            "BlobBeingRehydrated",
            format!("{blob} in vault.test is on its way out of the archive tier"),
            Class::Passing,
        ),
        (
            400,
            "InvalidUri",
            format!("vault.test: answered {blob} with status 400 (InvalidUri)"),
            Class::Unusable,
        ),
        (
            404,
            "ResourceNotFound",
            format!("vault.test: answered {blob} with status 404 (ResourceNotFound)"),
            Class::Unusable,
        ),
    ] {
        let site = Site::new(vec![refusal(status, code)]);
        let error = site.open(&Have::default()).unwrap_err();
        assert_eq!((error.to_string(), error.class()), (wanted, class));
        assert!(!error.advice().is_empty());
    }
}

#[test]
fn only_storage_can_say_that_a_blob_is_missing() {
    let page = "<html><Code>BlobNotFound</Code></html>";
    let length = page.len();
    let answer = format!("HTTP/1.1 404 No\r\nContent-Length: {length}\r\n\r\n{page}");
    let site = Site::new(vec![Answer::Whole(answer)]);
    let error = site.open(&Have::default()).unwrap_err();
    assert!(matches!(error, Error::Reply { .. }), "{error}");
}

#[test]
fn an_old_service_is_told_apart_from_other_bad_headers() {
    for (name, old) in [("x-ms-version", true), ("x-ms-range", false)] {
        let xml = format!("<Error><HeaderName>{name}</HeaderName></Error>");
        let length = xml.len();
        let answer = format!("HTTP/1.1 400 X\r\nx-ms-error-code: InvalidHeaderValue\r\nContent-Length: {length}\r\n\r\n{xml}");
        let site = Site::new(vec![Answer::Whole(answer)]);
        let told = site.open(&Have::default()).unwrap_err().to_string();
        assert_eq!(
            told.contains("does not know version 2019-02-02"),
            old,
            "{told}"
        );
    }
}

#[test]
fn the_code_of_a_refusal_is_escaped_wherever_it_stands() {
    let xml = "\u{feff}<?xml version=\"1.0\"?><Error><Code>\u{1b}[2J</Code></Error>";
    let length = xml.len();
    let answer = format!("HTTP/1.1 403 X\r\nContent-Length: {length}\r\n\r\n{xml}");
    let site = Site::new(vec![
        Answer::Whole(answer),
        Answer::Whole("HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n".to_owned()),
    ]);
    for wanted in ["\\u{1b}[2J", "no code"] {
        let told = probe(&site.access(), &site.blob.host)
            .unwrap_err()
            .to_string();
        assert_eq!(
            told,
            format!("vault.test refused the token: {wanted} (status 403)")
        );
    }
}

#[test]
fn the_account_can_be_asked_without_a_byte_moving() {
    let answers = vec![
        Answer::Whole(part(200, &[], 200_000_000, "")),
        Answer::Whole("HTTP/1.1 404 X\r\nx-ms-error-code: BlobNotFound\r\n\r\n".to_owned()),
        Answer::Whole("HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\n<a>".to_owned()),
    ];
    let site = Site::new(answers);
    let facts = head(&site.access(), &site.blob).unwrap();
    assert_eq!((facts.length, facts.md5), (200_000_000, None));
    let error = head(&site.access(), &site.blob).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    probe(&site.access(), &site.blob.host).unwrap();
    assert_eq!(site.asked(2), ["GET /?comp=list&maxresults=1 HTTP/1.1"]);
}

#[test]
fn what_cannot_be_read_is_told_without_a_byte_moving() {
    let archived =
        "HTTP/1.1 200 X\r\nETag: \"1\"\r\nContent-Length: 8\r\nx-ms-access-tier: Archive\r\n";
    let coming = format!("{archived}x-ms-archive-status: rehydrate-pending-to-hot\r\n");
    let old = "HTTP/1.1 400 X\r\nx-ms-error-code: InvalidHeaderValue\r\n";
    for (answer, wanted) in [
        (
            archived,
            "lies in the archive tier, where it cannot be read",
        ),
        (&coming, "is on its way out of the archive tier"),
        (old, "does not know version 2019-02-02 of itself"),
    ] {
        let site = Site::new(vec![Answer::Whole(format!("{answer}\r\n"))]);
        let told = head(&site.access(), &site.blob).unwrap_err().to_string();
        assert!(told.ends_with(wanted), "{told}");
    }
}
