//! Content: whole, unchanged, in part, on from where it was cut.

use super::*;
use crate::error::{Class, Phase};

#[test]
fn a_blob_comes_whole_with_what_the_account_says_of_it() {
    let site = Site::new(vec![
        Answer::Whole(whole("firmware")),
        Answer::Whole(whole("")),
    ]);
    let mut download = site.download(&Have::default());
    assert_eq!((download.etag(), download.length()), ("\"0x1\"", 8));
    assert_eq!((download.starts_at(), download.md5()), (0, Some(DIGEST)));
    let (text, end) = drain(&mut download);
    assert_eq!((text.as_str(), end.is_none()), ("firmware", true));
    assert_eq!(download.next(&mut [0; ROOM]).unwrap(), 0);
    assert_eq!(fetched(&site, &Have::default()), "");
    assert_eq!(site.client.traffic().connections, 1);
    let request = site.server.asked.lock().unwrap()[0].clone();
    let head = "GET /devices/a%20b/firmware.bin HTTP/1.1\r\nAuthorization: Bearer t0ken\r\n";
    assert!(request.starts_with(head), "{request}");
    assert!(
        request.contains("x-ms-version: 2019-02-02\r\n"),
        "{request}"
    );
}

#[test]
fn names_are_encoded_part_by_part_and_the_root_container_has_none() {
    let mut blob = Site::new(Vec::new()).blob;
    for (container, name, wanted) in [
        ("$web", "a/ü?#%.bin", "/%24web/a/%C3%BC%3F%23%25.bin"),
        ("$root", "a+b~c", "/a%2Bb~c"),
        ("c", "a//b/", "/c/a//b/"),
    ] {
        (blob.container, blob.name) = (container.to_owned(), name.to_owned());
        assert_eq!(path(&blob), wanted);
    }
}

#[test]
fn an_unchanged_blob_takes_one_request() {
    let same = "HTTP/1.1 304 Same\r\nETag: \"0x1\"\r\nx-ms-error-code: ConditionNotMet\r\n\r\n";
    let answers = vec![
        Answer::Whole(same.to_owned()),
        Answer::Whole(same.to_owned()),
    ];
    let site = Site::new(answers);
    let have = Have {
        etag_on_disk: Some("\"0x1\""),
        partial: None,
    };
    assert!(matches!(site.open(&have), Ok(Opened::Unchanged)));
    let wanted = [
        "GET /devices/a%20b/firmware.bin HTTP/1.1",
        "if-none-match: \"0x1\"",
    ];
    assert_eq!(site.asked(0), wanted);
    assert_eq!(site.count(), 1);
    // Nobody asked for a condition.
    let error = site.open(&Have::default()).unwrap_err();
    assert!(matches!(error, Error::Reply { .. }), "{error}");
}

#[test]
fn a_cut_blob_goes_on_from_where_it_stands() {
    let answers = vec![
        Answer::Cut(part(200, &[], 8, "firm")),
        Answer::Last(rest(4, 8, "w")),
        refusal(503, "ServerBusy"),
        Answer::Whole(rest(5, 8, "are")),
    ];
    let site = Site::new(answers);
    let mut download = site.download(&Have::default());
    let (text, end) = drain(&mut download);
    assert_eq!(
        (text.as_str(), end.is_none()),
        ("firmware", true),
        "{end:?}"
    );
    for (number, at) in [(1, 4), (2, 5), (3, 5)] {
        let range = format!("x-ms-range: bytes={at}-");
        assert_eq!(
            site.asked(number)[1..],
            [range, "if-match: \"0x1\"".to_owned()]
        );
    }
    assert_eq!(site.client.traffic().requests, 4);
}

#[test]
fn what_an_earlier_run_began_is_gone_on_with() {
    let site = Site::new(vec![Answer::Whole(rest(5, 8, "are"))]);
    let have = Have {
        etag_on_disk: Some("\"0x0\""),
        partial: Some(("\"0x1\"", 5)),
    };
    let mut download = site.download(&have);
    assert_eq!((download.starts_at(), download.length()), (5, 8));
    assert_eq!(download.md5(), Some(DIGEST));
    assert_eq!(drain(&mut download).0, "are");
    let wanted = ["x-ms-range: bytes=5-", "if-match: \"0x1\""];
    assert_eq!(site.asked(0)[1..], wanted);
    assert_eq!(site.count(), 1);
}

