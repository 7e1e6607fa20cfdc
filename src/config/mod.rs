//! The configuration: typed by an operator, merged from its files, validated.
//!
//! These are the validated types; nothing in them is unchecked text. A set that cannot
//! be used keeps its name and its errors, so that it fails alone. [`table`] holds every
//! key; [`Config::load`] tells the way from files to here.

mod accounts;
mod blob;
mod budget;
mod cloud;
mod compose;
mod content;
mod credential;
mod device;
mod directories;
mod document;
mod effective;
mod expand;
mod file;
mod form;
mod identity;
mod inner;
mod json;
mod keys;
mod load;
mod managed;
mod merge;
mod network;
mod object;
mod on_change;
mod outline;
mod pinned;
mod pointer;
mod problem;
mod proxy;
mod request;
mod selection;
mod set;
mod source;
mod suggest;
pub mod table;
mod template;
#[cfg(test)]
mod tests;
mod value;

use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;
use rustix::fs::{Gid, Uid};

pub use accounts::Accounts;
pub use content::{
    Blob, CertificatePart, Composition, Content, Encoding, Form, KeyPart, Newline, Object,
    ObjectKind, Selection, Source, Text, Value, Variable, MOST_IN_MEMORY,
};
pub use managed::{ManagedSource, Selector};
pub use outline::{directories, Outline, PrivateCloud};
pub use pinned::pin;
pub use pointer::Pointer;
pub use request::{InstanceName, LoadRequest};
pub use suggest::{nearest, nearest_cloud};
pub use template::{Filter, Part, Template, TemplateProblem};
pub use value::parse_duration;

use crate::cloud::Cloud;
use crate::error::Error;
use crate::http;
use crate::name::{ClientId, FileName, HostName, Mode, SetName, Tenant};

/// A whole configuration.
#[derive(Debug)]
pub struct Config {
    /// The names of users and groups that it was read with.
    pub accounts: Accounts,
    /// The cloud.
    pub cloud: Cloud,
    /// Whether the cloud tells its facts itself.
    pub is_private_cloud: bool,
    /// What stands for `${device_id}`.
    pub device_id: String,
    /// Tried in order; never empty.
    pub identities: Vec<Identity>,
    /// The vault of the top level, if one stands there.
    pub vault: Option<HostName>,
    /// The usable sets in the order of their files and names therein.
    pub sets: Vec<Set>,
    /// The unusable ones; each fails alone.
    pub broken_sets: Vec<BrokenSet>,
    /// The network settings. A proxy's password is not in there: see `proxy_login`.
    pub network: http::Settings,
    /// The proxy's credentials, to be read by whoever makes the HTTP client.
    pub proxy_login: Option<ProxyLogin>,
    /// Token cache, lock, `status.json`, default set directories; of this instance.
    pub runtime_directory: PathBuf,
    /// State that outlives a boot; of this instance.
    pub state_directory: PathBuf,
    /// The instance's name, `""` for the only one.
    pub instance: String,
    /// The level below which nothing is logged.
    pub log: LevelFilter,
    /// What deserves a warning but stops nothing.
    pub warnings: Vec<String>,
}

/// A set that cannot be used as configured.
#[derive(Debug)]
pub struct BrokenSet {
    /// Its name, as written; of a drop-in that could not be read, `conf.d/FILE`.
    pub name: String,
    /// Whether it counts for exit code and readiness.
    pub required: bool,
    /// Why.
    pub error: Error,
    /// What else is wrong with it.
    pub others: Vec<Error>,
}

/// Files that belong together.
#[derive(Clone, Debug)]
pub struct Set {
    /// Its name.
    pub name: SetName,
    /// Where its files lie.
    pub directory: PathBuf,
    /// How they change together.
    pub layout: Layout,
    /// Mode of the directory.
    pub directory_mode: Mode,
    /// Group of the directory and its generations.
    pub group: Gid,
    /// Its files, in the order of the configuration; without those of selections.
    pub files: Vec<File>,
    /// Its files that a vault names.
    pub selections: Vec<SelectedFiles>,
    /// How changes are noticed.
    pub change_check: ChangeCheck,
    /// What is done when they changed.
    pub on_change: OnChange,
    /// Age past which the set counts as stale beyond use.
    pub max_stale: Duration,
    /// Whether it counts for exit code and readiness.
    pub required: bool,
}

impl Set {
    /// The same without files of its own; it keeps its selections.
    #[must_use]
    pub fn without_files(&self) -> Self {
        Self {
            name: self.name.clone(),
            directory: self.directory.clone(),
            files: Vec::new(),
            selections: self.selections.clone(),
            on_change: self.on_change.clone(),
            ..*self
        }
    }
}

/// How the files of a set change together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Symbolic links into generations; one rename switches all.
    Linked,
    /// Real files, renamed one after the other under an intent record.
    Plain,
}

/// One delivered file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name in the set's directory.
    pub name: FileName,
    /// Where its content comes from.
    pub source: Source,
    /// Its mode.
    pub mode: Mode,
    /// Its owner.
    pub owner: Uid,
    /// Its group.
    pub group: Gid,
    /// What to do when the vault does not have it.
    pub if_missing: IfMissing,
    /// The pattern of the selection that it belongs to.
    pub pattern: Option<String>,
}

