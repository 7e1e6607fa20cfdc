//! Where the content of files comes from, and in which form it is delivered.

use std::fmt;

use super::pointer::Pointer;
use super::template::Template;
use crate::name::{HostName, ObjectName, Version};

/// Where a file's content comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file of Blob Storage.
    Blob(Blob),
    /// One object, or several put together.
    Content(Content),
    /// Variables for `EnvironmentFile=` and `sh`.
    EnvFile(Vec<Variable>),
}

/// Content that is held in memory while it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A text with values in it.
    Compose(Composition),
    /// One object.
    Value(Value),
}

/// A text with values in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composition {
    /// The text; its values are places in `values`.
    pub template: Template,
    /// The values by their names, in the order of the configuration.
    pub values: Vec<(String, Value)>,
}

/// One line of an env file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name: a letter or `_`, then letters, digits and `_`.
    pub name: String,
    /// What it holds.
    pub content: Content,
}

/// One object of a vault in one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The object.
    pub object: Object,
    /// Its form.
    pub form: Form,
}

/// An object of a vault. What is the same object is fetched once a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// The vault's host.
    pub vault: HostName,
    /// Its name, `${device_id}` expanded.
    pub name: ObjectName,
    /// The pinned version; the latest without.
    pub version: Option<Version>,
}

/// The kinds of objects in a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A certificate, read through its secret.
    Certificate,
    /// A key, of which the vault gives the public part.
    Key,
    /// A secret.
    Secret,
}

/// The form in which an object is delivered; each kind has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Of a certificate.
    Certificate(CertificatePart),
    /// Of a key.
    Key(KeyPart),
    /// Of a secret.
    Secret(Text),
}

/// What is delivered of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificatePart {
    /// The private key, then the chain.
    Bundle,
    /// The certificates above the leaf.
    Ca,
    /// The leaf.
    Cert,
    /// The leaf, then the certificates above it.
    Chain,
    /// The private key (PKCS#8).
    Key,
    /// The PKCS#12 container as the vault has it, not opened.
    Pfx,
}

/// How a public key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPart {
    /// A JSON Web Key (RFC 7517).
    Jwk,
    /// PEM of a SubjectPublicKeyInfo.
    Pem,
}

/// What is made of a secret's value, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// How the value stands for bytes; as its tag `file-encoding` says, if nothing is said.
    pub encoding: Option<Encoding>,
    /// Which part of a JSON document is meant.
    pub json: Option<Pointer>,
    /// What happens at its end.
    pub newline: Newline,
}

/// How a text stands for bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Base64 (RFC 4648, 4), line breaks allowed.
    Base64,
    /// Hexadecimal digits, line breaks allowed.
    Hex,
    /// Itself.
    Utf8,
}

/// What happens at the end of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Newline {
    /// A line break is added unless there is one.
    Ensure,
    /// Nothing.
    #[default]
    Keep,
    /// Line breaks go.
    Strip,
}

/// A file of Blob Storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The account's host: `ACCOUNT.blob.SUFFIX`.
    pub host: HostName,
    /// The container.
    pub container: String,
    /// The blob's name, `${device_id}` expanded, not percent-encoded.
    pub name: String,
    /// How many bytes it may have; without, 16 MiB where the set lies in memory.
    pub max_bytes: Option<u64>,
    /// The SHA-256 that it must have, 64 lower-case hexadecimal digits.
    pub sha256: Option<String>,
}

/// One file for each object that it selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The files' names, with `${name}` where the object's name stands.
    pub pattern: String,
    /// The vault's host.
    pub vault: HostName,
    /// How the names of the objects begin, `${device_id}` expanded.
    pub prefix: String,
    /// The tags that the objects have, with their values, `${device_id}` expanded.
    pub tags: Vec<(String, String)>,
    /// The form of each, which also says of which kind they are.
    pub form: Form,
    /// How many objects it may select.
    pub max_objects: u32,
    /// Whether it may select nothing.
    pub allow_empty: bool,
}

impl Blob {
    /// How many bytes it may have in a set that lies in memory, or does not; `None` for as
    /// many as there is room for.
    pub fn limit(&self, lies_in_memory: bool) -> Option<u64> {
        let usual = lies_in_memory.then_some(MOST_IN_MEMORY);
        self.max_bytes.or(usual)
    }
}

impl Source {
    /// The objects that go into it, in the order in which they are used.
    pub fn values(&self) -> Vec<&Value> {
        match self {
            Self::Blob(_) => Vec::new(),
            Self::Content(content) => content.values(),
            Self::EnvFile(variables) => {
                let variables = variables.iter();
                variables
                    .flat_map(|variable| variable.content.values())
                    .collect()
            }
        }
    }
}

impl Content {
    /// The objects that go into it, in the order in which they are used.
    pub fn values(&self) -> Vec<&Value> {
        match self {
            Self::Compose(composition) => {
                let values = composition.values.iter();
                values.map(|(_, value)| value).collect()
            }
            Self::Value(value) => vec![value],
        }
    }
}

impl ObjectKind {
    /// The word for one of it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Key => "key",
            Self::Secret => "secret",
        }
    }
}

impl CertificatePart {
    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Ca => "ca",
            Self::Cert => "cert",
            Self::Chain => "chain",
            Self::Key => "key",
            Self::Pfx => "pfx",
        }
    }
}

impl KeyPart {
    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jwk => "jwk",
            Self::Pem => "pem",
        }
    }
}

impl Encoding {
    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Utf8 => "utf-8",
        }
    }
}

impl Newline {
    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ensure => "ensure",
            Self::Keep => "keep",
            Self::Strip => "strip",
        }
    }
}

impl Form {
    /// Whether it is PEM of a certificate or its key.
    pub fn is_pem(&self) -> bool {
        matches!(self, Self::Certificate(part) if *part != CertificatePart::Pfx)
    }

    /// The kind of objects that have it.
    pub fn kind(&self) -> ObjectKind {
        match self {
            Self::Certificate(_) => ObjectKind::Certificate,
            Self::Key(_) => ObjectKind::Key,
            Self::Secret(_) => ObjectKind::Secret,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.name)?;
        match &self.version {
            Some(version) => write!(f, "/{version}"),
            None => Ok(()),
        }
    }
}

/// What a blob may take of a device's memory where nothing is said.
pub const MOST_IN_MEMORY: u64 = 16 << 20;
