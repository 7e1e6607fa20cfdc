//! Reads one object of a vault and the form in which it is delivered.

use super::expand::object_name;
use super::json::Node;
use super::object::Object;
use super::pointer::Pointer;
use super::problem::{Problem, Problems};
use super::set::Surroundings;
use super::value;
use super::{CertificatePart, Encoding, Form, KeyPart, Newline, ObjectKind, Text, Value};
use crate::cloud::Cloud;
use crate::config;
use crate::name::{HostName, Version};

/// What an object is looked for with.
#[derive(Clone, Debug)]
pub(super) struct Ground<'a> {
    /// What is around the set.
    pub around: &'a Surroundings<'a>,
    /// The nearest vault.
    pub vault: Vault,
}

/// The nearest vault above an object.
#[derive(Clone, Debug)]
pub(super) enum Vault {
    /// This one.
    Named(Box<HostName>),
    /// None is named.
    Nowhere,
    /// What is named cannot be used; that was noted there.
    Unusable,
}

impl<'a> Ground<'a> {
    /// The ground inside of `object`, which may name a vault.
    pub fn within(&self, object: &mut Object<'_>, problems: &mut Problems) -> Ground<'a> {
        let vault = match object.take("vault") {
            Some(node) => vault(&node, self.around.cloud, problems),
            None => self.vault.clone(),
        };
        Ground {
            around: self.around,
            vault,
        }
    }

    /// The vault for what `node` names.
    pub fn vault(&self, node: &Node<'_>, problems: &mut Problems) -> Option<HostName> {
        match &self.vault {
            Vault::Named(host) => Some(HostName::clone(host)),
            Vault::Nowhere => {
                problems.add(node.problem_with(
                    "has no vault",
                    "write \"vault\": NAME at the top level, in the set or in the file",
                ));
                None
            }
            Vault::Unusable => None,
        }
    }
}

/// A vault's name or URL.
pub(super) fn vault(node: &Node<'_>, cloud: Option<&Cloud>, problems: &mut Problems) -> Vault {
    let Some(cloud) = cloud else {
        return Vault::Unusable;
    };
    let host = value::parsed(node, |text| cloud.vault(text)).map_err(|problem| Problem {
        advice: match cloud.is_supposed {
            true => "give \"cloud\" the \"vault_suffix\" that its devices will learn; here it is only supposed".to_owned(),
            false => format!("name a vault of cloud \"{}\", or correct \"cloud\"", cloud.name),
        },
        ..problem
    });
    match problems.keep(host) {
        Some(host) => Vault::Named(Box::new(host)),
        None => Vault::Unusable,
    }
}

/// Reads the object of `kind` that `name` names; the rest stands beside it in `object`.
pub(super) fn value(
    object: &mut Object<'_>,
    (kind, name): (ObjectKind, &Node<'_>),
    ground: &Ground<'_>,
    problems: &mut Problems,
) -> Option<Value> {
    refuse_unfit(object, &[kind.word()], problems);
    let version = object.take("version");
    let version = problems.read(version, |node| value::parsed(node, Version::parse));
    let form = form(object, kind, problems);
    let vault = ground.vault(&object.node, problems);
    let name = problems.keep(object_name(name, ground.around.device_id))?;
    Some(Value {
        object: config::Object {
            kind,
            vault: vault?,
            name: name?,
            version,
        },
        form: form?,
    })
}

/// Reads the form for objects of `kind` from the keys of `object`.
pub(super) fn form(
    object: &mut Object<'_>,
    kind: ObjectKind,
    problems: &mut Problems,
) -> Option<Form> {
    match kind {
        ObjectKind::Certificate => certificate_part(object, problems).map(Form::Certificate),
        ObjectKind::Key => {
            let mut part = object.take("part");
            if let Some(node) = &mut part {
                node.example = "\"pem\"";
            }
            let choices = KEY_PARTS.map(|part| (part.as_str(), part));
            let part = value::choice(part, &choices, problems);
            Some(Form::Key(part.unwrap_or(KeyPart::Pem)))
        }
        ObjectKind::Secret => {
            let encodings = ENCODINGS.map(|encoding| (encoding.as_str(), encoding));
            let newlines = NEWLINES.map(|newline| (newline.as_str(), newline));
            let pointer = object.take("json");
            let newline = value::choice(object.take("newline"), &newlines, problems);
            Some(Form::Secret(Text {
                encoding: value::choice(object.take("encoding"), &encodings, problems),
                json: problems.read(pointer, |node| value::parsed(node, Pointer::parse)),
                newline: newline.unwrap_or_default(),
            }))
        }
    }
}

/// Takes the one of `sources` that `object` has, with its key.
pub(super) fn take_source<'a>(
    object: &mut Object<'a>,
    sources: &[&'static str],
    problems: &mut Problems,
) -> Option<(&'static str, Node<'a>)> {
    let source = object.take_one(sources, problems);
    if source.is_none() {
        // What stands beside it cannot be judged.
        refuse_unfit(object, &[], &mut Problems::default());
    }
    source
}

/// The kind of objects that stand under `key`.
pub(super) fn kind_of(key: &str) -> Option<ObjectKind> {
    let mut kinds = KINDS.iter();
    kinds.find(|kind| kind.word() == key).copied()
}

/// Notes and drops the keys of `object` that mean nothing for a source of these `words`.
pub(super) fn refuse_unfit(object: &mut Object<'_>, words: &[&str], problems: &mut Problems) {
    for (key, fitting, rule) in FITTING {
        if words.iter().any(|word| fitting.contains(word)) {
            continue;
        }
        if let Some(node) = object.take(key) {
            problems.add(node.problem_with(rule, &format!("remove \"{key}\"")));
        }
    }
}

/// The part must be said: what a file "client.crt" holds is read by others in many ways.
fn certificate_part(object: &mut Object<'_>, problems: &mut Problems) -> Option<CertificatePart> {
    let node = object.take("part");
    if node.is_none() {
        problems.add(object.node.problem_with("lacks \"part\"", PARTS_ADVICE));
    }
    let choices = CERTIFICATE_PARTS.map(|part| (part.as_str(), part));
    value::choice(node, &choices, problems)
}

const KINDS: [ObjectKind; 3] = [ObjectKind::Certificate, ObjectKind::Key, ObjectKind::Secret];
const CERTIFICATE_PARTS: [CertificatePart; 6] = [
    CertificatePart::Cert,
    CertificatePart::Chain,
    CertificatePart::Ca,
    CertificatePart::Key,
    CertificatePart::Bundle,
    CertificatePart::Pfx,
];
const KEY_PARTS: [KeyPart; 2] = [KeyPart::Pem, KeyPart::Jwk];
const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Base64, Encoding::Hex];
const NEWLINES: [Newline; 3] = [Newline::Keep, Newline::Strip, Newline::Ensure];

const PARTS_ADVICE: &str = "write \"part\": \"cert\" (the certificate alone), \"chain\" (it and those above it), \"ca\" (those above it), \"key\" (the private key), \"bundle\" (private key and chain) or \"pfx\" (the PKCS#12 container)";

/// Keys that only some sources have: the key, what it fits, and the rule in words. What a
/// selection selects is told by a word of its own.
const FITTING: [(&str, &[&str], &str); 9] = [
    (
        "vault",
        &[
            "secret",
            "certificate",
            "key",
            "env_file",
            "compose",
            "select",
        ],
        "is not for blobs",
    ),
    (
        "version",
        &["secret", "certificate", "key"],
        "is for a secret, certificate or key only",
    ),
    (
        "part",
        &["certificate", "key", "certificates"],
        "is for certificates and keys only",
    ),
    ("encoding", &SECRETS, SECRETS_ONLY),
    ("json", &SECRETS, SECRETS_ONLY),
    ("newline", &SECRETS, SECRETS_ONLY),
    ("max_bytes", &["blob"], BLOBS_ONLY),
    ("sha256", &["blob"], BLOBS_ONLY),
    ("max_objects", &["select"], "is for \"select\" only"),
];
const SECRETS: [&str; 2] = ["secret", "secrets"];
const SECRETS_ONLY: &str = "is for secrets only";
const BLOBS_ONLY: &str = "is for blobs only";
