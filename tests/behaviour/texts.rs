//! What is made of a secret's value: decoded, a part of it, its end. Bytes in are bytes out.

use cloud::Secret;
use serde_json::{json, Value};

use crate::authority;
use crate::golden;
use crate::support::Site;

/// A site whose set `app` has the file `out` of the secret `value`, with these keys beside it.
fn site(keys: &Value) -> Site {
    let mut file = json!({"secret": "value"});
    let keys = keys.as_object().unwrap().clone();
    file.as_object_mut().unwrap().extend(keys);
    let site = Site::new();
    site.configure(&site.config(json!({"app": {"files": {"out": file}}})));
    site
}

fn put(site: &Site, value: &str, tag: Option<&str>) {
    let mut secret = Secret::new(value);
    let tag = tag.map(|tag| ("file-encoding".to_owned(), tag.to_owned()));
    secret.tags.extend(tag);
    // Short ones stand in any output by chance.
    if value.trim().len() > 6 {
        site.hide(value.trim());
    }
    site.vault.set_with("value", secret);
}

#[track_caller]
fn delivers(keys: Value, value: &str, tag: Option<&str>, bytes: &[u8]) {
    let site = site(&keys);
    put(&site, value, tag);
    site.keyferry(&["sync"]).exits(0);
    let delivered = std::fs::read(site.set("app").join("out")).unwrap();
    assert!(delivered == bytes, "{value:?} with {keys}: {delivered:?}");
    site.assert_well_behaved();
}

#[test]
fn a_value_is_delivered_byte_for_byte() {
    let long = "\u{e4}\"\\\n\u{1}".repeat(25 * 1024 / 6);
    for value in [
        "",
        "hunter2",
        "\nhunter2\n\n",
        "hunter2\r\n",
        "with\0NUL\0",
        "\u{feff}hunter2 behind a byte order mark",
        "\u{1f511}\u{2028}\u{7f}\u{85}",
        " hunter2\t",
        &long,
    ] {
        delivers(json!({}), value, None, value.as_bytes());
    }
}

#[test]
fn base64_and_hexadecimal_digits_are_decoded_however_they_were_broken() {
    let bytes: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let one_line = authority::openssl(&["base64", "-A"], &bytes);
    let one_line = String::from_utf8(one_line).unwrap();
    let broken = String::from_utf8(authority::openssl(&["base64"], &bytes)).unwrap();
    for value in [
        one_line.clone(),
        broken.replace('\n', "\r\n"),
        format!("\n {one_line}\n\n"),
        broken,
    ] {
        delivers(json!({"encoding": "base64"}), &value, None, &bytes);
    }
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let lines = digits.as_bytes().chunks(64);
    let lines: Vec<&str> = lines
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    for value in [digits.to_uppercase(), lines.join("\n"), digits.clone()] {
        delivers(json!({"encoding": "hex"}), &value, None, &bytes);
    }
}

#[test]
fn the_tag_of_az_says_the_encoding_unless_the_configuration_does() {
    let text = "aHVudGVyMg==\n";
    let hunter = b"hunter2";
    for (keys, tag, bytes) in [
        (json!({}), None, text.as_bytes()),
        (json!({}), Some("base64"), hunter),
        (json!({}), Some("utf-8"), text.as_bytes()),
        (json!({}), Some("ascii"), text.as_bytes()),
        (
            json!({"encoding": "utf-8"}),
            Some("base64"),
            text.as_bytes(),
        ),
        (json!({"encoding": "base64"}), Some("utf-8"), hunter),
        (json!({"encoding": "base64"}), Some("utf-16le"), hunter),
    ] {
        delivers(keys, text, tag, bytes);
    }
    delivers(json!({}), "68756E 74657232", Some("hex"), hunter);
}

#[test]
fn a_tag_that_changes_alone_changes_the_file() {
    let site = site(&json!({}));
    put(&site, "aHVudGVyMg==", None);
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(site.delivered("app", "out").unwrap(), "aHVudGVyMg==");
    site.vault.set_tags("value", &[("file-encoding", "base64")]);
    site.hide("hunter2");
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(site.delivered("app", "out").unwrap(), "hunter2");
}