#[test]
fn what_is_no_beginning_of_it_any_more_is_fetched_whole() {
    let ignored = Answer::Whole(whole("firmware"));
    for first in [refusal(412, "ConditionNotMet"), ignored] {
        let site = Site::new(vec![first, Answer::Whole(whole("firmware"))]);
        let have = Have {
            etag_on_disk: Some("\"0x0\""),
            partial: Some(("\"0x9\"", 5)),
        };
        assert_eq!(fetched(&site, &have), "firmware");
        assert_eq!(site.asked(1)[1..], ["if-none-match: \"0x0\""]);
    }
    for partial in [("\"0x0\"", 5), ("\"0x9\"", 0)] {
        let site = Site::new(vec![Answer::Whole(whole("firmware"))]);
        let have = Have {
            etag_on_disk: Some("\"0x0\""),
            partial: Some(partial),
        };
        assert_eq!(fetched(&site, &have), "firmware");
        assert_eq!(site.asked(0)[1..], ["if-none-match: \"0x0\""]);
    }
}

#[test]
fn of_what_is_all_there_nothing_is_fetched() {
    let head = || Answer::Whole(part(200, &[("content-md5", MD5)], 8, ""));
    let have = Have {
        etag_on_disk: None,
        partial: Some(("\"0x1\"", 8)),
    };
    let site = Site::new(vec![refusal(416, "InvalidRange"), head()]);
    let mut download = site.download(&have);
    assert_eq!((download.starts_at(), download.length()), (8, 8));
    assert_eq!(download.md5(), Some(DIGEST));
    let (text, end) = drain(&mut download);
    assert!(text.is_empty() && end.is_none());
    assert!(site.asked(1)[0].starts_with("HEAD /devices/"));
    assert_eq!(site.count(), 2);
    for partial in [("\"0x9\"", 8), ("\"0x1\"", 9)] {
        let have = Have {
            partial: Some(partial),
            ..have
        };
        let answers = vec![
            refusal(416, "InvalidRange"),
            head(),
            Answer::Whole(whole("firmware")),
        ];
        assert_eq!(fetched(&Site::new(answers), &have), "firmware");
    }
}

#[test]
fn a_blob_that_is_replaced_on_the_way_is_told_as_passing() {
    let cut = || Answer::Cut(part(200, &[], 8, "firm"));
    let site = Site::new(vec![cut(), refusal(412, "ConditionNotMet")]);
    let (text, end) = drain(&mut site.download(&Have::default()));
    let end = end.unwrap();
    assert_eq!(text, "firm");
    assert_eq!(
        end.to_string(),
        "blob devices/a b/firmware.bin in vault.test changed while it was fetched"
    );
    assert_eq!(end.class(), Class::Passing);
    let site = Site::new(vec![cut(), refusal(404, "BlobNotFound")]);
    let (_, end) = drain(&mut site.download(&Have::default()));
    assert!(matches!(end, Some(Error::Missing { .. })), "{end:?}");
}

#[test]
fn what_comes_again_and_again_without_a_byte_is_given_up() {
    let cut = || Answer::Cut(rest(4, 8, ""));
    let first = Answer::Cut(part(200, &[], 8, "firm"));
    let site = Site::new(vec![
        first,
        cut(),
        cut(),
        cut(),
        Answer::Whole(rest(4, 8, "ware")),
    ]);
    let (text, end) = drain(&mut site.download(&Have::default()));
    assert_eq!(text, "firm");
    let exchange = Phase::Exchange;
    assert!(
        matches!(&end, Some(Error::Network { phase, .. }) if *phase == exchange),
        "{end:?}"
    );
    assert_eq!(site.client.traffic().requests, 4);
}
