//! Makes the JSON Schema from the table of keys and compares it with the committed one.
//!
//! After a change of the table, `UPDATE=1 cargo test schema` writes it anew.

use std::path::PathBuf;

use crate::cloud::PRESETS;
use crate::config::document::Document;
use crate::config::json::{self, Node};
use crate::config::problem::Problems;
use crate::config::table::{self, Key, Kind, Presence, Section, IDENTITY_TYPES};
use crate::json::Json;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "UPDATE=1 writes into the source tree"
)]
fn the_committed_schema_is_made_from_the_table() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/packaging/keyferry.schema.json"
    );
    let made = schema().pretty();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == made, "run: UPDATE=1 cargo test schema");
}

fn schema() -> Json {
    let mut schema = Json::object(vec![
        ("$schema", Json::text("https://json-schema.org/draft/2020-12/schema")),
        ("title", Json::text("keyferry")),
        (
            "description",
            Json::text("config.json, or a file of conf.d/: the keys of the top level may be spread over them, \"cloud\" and \"identity\" must be in one."),
        ),
    ]);
    let mut top = object(Section::Top);
    if let Json::Object(members) = &mut top {
        members.retain(|(key, _)| key != "required" && key != "description");
        for (key, value) in members.drain(..) {
            schema.add(&key, value);
        }
    }
    schema.add("$defs", definitions());
    schema
}

fn definitions() -> Json {
    let identities = IDENTITY_TYPES
        .iter()
        .map(|known| identity(known.name, known.text));
    Json::object(vec![
        ("cloud", cloud()),
        ("compose", compose()),
        ("credential", credential()),
        ("duration", pattern("^[0-9]{1,10}[smhd]$")),
        ("file", source(Section::File)),
        ("identity", one_of(identities.collect())),
        ("mode", pattern("^0?[0-7]{3}$")),
        ("network", object(Section::Network)),
        ("on_change", object(Section::OnChange)),
        ("path", pattern("^(/(?!\\.{1,2}(/|$))[^/]+)+$")),
        ("proxy", proxy()),
        ("set", object(Section::Set)),
        ("value", source(Section::Value)),
        ("variable", source(Section::Variable)),
    ])
}

/// An object of `section` with the keys that this release knows.
fn object(section: Section) -> Json {
    let keys: Vec<&Key> = table::keys_of(section)
        .filter(|key| !key.is_later())
        .collect();
    let properties = keys.iter().map(|key| (key.name.to_owned(), property(key)));
    let mut properties: Vec<(String, Json)> = properties.collect();
    properties.push(("$comment".to_owned(), Json::Boolean(true)));
    properties.push(("$schema".to_owned(), Json::Boolean(true)));
    let required = keys.iter().filter(|key| key.presence == Presence::Required);
    let required: Vec<Json> = required.map(|key| Json::text(key.name)).collect();
    let mut object = Json::object(vec![
        ("type", Json::text("object")),
        ("properties", Json::Object(properties)),
    ]);
    if !required.is_empty() {
        object.add("required", Json::List(required));
    }
    object.add("additionalProperties", Json::Boolean(false));
    object
}

fn property(key: &Key) -> Json {
    let description = match key.presence {
        Presence::Otherwise(words) => format!("{} Without it: {words}.", key.text),
        _ => key.text.to_owned(),
    };
    let mut property = Json::object(vec![("description", Json::text(description))]);
    if let Json::Object(members) = kind(key.kind) {
        for (name, value) in members {
            property.add(&name, value);
        }
    }
    if let Presence::Default(value) = key.presence {
        property.add("default", parsed(value));
    }
    property.add("examples", Json::List(vec![parsed(key.example)]));
    property
}

