//! Table and parser agree: every key is read, every default is the table's.

use std::path::Path;

use serde_json::{json, Value};

use super::Fixture;
use crate::config::table::{keys_of, Key, Kind, Presence, Section, IDENTITY_TYPES, KEYS};
use crate::config::{Config, LoadRequest};
use crate::disk::Root;

/// An image whose configuration is `value`.
fn load(value: &Value) -> (Option<Config>, Vec<String>) {
    let fixture = Fixture::new("");
    fixture
        .write("etc/keyferry/config.json", &value.to_string())
        .write("etc/group", "mosquitto:x:4242:\n")
        .write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    let request = LoadRequest {
        root: Root::image(&fixture.path()).unwrap(),
        ..LoadRequest::standard(None)
    };
    match Config::load(&request) {
        Ok(config) => {
            let broken = config.broken_sets.iter();
            let errors = broken.flat_map(|set| std::iter::once(&set.error).chain(&set.others));
            let errors = errors.map(ToString::to_string).collect();
            (Some(config), errors)
        }
        Err(errors) => (None, errors.iter().map(ToString::to_string).collect()),
    }
}

/// All keys of this release with their examples.
fn everything() -> Value {
    let mut all = object(Section::Top);
    all["cloud"] = object(Section::Cloud);
    let identities = IDENTITY_TYPES.iter().map(|known| {
        let mut identity = object(Section::IdentityOf(known.name));
        identity["type"] = json!(known.name);
        if known.name == "managed_identity" {
            leave_one_selector(identity.as_object_mut().unwrap(), "client_id");
        }
        identity
    });
    all["identity"] = identities.collect();
    let mut set = object(Section::Set);
    set["files"] = sources(Section::File);
    set["files"]["env_file"]["env_file"] = sources(Section::Variable);
    set["on_change"] = object(Section::OnChange);
    all["sets"] = json!({ "s": set });
    all["device_id"] = object(Section::DeviceId);
    all["network"] = object(Section::Network);
    let mut proxy = object(Section::Proxy);
    proxy.as_object_mut().unwrap().remove("env");
    all["network"]["proxy"] = proxy;
    all
}

/// An object of `section` for each source, by the source's name, with all keys that fit it.
fn sources(section: Section) -> Value {
    let mut sources = serde_json::Map::new();
    for (source, fitting) in SOURCES {
        let mut object = object(section);
        let members = object.as_object_mut().unwrap();
        if !members.contains_key(source) {
            continue;
        }
        let is_of_another = |key: &str| {
            let told = SOURCES.iter();
            told.clone().any(|(source, _)| *source == key)
                || told.flat_map(|(_, keys)| *keys).any(|other| *other == key)
        };
        members.retain(|key, _| {
            key == source || fitting.contains(&key.as_str()) || !is_of_another(key)
        });
        match source {
            "compose" => {
                let mut compose = self::object(Section::Compose);
                compose.as_object_mut().unwrap().remove("file");
                members["compose"] = compose;
            }
            "key" => members["part"] = json!("pem"),
            "blob" => members["blob"] = self::object(Section::Blob),
            "select" => members["select"] = self::object(Section::Select),
            _ => {}
        }
        sources.insert(name_of(source).to_owned(), object);
    }
    sources.into()
}

/// The name under which `source` stands.
fn name_of(source: &str) -> &str {
    match source {
        "select" => "${name}.pem",
        other => other,
    }
}

/// The sources, each with the keys that only some sources have.
const SOURCES: [(&str, &[&str]); 7] = [
    (
        "secret",
        &["encoding", "json", "newline", "version", "vault"],
    ),
    ("certificate", &["part", "version", "vault"]),
    ("key", &["part", "version", "vault"]),
    ("blob", &["max_bytes", "sha256"]),
    ("env_file", &["vault"]),
    ("compose", &["vault"]),
    ("select", &["max_objects", "part", "vault"]),
];

/// An identity of the machine is told by one of these.
fn leave_one_selector(identity: &mut serde_json::Map<String, Value>, left: &str) {
    for selector in ["client_id", "object_id", "resource_id"] {
        if selector != left {
            identity.remove(selector);
        }
    }
}

fn object(section: Section) -> Value {
    let keys = keys_of(section).filter(|key| !key.is_later());
    keys.map(|key| {
        (
            key.name.to_owned(),
            serde_json::from_str(key.example).unwrap(),
        )
    })
    .collect::<serde_json::Map<String, Value>>()
    .into()
}