#[test]
fn a_part_of_a_document_is_found_by_its_pointer() {
    let document = r#" {"broker": {"password": "hunter\u0032 \ud83d\udd11", "port": 8883.0,
        "hosts": ["a", "b"], "tls": {"verify": true, "a/b": "slash", "": "empty"}},
        "big": 12345678901234567890123} "#;
    for (pointer, part) in [
        ("/broker/password", "hunter2 \u{1f511}"),
        ("/broker/port", "8883.0"),
        ("/broker/hosts", r#"["a","b"]"#),
        ("/broker/hosts/1", "b"),
        ("/broker/tls", r#"{"verify":true,"a/b":"slash","":"empty"}"#),
        ("/broker/tls/a~1b", "slash"),
        ("/broker/tls/", "empty"),
        ("/broker/tls/verify", "true"),
        ("/big", "12345678901234567890123"),
    ] {
        delivers(json!({"json": pointer}), document, None, part.as_bytes());
        let marked = format!("\u{feff}{document}");
        delivers(json!({"json": pointer}), &marked, None, part.as_bytes());
    }
    let deep = format!("{}\"hunter2\"{}", "[".repeat(100), "]".repeat(100));
    delivers(
        json!({"json": "/0".repeat(20)}),
        &deep,
        None,
        &deep.as_bytes()[20..180 + 9],
    );
    // Decoded first, its end last.
    let keys = json!({"encoding": "base64", "json": "/a", "newline": "ensure"});
    delivers(keys, "eyJhIjoiaHVudGVyMiJ9", None, b"hunter2\n");
}

#[test]
fn line_breaks_at_the_end_are_kept_stripped_or_ensured() {
    for (value, kept, stripped, ensured) in [
        ("hunter2", "hunter2", "hunter2", "hunter2\n"),
        ("hunter2\n", "hunter2\n", "hunter2", "hunter2\n"),
        (
            "\nhunter2\r\n\n",
            "\nhunter2\r\n\n",
            "\nhunter2",
            "\nhunter2\r\n\n",
        ),
        ("hunter2\r", "hunter2\r", "hunter2\r", "hunter2\r\n"),
        ("\n", "\n", "", "\n"),
        ("", "", "", "\n"),
    ] {
        for (newline, bytes) in [("keep", kept), ("strip", stripped), ("ensure", ensured)] {
            delivers(json!({"newline": newline}), value, None, bytes.as_bytes());
        }
    }
}

#[test]
fn what_cannot_be_made_of_a_value_is_told_with_its_place_and_keeps_last_good() {
    let mut told = String::new();
    for (keys, value, tag) in [
        (json!({"encoding": "base64"}), "aHVudGVyMg= =!hunter2", None),
        (json!({"encoding": "hex"}), "68756e7-hunter2", None),
        (json!({}), "not base64: hunter2", Some("base64")),
        (json!({}), "hunter2 of Windows", Some("utf-16le")),
        (json!({}), "hunter2 of nobody", Some("\u{1b}[2J\u{202e}")),
        (
            json!({"json": "/a"}),
            "{\"a\": \"hunter2\",\n\"b\": }",
            None,
        ),
        (json!({"json": "/a/b/c"}), r#"{"a": {"hunter2": 1}}"#, None),
        (json!({"json": "/a/0"}), r#"{"a": "hunter2"}"#, None),
        (
            json!({"json": "/a"}),
            r#"{"a": null, "b": "hunter2"}"#,
            None,
        ),
        (json!({"json": "/a"}), r#"{"a": "hunter2", "a": 1}"#, None),
        (json!({"json": "/a"}), r#"{"a": "hunter2 \ud800"}"#, None),
    ] {
        let site = site(&json!({}));
        put(&site, "good as it is", None);
        site.keyferry(&["sync"]).exits(0);
        let mut config = site.config(json!({"app": {"files": {"out": {"secret": "value"}}}}));
        let file = config["sets"]["app"]["files"]["out"].as_object_mut();
        file.unwrap().extend(keys.as_object().unwrap().clone());
        site.configure(&config);
        put(&site, value, tag);
        site.hide("hunter2");
        let run = site.keyferry(&["sync"]).exits(65);
        let lines = run.stderr.lines().filter(|line| line.starts_with("error"));
        let lines: Vec<&str> = lines.collect();
        told.push_str(&format!("{keys}\n{}\n", lines.join("\n")));
        assert_eq!(site.delivered("app", "out").unwrap(), "good as it is");
        let status = site.set_status("app");
        assert_eq!(
            (&status["state"], &status["reason"]),
            (&json!("unusable"), &json!("reply")),
            "{status}"
        );
        assert!(!status.to_string().contains("hunter2"));
    }
    golden::text_matches("content_problems", &told);
}