fn kind(kind: Kind) -> Json {
    match kind {
        Kind::Account => one_of(vec![
            Json::object(vec![("type", Json::text("string")), ("minLength", Json::Number(1))]),
            number(0, (u32::MAX - 1).into()),
        ]),
        Kind::Boolean => typed("boolean"),
        Kind::Choice(names) => choice(names.iter().copied()),
        Kind::CloudFacts => one_of(vec![presets(), reference("cloud")]),
        Kind::Commands => list(Json::object(vec![
            ("type", Json::text("array")),
            ("items", typed("string")),
            ("prefixItems", Json::List(vec![reference("path")])),
            ("minItems", Json::Number(1)),
        ])),
        Kind::CredentialFile => reference("credential"),
        Kind::DeviceName => one_of(vec![pattern("^[!-~]{1,127}$"), object(Section::DeviceId)]),
        Kind::Duration => reference("duration"),
        Kind::Files => map("^(?!\\.keyferry|\\$comment$|\\$schema$)[^/]{1,200}$", reference("file"), 1),
        Kind::Hosts => list(pattern("^(\\*|\\.?[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*)$")),
        Kind::Identities => one_of(vec![reference("identity"), identity_list()]),
        Kind::Later => unreachable!("later keys are not in the schema"),
        Kind::Mode => reference("mode"),
        Kind::Number(least, most) => number(least, most),
        Kind::Object(Section::Compose) => reference("compose"),
        Kind::Object(Section::Network) => reference("network"),
        Kind::Object(Section::OnChange) => reference("on_change"),
        Kind::Object(Section::Select) => select(),
        Kind::Object(section) => object(section),
        Kind::Path => reference("path"),
        Kind::ProxyAddress => one_of(vec![pattern("^http://[^/@?#]+:[0-9]+/?$"), reference("proxy")]),
        Kind::Resolve => map("^[0-9a-zA-Z.-]+$", pattern("^([0-9.]+|\\[[0-9a-fA-F:.]+\\]):[0-9]+$"), 0),
        Kind::Sets => map("^[0-9a-zA-Z][0-9a-zA-Z._-]{0,63}$", reference("set"), 0),
        Kind::Tags => map("^(?!\\$comment$|\\$schema$).{1,256}$", pattern("^[\\s\\S]{0,256}$"), 1),
        Kind::Text(text) => pattern(text),
        Kind::Units => list(pattern("^[0-9a-zA-Z:_.\\\\][0-9a-zA-Z:_.\\\\@-]*\\.(automount|device|mount|path|scope|service|slice|socket|swap|target|timer)$")),
        Kind::Values => map("^[a-zA-Z_][0-9a-zA-Z_-]{0,63}$", reference("value"), 1),
        Kind::Variables => map("^[a-zA-Z_][0-9a-zA-Z_]{0,127}$", reference("variable"), 1),
    }
}

/// Each preset with its title. One that lacks a fact is no value of `cloud` by itself.
fn presets() -> Json {
    let usable = PRESETS
        .iter()
        .filter(|preset| preset.vault_suffix.is_some());
    let presets = usable.map(|preset| {
        let mut json = Json::object(vec![
            ("const", Json::text(preset.name)),
            ("title", Json::text(preset.title)),
        ]);
        if preset.retired.is_some() {
            json.add("deprecated", Json::Boolean(true));
        }
        json
    });
    one_of(presets.collect())
}

/// A cloud of one's own is told here, or tells itself.
fn cloud() -> Json {
    let mut object = object(Section::Cloud);
    let explicit = ["authority", "vault_suffix"].map(Json::text).to_vec();
    let private = vec![Json::text("resource_manager")];
    let forms = [explicit, private].map(|keys| Json::object(vec![("required", Json::List(keys))]));
    object.add("anyOf", Json::List(forms.to_vec()));
    object
}

fn identity(name: &'static str, text: &str) -> Json {
    let mut identity = object(Section::IdentityOf(name));
    if let Json::Object(members) = &mut identity {
        members.insert(0, ("description".to_owned(), Json::text(text)));
        if let Some((_, Json::Object(properties))) =
            members.iter_mut().find(|(key, _)| key == "properties")
        {
            properties.retain(|(key, _)| key != "type");
            properties.insert(
                0,
                (
                    "type".to_owned(),
                    Json::object(vec![("const", Json::text(name))]),
                ),
            );
        }
    }
    identity
}

fn identity_list() -> Json {
    Json::object(vec![
        ("type", Json::text("array")),
        ("items", reference("identity")),
        ("minItems", Json::Number(1)),
        ("maxItems", Json::Number(8)),
    ])
}