/// Where `key` has its place in [`everything`].
fn pointer(key: &Key) -> Option<String> {
    Some(match key.section {
        Section::Blob => "/sets/s/files/blob/blob".to_owned(),
        Section::Cloud => "/cloud".to_owned(),
        Section::Compose => "/sets/s/files/compose/compose".to_owned(),
        Section::DeviceId => "/device_id".to_owned(),
        Section::File => format!("/sets/s/files/{}", name_of(source_with(key.name))),
        Section::Identity => "/identity/0".to_owned(),
        Section::IdentityOf(name) => {
            let index = IDENTITY_TYPES.iter().position(|known| known.name == name)?;
            format!("/identity/{index}")
        }
        Section::Network => "/network".to_owned(),
        Section::OnChange => "/sets/s/on_change".to_owned(),
        Section::Proxy => "/network/proxy".to_owned(),
        Section::Select => format!("/sets/s/files/{}/select", name_of("select")),
        Section::Set => "/sets/s".to_owned(),
        Section::Top => String::new(),
        Section::Value | Section::Variable => {
            format!("/sets/s/files/env_file/env_file/{}", source_with(key.name))
        }
        Section::Credential => return None,
    })
}

/// The first source that `key` fits, or which it names.
fn source_with(key: &str) -> &'static str {
    let mut sources = SOURCES.iter();
    let found = sources.find(|(source, fitting)| *source == key || fitting.contains(&key));
    found.map_or("secret", |(source, _)| source)
}

fn at<'a>(all: &'a mut Value, key: &Key) -> Option<&'a mut serde_json::Map<String, Value>> {
    all.pointer_mut(&pointer(key)?)?.as_object_mut()
}

#[test]
fn every_key_of_the_table_is_read() {
    let (config, errors) = load(&everything());
    assert_eq!(errors, [""; 0]);
    assert!(config.is_some());
}

#[test]
fn every_form_of_a_credential_and_a_proxy_is_read() {
    for key in keys_of(Section::Credential) {
        let mut all = everything();
        let example: Value = serde_json::from_str(key.example).unwrap();
        all["identity"][0]["certificate"] = json!({ (key.name): example });
        assert_eq!(load(&all).1, [""; 0], "{}", key.name);
    }
    let mut all = everything();
    all["network"]["proxy"] = json!({"env": "HTTPS_PROXY"});
    assert_eq!(load(&all).1, [""; 0]);
}

#[test]
fn every_key_says_what_it_wants() {
    for key in KEYS.iter().filter(|key| !key.is_later()) {
        let mut all = everything();
        let Some(object) = at(&mut all, key) else {
            continue;
        };
        object.insert(key.name.to_owned(), Value::Null);
        match (key.section, key.name) {
            (Section::Proxy, "env") => drop(object.remove("url")),
            (Section::Compose, "file") => drop(object.remove("text")),
            _ => {}
        }
        if key.section == Section::IdentityOf("managed_identity") && key.name != "source" {
            leave_one_selector(object, key.name);
        }
        let errors = load(&all).1;
        let expected = format!("\"{}\" must be ", key.name);
        let told = errors
            .iter()
            .any(|error| error.contains(&expected) && error.contains("not null"));
        assert!(told, "{key:?}: {errors:?}");
    }
}

#[test]
fn keys_that_must_be_there_are_missed() {
    for key in KEYS.iter().filter(|key| key.presence == Presence::Required) {
        let mut all = everything();
        at(&mut all, key).unwrap().remove(key.name);
        let errors = load(&all).1;
        let expected = format!(" lacks \"{}\"", key.name);
        assert!(
            errors.iter().any(|error| error.contains(&expected)),
            "{key:?}: {errors:?}"
        );
    }
}

#[test]
fn keys_of_later_versions_say_so() {
    for key in KEYS.iter().filter(|key| key.is_later()) {
        let mut all = everything();
        match at(&mut all, key) {
            Some(object) => object.insert(key.name.to_owned(), json!(0)),
            None => {
                let Section::IdentityOf(name) = key.section else {
                    panic!("{key:?}");
                };
                all["identity"][0] = json!({"type": name, (key.name): 0});
                None
            }
        };
        let errors = load(&all).1.concat();
        assert!(
            errors.contains("known to a later version of keyferry"),
            "{key:?}: {errors}"
        );
    }
}