/// Files of which the vault says how many there are, one for each object of a selection.
#[derive(Clone, Debug)]
pub struct SelectedFiles {
    /// Which objects.
    pub selection: Selection,
    /// Their mode.
    pub mode: Mode,
    /// Their owner.
    pub owner: Uid,
    /// Their group.
    pub group: Gid,
    /// What to do with those that the vault does not have any more.
    pub if_missing: IfMissing,
}

/// How a run learns what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeCheck {
    /// Every object is fetched.
    Get,
    /// The vault's list says which objects changed; only those are fetched.
    List,
}

/// What to do when the vault does not have an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// The set stays at last good.
    Fail,
    /// This file stays as it was, the rest moves on.
    Keep,
    /// The set is delivered without the file.
    Skip,
}

/// What is done after a set has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnChange {
    /// Units to `try-reload-or-restart`.
    pub reload: Vec<String>,
    /// Units to `try-restart`.
    pub restart: Vec<String>,
    /// Units to start if inactive.
    pub start: Vec<String>,
    /// Programs to run, each an argv; no shell.
    pub run: Vec<Vec<String>>,
    /// Limit of each action.
    pub timeout: Duration,
}

/// How the device proves who it is.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A certificate and its private key.
    Certificate {
        /// The tenant to sign in to.
        tenant: Tenant,
        /// The application.
        client_id: ClientId,
        /// PEM of the certificate, its chain, perhaps its key.
        certificate: CredentialFile,
        /// PEM of the key, unless the certificate's PEM holds it.
        private_key: Option<CredentialFile>,
        /// Whether the chain is sent (`x5c`, for subject-and-issuer trust).
        send_chain: bool,
    },
    /// A client secret.
    ClientSecret {
        /// The tenant to sign in to.
        tenant: Tenant,
        /// The application.
        client_id: ClientId,
        /// The secret; one trailing newline is dropped.
        client_secret: CredentialFile,
    },
    /// A person who signs in for one run.
    DeviceCode {
        /// The tenant to sign in to.
        tenant: Tenant,
        /// The application, which must allow public clients.
        client_id: ClientId,
    },
    /// The `AZURE_*` variables of the process.
    Environment,
    /// A token of another issuer that the application trusts.
    Federated {
        /// The tenant to sign in to.
        tenant: Tenant,
        /// The application.
        client_id: ClientId,
        /// Where the token lies; read anew for each sign-in.
        token_file: CredentialFile,
    },
    /// The identity that Azure gave this machine.
    ManagedIdentity {
        /// Which endpoint of the machine gives its tokens.
        source: ManagedSource,
        /// Which of several identities; the machine's own without.
        selector: Option<Selector>,
    },
    /// A user's name and password (ROPC).
    Password {
        /// The tenant to sign in to.
        tenant: Tenant,
        /// The application, which must allow public clients.
        client_id: ClientId,
        /// The user's name.
        username: String,
        /// Where the password lies; one trailing newline is dropped.
        password: CredentialFile,
    },
}

impl Config {
    /// The vaults of all sets, each once, in the order of sets, files and selections.
    pub fn vaults(&self) -> Vec<&HostName> {
        let mut vaults = Vec::new();
        for set in &self.sets {
            let values = set.files.iter().flat_map(|file| file.source.values());
            let mut used: Vec<&HostName> = values.map(|value| &value.object.vault).collect();
            let selections = set.selections.iter();
            used.extend(selections.map(|selected| &selected.selection.vault));
            for vault in used {
                if !vaults.contains(&vault) {
                    vaults.push(vault);
                }
            }
        }
        vaults
    }
}

impl Identity {
    /// The tenant that it signs in to; none for what a machine or a variable says.
    pub fn tenant(&self) -> Option<&Tenant> {
        match self {
            Self::Certificate { tenant, .. }
            | Self::ClientSecret { tenant, .. }
            | Self::DeviceCode { tenant, .. }
            | Self::Federated { tenant, .. }
            | Self::Password { tenant, .. } => Some(tenant),
            Self::Environment | Self::ManagedIdentity { .. } => None,
        }
    }

    /// Where its credentials lie.
    pub fn files_mut(&mut self) -> Vec<&mut CredentialFile> {
        match self {
            Self::Certificate {
                certificate,
                private_key,
                ..
            } => std::iter::once(certificate).chain(private_key).collect(),
            Self::ClientSecret {
                client_secret: file,
                ..
            }
            | Self::Federated {
                token_file: file, ..
            }
            | Self::Password { password: file, .. } => vec![file],
            Self::DeviceCode { .. } | Self::Environment | Self::ManagedIdentity { .. } => vec![],
        }
    }
}

/// Where a credential lies; a secret value never stands in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialFile {
    /// A name below systemd's `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// An environment variable.
    Environment(String),
    /// A file.
    File(PathBuf),
}

/// How to log in at the proxy (Basic).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyLogin {
    /// User name; holds no `:`.
    pub username: String,
    /// Where the password lies; one trailing newline is dropped.
    pub password: CredentialFile,
}
