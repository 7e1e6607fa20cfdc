//! Every key of the configuration: where it stands, what it takes, its default, its text.
//!
//! The parser refuses what is not here and reports a bug when it leaves a key of here
//! unread; the JSON Schema is made from here and compared by a test; man page and docs
//! follow. Keys of later releases are here too, so that they are told from typing errors.

use std::fmt;

pub(super) use super::keys::KNOWN;
pub use super::keys::{IDENTITY_TYPES, KEYS};

use Presence::KnownLater;
use Section::*;

/// One key.
#[derive(Debug)]
pub struct Key {
    /// The object it stands in.
    pub section: Section,
    /// The key itself.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there, and what holds without it.
    pub presence: Presence,
    /// A value that could stand here, as JSON.
    pub example: &'static str,
    /// What it is for, in a line.
    pub text: &'static str,
}

/// What the parser knows of a key. The rest of its row is for schema and documents, and no
/// part of the program.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The object it stands in.
    pub section: Section,
    /// The key itself.
    pub name: &'static str,
    /// A value that could stand here, as JSON.
    pub example: &'static str,
    /// Whether only a later release knows it.
    pub is_later: bool,
}

/// The objects that have keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// `blob` of a file.
    Blob,
    /// The object form of `cloud`.
    Cloud,
    /// `compose` of a file or variable.
    Compose,
    /// The object form of a credential.
    Credential,
    /// The object form of `device_id`.
    DeviceId,
    /// A file of a set.
    File,
    /// Every identity.
    Identity,
    /// An identity of this type.
    IdentityOf(&'static str),
    /// `network`.
    Network,
    /// `on_change` of a set.
    OnChange,
    /// The object form of `network.proxy`.
    Proxy,
    /// `select` of a file.
    Select,
    /// A set.
    Set,
    /// The configuration itself.
    Top,
    /// A value of `compose`, and a variable of `env_file`.
    Value,
    /// A variable of `env_file`, which may be more than a value.
    Variable,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user's or group's name or number.
    Account,
    /// `true` or `false`.
    Boolean,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// A preset's name or an object of `Section::Cloud`.
    CloudFacts,
    /// A list of argv lists.
    Commands,
    /// A path or an object of `Section::Credential`.
    CredentialFile,
    /// A text or an object of `Section::DeviceId`.
    DeviceName,
    /// A text such as `15m`.
    Duration,
    /// An object of objects of `Section::File`, by file name.
    Files,
    /// A list of host names, `.suffix`es or `*`.
    Hosts,
    /// An identity or a list of them.
    Identities,
    /// What a later release takes.
    Later,
    /// A text such as `0440`.
    Mode,
    /// A whole number of the first to the second.
    Number(u64, u64),
    /// An object of this section.
    Object(Section),
    /// An absolute path.
    Path,
    /// A URL or an object of `Section::Proxy`.
    ProxyAddress,
    /// An object of `address:port` by host.
    Resolve,
    /// An object of objects of `Section::Set`, by set name.
    Sets,
    /// An object of texts, by tag name.
    Tags,
    /// A text of this pattern (ECMA 262).
    Text(&'static str),
    /// A list of systemd unit names.
    Units,
    /// An object of objects of `Section::Value`, by name.
    Values,
    /// An object of objects of `Section::Variable`, by name.
    Variables,
}

/// Whether a key must be there, and what holds without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Without it, this JSON value holds.
    Default(&'static str),
    /// A key of a later release.
    KnownLater,
    /// Without it there is nothing.
    Optional,
    /// Without it, this holds, in words.
    Otherwise(&'static str),
    /// It must be there.
    Required,
}

/// A type of identity.
#[derive(Debug)]
pub struct IdentityType {
    /// Its name, the value of `type`.
    pub name: &'static str,
    /// What it is, in a line.
    pub text: &'static str,
}

/// What is known of `name` in `section`.
pub fn find(section: Section, name: &str) -> Option<&'static Known> {
    known_in(section).find(|key| key.name == name)
}

/// What is known of all keys of `section`.
pub fn known_in(section: Section) -> impl Iterator<Item = &'static Known> {
    KNOWN.iter().filter(move |key| section.takes(key.section))
}

/// All rows of `section`.
pub fn keys_of(section: Section) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| section.takes(key.section))
}

impl Section {
    /// Whether keys of `other` may stand in it.
    fn takes(self, other: Self) -> bool {
        let of_every_type = matches!(self, IdentityOf(_)) && other == Identity;
        let of_every_value = self == Variable && other == Value;
        self == other || of_every_type || of_every_value
    }
}

impl Key {
    /// Whether only a later release knows it.
    pub const fn is_later(&self) -> bool {
        matches!(self.presence, KnownLater)
    }

    pub(super) const fn known(&self) -> Known {
        Known {
            section: self.section,
            name: self.name,
            example: self.example,
            is_later: self.is_later(),
        }
    }
}

impl fmt::Display for Section {
    /// As it stands behind "belongs into".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Blob => "\"blob\" of a file",
            Cloud => "the object of \"cloud\"",
            Compose => "\"compose\" of a file or value",
            Credential => "the object of a credential",
            DeviceId => "the object of \"device_id\"",
            File => "a file of a set",
            Identity => "an identity",
            IdentityOf(name) => return write!(f, "an identity of type \"{name}\""),
            Network => "\"network\"",
            OnChange => "\"on_change\" of a set",
            Proxy => "\"proxy\" of \"network\"",
            Select => "\"select\" of a file",
            Set => "a set",
            Top => "the top level",
            Value => "a value of \"compose\" or \"env_file\"",
            Variable => "a value of \"env_file\"",
        })
    }
}