#[test]
fn every_choice_is_read_and_no_other() {
    for key in KEYS {
        let Kind::Choice(choices) = key.kind else {
            continue;
        };
        if key.section == Section::Identity {
            continue;
        }
        for (choice, good) in choices
            .iter()
            .map(|choice| (*choice, true))
            .chain([("x", false)])
        {
            let mut all = everything();
            let of_a_key = ["pem", "jwk"].contains(&choice);
            let path = pointer(key).unwrap();
            let path = match of_a_key {
                true => path.replace("/certificate", "/key"),
                false => path,
            };
            all.pointer_mut(&path).unwrap()[key.name] = json!(choice);
            if (key.section, choice) == (Section::Select, "secret") {
                all["sets"]["s"]["files"][name_of("select")]
                    .as_object_mut()
                    .unwrap()
                    .remove("part");
            }
            assert_eq!(load(&all).1.is_empty(), good, "{key:?} {choice}");
        }
    }
    let types = keys_of(Section::Identity).map(|key| key.kind);
    let known: Vec<&str> = IDENTITY_TYPES.iter().map(|known| known.name).collect();
    for kind in types {
        assert!(matches!(kind, Kind::Choice(names) if names == known));
    }
}

#[test]
fn the_defaults_are_the_tables() {
    let mut least = everything();
    for key in KEYS.iter().filter(|key| !is_needed(key)) {
        if let Some(object) = at(&mut least, key) {
            object.remove(key.name);
        }
    }
    let selected = &mut least["sets"]["s"]["files"][name_of("select")];
    selected.as_object_mut().unwrap().remove("part");
    least["cloud"] = json!("usgov");
    least["vault"] = json!("factory7-edge");
    let effective = load(&least).0.unwrap().effective_json();
    let effective: Value = serde_json::from_str(&effective).unwrap();
    for key in KEYS {
        if let Presence::Default(value) = key.presence {
            let expected: Value = serde_json::from_str(value).unwrap();
            assert_eq!(
                effective.pointer(&default_pointer(key)),
                Some(&expected),
                "{key:?}"
            );
        }
    }
    // 20, two secrets, a key, a blob, a certificate; 20 secrets behind a list.
    assert_eq!(effective["network"]["max_requests"], 20 + 8 + 4 + 140);
    assert_eq!(effective["sets"]["s"]["directory"], "/run/keyferry/sets/s");
}

/// Whether something must stand for `key`, or its default would not be told.
fn is_needed(key: &Key) -> bool {
    let is_source = SOURCES.iter().any(|(source, _)| *source == key.name);
    let of_source = ["part", "max_objects", "text", "prefix", "sets", "vault"];
    key.presence == Presence::Required
        || is_source && key.section != Section::IdentityOf("certificate")
        || of_source.contains(&key.name)
}

/// A set's mode is told with its files.
fn default_pointer(key: &Key) -> String {
    match (key.section, key.name) {
        (Section::Set, "mode") => "/sets/s/files/secret/mode".to_owned(),
        (_, name) => format!("{}/{name}", pointer(key).unwrap()),
    }
}

#[test]
fn the_effective_configuration_can_be_fed_back() {
    let (config, _) = load(&everything());
    let effective = config.unwrap().effective_json();
    let (again, errors) = load(&serde_json::from_str(&effective).unwrap());
    assert_eq!(errors, [""; 0]);
    assert_eq!(again.unwrap().effective_json(), effective);
    for known in [
        "\"group\": \"mosquitto\"",
        "\"owner\": \"root\"",
        "\"name\": \"our-cloud\"",
        "\"text\": \"mqtt://edge:${password|url}@broker:1883\"",
        "\"${name}.pem\": {",
        "proxy-password",
    ] {
        assert!(effective.contains(known), "{known}: {effective}");
    }
}

#[test]
fn texts_are_sentences_and_examples_are_json() {
    for key in KEYS.iter().filter(|key| !key.is_later()) {
        assert!(key.text.ends_with('.') && key.text.len() < 120, "{key:?}");
        assert!(
            serde_json::from_str::<Value>(key.example).is_ok(),
            "{key:?}"
        );
    }
    assert!(Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("packaging/keyferry.schema.json")
        .exists());
}