fn credential() -> Json {
    let mut object = object(Section::Credential);
    object.add("oneOf", one_required(&["file", "credential", "env"]));
    one_of(vec![reference("path"), object])
}

/// An object with exactly one source.
fn source(section: Section) -> Json {
    let sources = [
        "secret",
        "certificate",
        "key",
        "blob",
        "env_file",
        "compose",
        "select",
    ];
    let known: Vec<&str> = sources
        .into_iter()
        .filter(|source| table::find(section, source).is_some())
        .collect();
    let mut object = object(section);
    object.add("oneOf", one_required(&known));
    object
}

fn select() -> Json {
    let mut object = object(Section::Select);
    object.add("anyOf", one_required(&["prefix", "tags"]));
    object
}

fn compose() -> Json {
    let mut object = object(Section::Compose);
    object.add("oneOf", one_required(&["text", "file"]));
    object
}

fn proxy() -> Json {
    let mut proxy = object(Section::Proxy);
    proxy.add("oneOf", one_required(&["url", "env"]));
    let pair = |key: &str, other: &str| (key.to_owned(), Json::List(vec![Json::text(other)]));
    let together = vec![pair("username", "password"), pair("password", "username")];
    proxy.add("dependentRequired", Json::Object(together));
    proxy
}

fn one_required(keys: &[&str]) -> Json {
    let forms = keys.iter();
    let required =
        |key: &&str| Json::object(vec![("required", Json::List(vec![Json::text(*key)]))]);
    Json::List(forms.map(required).collect())
}

fn typed(name: &str) -> Json {
    Json::object(vec![("type", Json::text(name))])
}

fn pattern(text: &str) -> Json {
    Json::object(vec![
        ("type", Json::text("string")),
        ("pattern", Json::text(text)),
    ])
}

fn number(least: u64, most: u64) -> Json {
    Json::object(vec![
        ("type", Json::text("integer")),
        ("minimum", Json::Number(least.try_into().unwrap())),
        ("maximum", Json::Number(most.try_into().unwrap())),
    ])
}

fn choice<'a>(names: impl Iterator<Item = &'a str>) -> Json {
    Json::object(vec![("enum", Json::List(names.map(Json::text).collect()))])
}

fn list(items: Json) -> Json {
    Json::object(vec![("type", Json::text("array")), ("items", items)])
}

fn map(names: &str, values: Json, least: u32) -> Json {
    let ignored = Json::object(vec![
        ("$comment", Json::Boolean(true)),
        ("$schema", Json::Boolean(true)),
    ]);
    Json::object(vec![
        ("type", Json::text("object")),
        ("properties", ignored),
        (
            "patternProperties",
            Json::Object(vec![(names.to_owned(), values)]),
        ),
        ("additionalProperties", Json::Boolean(false)),
        ("minProperties", Json::Number(least.into())),
    ])
}

fn one_of(forms: Vec<Json>) -> Json {
    Json::object(vec![("oneOf", Json::List(forms))])
}

fn reference(name: &str) -> Json {
    Json::object(vec![("$ref", Json::text(format!("#/$defs/{name}")))])
}

fn parsed(json: &str) -> Json {
    let document = Document::new(PathBuf::from("table"), json.into()).unwrap();
    let value = from_node(&document.root().unwrap());
    value
}

fn from_node(node: &Node<'_>) -> Json {
    match node.kind() {
        json::Kind::Boolean => Json::Boolean(node.boolean().unwrap()),
        json::Kind::List => Json::List(node.items("").unwrap().iter().map(from_node).collect()),
        json::Kind::Null => panic!("null is no value of a configuration"),
        json::Kind::Number => Json::Number(node.number(0, u32::MAX).unwrap().into()),
        json::Kind::Object => {
            let members = node.members("", &mut Problems::default()).unwrap();
            let members = members.into_iter();
            Json::Object(
                members
                    .map(|member| (member.key, from_node(&member.value)))
                    .collect(),
            )
        }
        json::Kind::Text => Json::Text(node.template("").unwrap()),
    }
}
