//! What files can be made of, and what operators read when they get it wrong.

use super::{with_sets, Fixture};
use crate::config::{
    CertificatePart, ChangeCheck, Config, Content, Encoding, Form, KeyPart, Newline, ObjectKind,
    Set, Source, Value,
};

/// A set "a" with the file "x" that is `file`.
fn with_file(file: &str) -> String {
    with_sets(&format!("{{\"a\": {{\"files\": {{\n\"x\": {file}}}}}}}"))
}

fn load(file: &str) -> Config {
    let fixture = Fixture::new(&with_file(file));
    assert_eq!(fixture.complaints(), [""; 0], "{file}");
    fixture.load().unwrap()
}

fn source(file: &str) -> Source {
    load(file).sets[0].files[0].source.clone()
}

fn value(file: &str) -> Value {
    match source(file) {
        Source::Content(Content::Value(value)) => value,
        other => panic!("{other:?}"),
    }
}

/// What is said of each file, without "config.json:".
fn assert_complaints(cases: &[(&str, &str)]) {
    for (file, expected) in cases {
        let complaints = Fixture::new(&with_file(file)).complaints();
        let expected = format!("config.json:{expected}");
        assert_eq!(complaints, [expected], "{file}");
    }
}

#[test]
fn a_certificate_says_its_part() {
    for (part, expected) in [
        ("cert", CertificatePart::Cert),
        ("chain", CertificatePart::Chain),
        ("ca", CertificatePart::Ca),
        ("key", CertificatePart::Key),
        ("bundle", CertificatePart::Bundle),
        ("pfx", CertificatePart::Pfx),
    ] {
        let value = value(&format!(r#"{{"certificate": "y", "part": "{part}"}}"#));
        assert_eq!(value.object.kind, ObjectKind::Certificate);
        assert_eq!(value.form, Form::Certificate(expected));
    }
}

#[test]
fn a_key_is_pem_unless_it_says_otherwise() {
    assert_eq!(value(r#"{"key": "y"}"#).form, Form::Key(KeyPart::Pem));
    let jwk =
        value(r#"{"key": "y", "part": "jwk", "version": "4387e9f3d6e14c459867679a90fd0f79"}"#);
    assert_eq!(jwk.form, Form::Key(KeyPart::Jwk));
    assert!(jwk.object.version.is_some());
}

#[test]
fn a_secret_is_itself_unless_it_says_otherwise() {
    let Form::Secret(text) = value(r#"{"secret": "y"}"#).form else {
        panic!("no secret");
    };
    assert_eq!(
        (text.encoding, text.json, text.newline),
        (None, None, Newline::Keep)
    );
    let all = r#"{"secret": "y", "encoding": "utf-8", "json": "/a~1b/0", "newline": "ensure"}"#;
    let Form::Secret(text) = value(all).form else {
        panic!("no secret");
    };
    assert_eq!(text.encoding, Some(Encoding::Utf8));
    assert_eq!(text.json.unwrap().steps(), ["a/b", "0"]);
    assert_eq!(text.newline, Newline::Ensure);
}

#[test]
fn keys_and_sources_that_do_not_fit() {
    assert_complaints(&[
        (
            r#"{"secret": "y", "key": "z"}"#,
            r#"6:29: file "x" has both "secret" and "key" -> keep one"#,
        ),
        (
            r#"{"certificate": "y"}"#,
            r#"6:6: file "x" lacks "part" -> write "part": "cert" (the certificate alone), "chain" (it and those above it), "ca" (those above it), "key" (the private key), "bundle" (private key and chain) or "pfx" (the PKCS#12 container)"#,
        ),
        (
            r#"{"certificate": "y", "part": "pem"}"#,
            r#"6:35: "part" must be one of "cert", "chain", "ca", "key", "bundle", "pfx" -> write "part": "chain""#,
        ),
        (
            r#"{"key": "y", "part": "chain"}"#,
            r#"6:27: "part" must be one of "pem", "jwk" -> write "part": "pem""#,
        ),
        (
            r#"{"secret": "y", "part": "key"}"#,
            r#"6:30: "part" is for certificates and keys only -> remove "part""#,
        ),
        (
            r#"{"certificate": "y", "part": "key", "json": "/a"}"#,
            r#"6:50: "json" is for secrets only -> remove "json""#,
        ),
        (
            r#"{"secret": "y", "sha256": "z"}"#,
            r#"6:32: "sha256" is for blobs only -> remove "sha256""#,
        ),
        (
            r#"{"secret": "y", "max_objects": 5}"#,
            r#"6:37: "max_objects" is for "select" only -> remove "max_objects""#,
        ),
        (
            r#"{"env_file": {"A": {"secret": "y"}}, "version": "z"}"#,
            r#"6:54: "version" is for a secret, certificate or key only -> remove "version""#,
        ),
        (
            r#"{"blob": {"account": "abc", "container": "abc", "name": "z"}, "vault": "abc"}"#,
            r#"6:77: "vault" is not for blobs -> remove "vault""#,
        ),
        (
            r#"{"secret": "y", "json": "a"}"#,
            r#"6:30: "json" must be a JSON pointer: "/" before each step, ~0 for ~ and ~1 for / -> write "json": "/broker/password""#,
        ),
        (
            r#"{"secret": "y", "encoding": "base-64"}"#,
            r#"6:34: "encoding" must be one of "utf-8", "base64", "hex" -> write "base64""#,
        ),
        (
            r#"{"certficate": "y"}"#,
            r#"6:7: unknown key "certficate"; did you mean "certificate"? -> write "certificate""#,
        ),
        (
            r#"{"max_objects": 5}"#,
            r#"6:6: file "x" must have one of "secret", "certificate", "key", "blob", "env_file", "compose", "select" -> write {"secret": "mqtt-password"}"#,
        ),
    ]);
}

#[test]
fn an_env_file_holds_sources_by_name() {
    let file = r#"{"vault": "other-vault", "env_file": {
        "A": {"secret": "a", "json": "/x"},
        "_B2": {"key": "b", "vault": "third-vault"},
        "C": {"compose": {"text": "${a}${b|json}", "values": {"a": {"secret": "a"}, "b": {"certificate": "c", "part": "ca"}}}}
    }}"#;
    let source = source(file);
    let values: Vec<String> = source
        .values()
        .iter()
        .map(|value| format!("{} {}", value.object, value.object.vault))
        .collect();
    assert_eq!(
        values,
        [
            "secret a other-vault.vault.usgovcloudapi.net",
            "key b third-vault.vault.usgovcloudapi.net",
            "secret a other-vault.vault.usgovcloudapi.net",
            "certificate c other-vault.vault.usgovcloudapi.net",
        ]
    );
    let Source::EnvFile(variables) = source else {
        panic!("{source:?}");
    };
    let names: Vec<&str> = variables.iter().map(|each| each.name.as_str()).collect();
    assert_eq!(names, ["A", "_B2", "C"]);
}

#[test]
fn what_is_wrong_inside_of_env_files() {
    assert_complaints(&[
        (
            r#"{"env_file": {}}"#,
            r#"6:19: "env_file" must hold 1 to 256 sources -> write "env_file": {"MQTT_PASSWORD": {"secret": "mqtt-password"}}"#,
        ),
        (
            r#"{"env_file": {"A-B": {"secret": "y"}}}"#,
            r#"6:20: the variable's name "A-B" must be 1 to 128 letters, digits or '_', and begin with no digit -> rename the variable"#,
        ),
        (
            r#"{"env_file": {"A": {}}}"#,
            r#"6:25: value "A" must have one of "secret", "certificate", "key", "compose" -> write {"secret": "mqtt-password"}"#,
        ),
        (
            r#"{"env_file": {"A": {"certificate": "y", "part": "pfx"}}}"#,
            r#"6:25: value "A" has "part" "pfx", which is no text -> write "part": "bundle", or deliver it as a file of its own"#,
        ),
        (
            r#"{"env_file": {"A": {"secret": "y", "mode": "0440"}}}"#,
            r#"6:41: unknown key "mode" here; it belongs into a set -> move "mode" into a set"#,
        ),
        (
            r#"{"env_file": {"A": {"compose": {"text": "${b}", "values": {"b": {"secret": "y"}}}, "newline": "keep"}}}"#,
            r#"6:100: "newline" is for secrets only -> remove "newline""#,
        ),
    ]);
}

#[test]
fn a_composition_names_its_values() {
    assert_complaints(&[
        (
            r#"{"compose": {"values": {"a": {"secret": "y"}}}}"#,
            r#"6:18: "compose" must have one of "text", "file" -> write "compose": {"text": "mqtt://edge:${password|url}@broker:1883", "values": {"password": {"secret": "mqtt-password"}}}"#,
        ),
        (
            r#"{"compose": {"text": "x"}}"#,
            r#"6:18: "compose" lacks "values" -> write "values": {"password": {"secret": "mqtt-password"}}"#,
        ),
        (
            r#"{"compose": {"text": "a\n hunter2 ${b}", "values": {"a": {"secret": "y"}}}}"#,
            r#"6:27: "text" has an error in line 2, column 10: the name in ${…} is not one of "values" -> correct the template, or "values""#,
        ),
        (
            r#"{"compose": {"text": "${a}", "values": {"a": {"secret": "y"}, "b": {"secret": "y"}}}}"#,
            r#"6:68: value "b" does not stand in the template -> write ${b} there, or remove the value"#,
        ),
        (
            r#"{"compose": {"text": "${a}", "values": {"a": {"compose": {}, "secret": "y"}}}}"#,
            r#"6:52: unknown key "compose" here; it belongs into a file of a set -> move "compose" into a file of a set"#,
        ),
        (
            r#"{"compose": {"text": "${-a}", "values": {"-a": {"secret": "y"}}}}"#,
            r#"6:47: the value's name "-a" must be 1 to 64 letters, digits, '_' or '-', and begin with a letter or '_' -> rename the value"#,
        ),
    ]);
}

#[test]
fn a_template_lies_beside_the_configuration() {
    let fixture = Fixture::new("{}");
    let path = fixture.path().join("app.tmpl");
    let file = format!(
        r#"{{"compose": {{"file": "{}", "values": {{"a": {{"secret": "y"}}}}}}}}"#,
        path.display()
    );
    fixture.write("config.json", &with_file(&file));
    let expected = format!(
        "config.json:6:27: \"file\" names a file that does not exist -> provision {}",
        "app.tmpl"
    );
    assert_eq!(fixture.complaints(), [expected]);
    fixture.write("app.tmpl", "one\ntwo ${a|hunter2}\n");
    let expected = "app.tmpl:2:5: the filter in ${…|…} is none of base64, json and url -> correct the template, or \"values\"";
    assert_eq!(fixture.complaints(), [expected]);
    fixture.write("app.tmpl", &format!("${{a}}{}", "x".repeat(64 << 10)));
    let expected = "config.json:6:27: \"file\" names a file of more than 64 KiB -> make several files of it, each with a template of its own";
    assert_eq!(fixture.complaints(), [expected]);
    fixture.write("app.tmpl", "one\ntwo ${a|url}\n");
    let effective = fixture.load().unwrap().effective_json();
    assert!(effective.contains("app.tmpl\""), "{effective}");
    super::set_mode(&path, 0o666);
    let complaints = fixture.complaints();
    assert!(
        complaints[0].starts_with("app.tmpl: this file is writable by its group"),
        "{complaints:?}"
    );
}

#[test]
fn a_blob_lies_in_the_storage_of_the_cloud() {
    let file = r#"{"blob": {"account": "factory7files", "container": "$root", "name": "a/${device_id}/b"}, "max_bytes": 9007199254740992, "sha256": "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08"}"#;
    let text = with_file(file).replacen("\"vault\":", "\"device_id\": \"gw-1\", \"vault\":", 1);
    let config = Fixture::new(&text).load().unwrap();
    let Source::Blob(blob) = &config.sets[0].files[0].source else {
        panic!("no blob");
    };
    assert_eq!(
        blob.host.as_str(),
        "factory7files.blob.core.usgovcloudapi.net"
    );
    assert_eq!(
        (blob.container.as_str(), blob.name.as_str()),
        ("$root", "a/gw-1/b")
    );
    assert_eq!(blob.max_bytes, Some(1 << 53));
    assert!(blob.sha256.as_ref().unwrap().starts_with("9f86d0"));
    assert_eq!(config.network.max_requests, 22);
}

#[test]
fn what_no_blob_is_called() {
    let blob = |account: &str, container: &str, name: &str| {
        format!(
            r#"{{"blob": {{"account": "{account}", "container": "{container}", "name": "{name}"}}}}"#
        )
    };
    for (account, container, name, wrong) in [
        ("ab", "abc", "x", "account"),
        ("Abc", "abc", "x", "account"),
        ("a.b", "abc", "x", "account"),
        ("abc", "ab", "x", "container"),
        ("abc", "a--b", "x", "container"),
        ("abc", "-ab", "x", "container"),
        ("abc", "$logs", "x", "container"),
        ("abc", "abc", "", "name"),
        ("abc", "abc", "/x", "name"),
        ("abc", "abc", "a/../b", "name"),
        ("abc", "abc", "a/.", "name"),
        ("abc", "abc", "a\\\\b", "name"),
        ("abc", "abc", "a\\u0007b", "name"),
        ("abc", "abc", &"x".repeat(1025), "name"),
    ] {
        let complaints = Fixture::new(&with_file(&blob(account, container, name))).complaints();
        let said = format!("\"{wrong}\" must be ");
        assert!(
            complaints.len() == 1 && complaints[0].contains(&said),
            "{account} {container} {name}: {complaints:?}"
        );
    }
    let text = with_file(&blob("abc", "abc", "a${device_id}")).replacen(
        "\"vault\":",
        "\"device_id\": \"/../x\", \"vault\":",
        1,
    );
    let complaints = Fixture::new(&text).complaints();
    assert!(
        complaints[0].contains("becomes \"a/../x\" on this device, but must be 1 to 1024"),
        "{complaints:?}"
    );
    let own = r#"{"authority": "https://login.x.y", "vault_suffix": "vault.x.y"}"#;
    let text = with_file(&blob("abc", "abc", "x")).replacen("\"usgov\"", own, 1);
    let expected = "config.json:6:15: \"blob\" needs the \"storage_suffix\" of cloud \"login.x.y\" -> write \"cloud\" as an object with \"storage_suffix\"";
    assert_eq!(Fixture::new(&text).complaints(), [expected]);
    let own = r#"{"authority": "https://login.x.y", "vault_suffix": "vault.x.y", "storage_suffix": "x.y"}"#;
    let text = with_file(&blob("abc", "abc", "x")).replacen("\"usgov\"", own, 1);
    assert!(Fixture::new(&text).complaints()[0].contains("needs the \"storage_audience\""));
}

/// A set with the file `name` that is `file`, on device "gw-1".
fn with_selection(name: &str, file: &str) -> String {
    with_file(file)
        .replacen("\"x\":", &format!("\"{name}\":"), 1)
        .replacen("\"vault\":", "\"device_id\": \"gw-1\", \"vault\":", 1)
}

fn selected(name: &str, file: &str) -> Set {
    let fixture = Fixture::new(&with_selection(name, file));
    assert_eq!(fixture.complaints(), [""; 0]);
    fixture.load().unwrap().sets[0].clone()
}

#[test]
fn a_selection_is_a_file_for_each_object() {
    let set = selected(
        "line-${name}.pem",
        r#"{"select": {"type": "certificate", "prefix": "a-${device_id}", "tags": {"device": "${device_id}", "ä": ""}}, "max_objects": 256, "part": "bundle", "mode": "0400"}"#,
    );
    assert!(set.files.is_empty());
    let files = &set.selections[0];
    let selection = &files.selection;
    assert_eq!(selection.pattern, "line-${name}.pem");
    assert_eq!(selection.prefix, "a-gw-1");
    let tags = [("device", "gw-1"), ("ä", "")];
    let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(selection.tags, tags);
    assert_eq!(selection.form, Form::Certificate(CertificatePart::Bundle));
    assert_eq!((selection.max_objects, selection.allow_empty), (256, false));
    assert_eq!(files.mode.bits(), 0o400);
    let set = selected(
        "${name}",
        r#"{"select": {"prefix": "x", "allow_empty": true}, "max_objects": 1, "encoding": "hex"}"#,
    );
    let selection = &set.selections[0].selection;
    assert_eq!(selection.form.kind(), ObjectKind::Secret);
    assert!(selection.allow_empty && selection.tags.is_empty());
}

#[test]
fn what_is_wrong_with_selections() {
    let good = r#"{"select": {"prefix": "x"}, "max_objects": 5}"#;
    for (name, file, expected) in [
        (
            "x",
            good,
            r#"6:1: the file's name "x" must hold ${name} once, in the place of the object's name -> write for instance "${name}.pem""#,
        ),
        (
            "${name}${name}",
            good,
            r#"6:1: the file's name "${name}${name}" must hold ${name} once, in the place of the object's name -> write for instance "${name}.pem""#,
        ),
        (
            "${name}${device_id}",
            good,
            r#"6:1: the file's name "${name}${device_id}" must not hold ${…} other than ${name} -> rename the file"#,
        ),
        (
            "a/${name}",
            good,
            r#"6:1: the file's name "a/${name}" must be one plain file name of at most 200 bytes: no '/', no control characters, not '.' or '..', not beginning with '.keyferry' -> rename the file"#,
        ),
        (
            ".${name}.0123456789abcdef",
            good,
            r#"6:1: the file's name ".${name}.0123456789abcdef" looks like one of keyferry's own temporary files -> rename the file"#,
        ),
        (
            "${name}",
            r#"{"secret": "y"}"#,
            r#"6:1: the file's name "${name}" must not hold ${…} -> rename the file"#,
        ),
        (
            "${name}",
            r#"{"select": {"prefix": "x"}}"#,
            r#"6:12: file "${name}" lacks "max_objects" -> write "max_objects": 20"#,
        ),
        (
            "${name}",
            r#"{"select": {"prefix": "x"}, "max_objects": 257}"#,
            r#"6:55: "max_objects" must be a whole number of 1 to 256 -> write "max_objects": 20"#,
        ),
        (
            "${name}",
            r#"{"select": {"type": "secret"}, "max_objects": 5}"#,
            r#"6:23: "select" must have "prefix" or "tags", or both -> write "select": {"tags": {"device": "${device_id}"}}"#,
        ),
        (
            "${name}",
            r#"{"select": {"prefix": "a_b"}, "max_objects": 5}"#,
            r#"6:34: "prefix" must be 1 to 127 letters, digits or hyphens -> write "prefix": "line3-""#,
        ),
        (
            "${name}",
            r#"{"select": {"tags": {}}, "max_objects": 5}"#,
            r#"6:32: "tags" must hold 1 to 15 tags -> write "tags": {"device": "${device_id}"}"#,
        ),
        (
            "${name}",
            r#"{"select": {"tags": {"${device_id}": "x"}}, "max_objects": 5}"#,
            r#"6:33: the tag's name "${device_id}" must be 1 to 256 characters without ${…} -> correct the name"#,
        ),
        (
            "${name}",
            r#"{"select": {"type": "certificate", "prefix": "x"}, "max_objects": 5, "part": "cert", "json": "/a"}"#,
            r#"6:105: "json" is for secrets only -> remove "json""#,
        ),
        (
            "${name}",
            r#"{"select": {"prefix": "x"}, "max_objects": 5, "version": "y"}"#,
            r#"6:69: "version" is for a secret, certificate or key only -> remove "version""#,
        ),
    ] {
        let complaints = Fixture::new(&with_selection(name, file)).complaints();
        assert_eq!(
            complaints,
            [format!("config.json:{expected}")],
            "{name} {file}"
        );
    }
}

#[test]
fn requests_are_enough_for_what_may_come() {
    let requests = |sets: &str| {
        let config = Fixture::new(&with_sets(sets)).load().unwrap();
        config.network.max_requests
    };
    let blob = r#"{"blob": {"account": "abc", "container": "abc", "name": "z"}}"#;
    let certificate =
        r#""k": {"certificate": "c", "part": "key"}, "c": {"certificate": "c", "part": "chain"}"#;
    for (files, expected) in [
        (
            r#""x": {"secret": "y"}, "z": {"secret": "Y"}"#.to_owned(),
            22,
        ),
        (r#""x": {"secret": "y"}, "z": {"key": "y"}"#.to_owned(), 24),
        (certificate.to_owned(), 24),
        (format!(r#""x": {blob}, "y": {blob}"#), 22),
        (
            r#""${name}": {"select": {"prefix": "p"}, "max_objects": 30}"#.to_owned(),
            180,
        ),
    ] {
        let sets = format!(r#"{{"a": {{"files": {{{files}}}}}}}"#);
        assert_eq!(requests(&sets), expected, "{files}");
    }
    let listed = r#"{"a": {"change_check": "list", "files": {"x": {"secret": "y"}, "z": {"secret": "y", "vault": "other"}}},
        "b": {"change_check": "list", "files": {"x": {"secret": "y"}}}}"#;
    assert_eq!(requests(listed), 20 + 4 + 200);
}

#[test]
fn changes_are_listed_where_that_is_said() {
    let check = |said: &str| {
        let set = format!(r#"{{"a": {{{said}"files": {{"x": {{"secret": "y"}}}}}}}}"#);
        Fixture::new(&with_sets(&set)).load().unwrap().sets[0].change_check
    };
    assert_eq!(check(""), ChangeCheck::Get);
    assert_eq!(check(r#""change_check": "get", "#), ChangeCheck::Get);
    assert_eq!(check(r#""change_check": "list", "#), ChangeCheck::List);
}

#[test]
fn a_managed_hsm_is_no_vault() {
    assert_complaints(&[(
        r#"{"secret": "y", "vault": "https://abc.managedhsm.usgovcloudapi.net"}"#,
        r#"6:31: "vault" is a Managed HSM, which holds keys and no secrets or certificates -> name a vault of cloud "usgov", or correct "cloud""#,
    )]);
}
