//! Everything that can go wrong, in the words of the person who meets it.
//!
//! A variant says what failed and names the object: a path, a secret's name, a host;
//! never a value, a token, a query or a body. Text of a server is escaped and cut
//! before it comes here ([`crate::name::foreign`]). [`Error::reason`] gives the code of
//! the closed list that monitoring reads, [`Error::class`] what the exit code follows
//! from, [`Error::advice`] the operator's next step.

mod advice;
mod blob;
mod certificate;
mod class;
mod content;
mod credential;
mod display;
mod entra;
mod managed;
mod network;
mod person;
mod reason;
mod refusal;
mod selection;

use std::path::PathBuf;

use rustix::io::Errno;

pub use blob::BlobProblem;
pub use certificate::CertificateProblem;
pub use class::Class;
pub use content::ContentProblem;
pub use credential::CredentialProblem;
pub use managed::ManagedIdentityProblem;
pub use network::{Phase, TlsProblem};
pub use person::PersonProblem;
pub use reason::Reason;
pub use refusal::{FederatedFacts, Refusal, RefusalCause, SignInRefusal, TokenFacts, LIST_OF};
pub use selection::SelectionProblem;

use crate::name::{FileName, HostName, SetName};

/// Where in a configuration file something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the operator named it.
    pub file: PathBuf,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// What failed.
#[derive(Clone, Debug)]
pub enum Error {
    /// A file of Blob Storage that cannot be delivered.
    Blob {
        /// Which one: `blob CONTAINER/NAME in HOST`.
        blob: String,
        /// Why not.
        problem: BlobProblem,
    },
    /// A certificate or key of a vault that cannot be delivered.
    Certificate {
        /// Which one: `certificate mqtt-client in HOST`.
        object: String,
        /// Why not.
        problem: CertificateProblem,
    },
    /// A set's directory carries the marker of another instance or set.
    ClaimedDirectory {
        /// The set's directory.
        path: PathBuf,
        /// Whose it is, as its marker says: `instance/set`.
        owner: String,
    },
    /// A private cloud describes itself otherwise than before.
    CloudChanged {
        /// What the configuration calls it.
        cloud: String,
        /// The login host that it names now.
        login: HostName,
        /// What is different: `login host a, now b`.
        changes: String,
    },
    /// A private cloud has never been asked for its facts.
    CloudUnknown {
        /// Its Resource Manager.
        resource_manager: HostName,
    },
    /// A configuration that cannot be used.
    Config {
        /// Where.
        place: Place,
        /// What is wrong there.
        problem: String,
        /// What to do about it.
        advice: String,
    },
    /// A value that cannot be delivered in the form that is configured.
    Content {
        /// Which one: `secret mqtt-password in HOST`.
        object: String,
        /// Why not.
        problem: ContentProblem,
    },
    /// A credential file (key, certificate, client secret) that cannot be used.
    Credential {
        /// Which one: a path, `credential NAME` or `environment NAME`.
        source: String,
        /// What is wrong with it.
        problem: CredentialProblem,
    },
    /// The run's time (`network.deadline`) is used up.
    Deadline,
    /// A system call on a file or directory of ours failed.
    Disk {
        /// What was tried, as a verb: "create", "write", "rename".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        errno: Errno,
    },
    /// The live version of an object is not valid yet.
    Early {
        /// The vault's host.
        vault: HostName,
        /// The object: `secret mqtt-password`.
        object: String,
        /// From when it is valid, in UTC.
        valid_from: String,
    },
    /// A file that is not ours stands where a delivered file would go.
    ForeignFile {
        /// The path of that file.
        path: PathBuf,
    },
    /// An `on_change` action failed or did not end in time.
    Hook {
        /// The set.
        set: SetName,
        /// The action: `reload nginx.service`, or the program's path.
        action: String,
        /// What happened: `exit status 3`, `no result within 90 s`.
        problem: String,
    },
    /// A bug of ours, told instead of a panic.
    Internal {
        /// What was found.
        what: String,
    },
    /// Another run holds the lock and kept it.
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The holder's process id, if it could be learnt.
        holder: Option<u32>,
    },
    /// An endpoint of the machine gave no token of its managed identity.
    ManagedIdentity {
        /// The platform: `IMDS`, `Azure Arc`, …
        source: &'static str,
        /// Why not.
        problem: ManagedIdentityProblem,
    },
    /// The vault has no such object (its own 404), and policy says that matters.
    Missing {
        /// The vault's host.
        vault: HostName,
        /// The object: `secret mqtt-password`.
        object: String,
        /// The pinned version, if any.
        version: Option<String>,
        /// The vault's code: `SecretNotFound`.
        code: String,
    },
    /// An object that was delivered before answered 404 for the first time.
    MissingOnce {
        /// The vault's host.
        vault: HostName,
        /// The object: `secret mqtt-password`.
        object: String,
    },
    /// A host could not be talked to; may pass by itself.
    Network {
        /// The host that was meant, not the proxy's.
        host: HostName,
        /// How far it went.
        phase: Phase,
        /// What happened there.
        cause: String,
    },
    /// State on disk has a format of a later release; it was left untouched.
    NewerFormat {
        /// The file.
        path: PathBuf,
    },
    /// A set's `on_change` names units, but systemd is not running here.
    NoSystemd {
        /// The set.
        set: SetName,
    },
    /// `--offline` and the set has no whole version on disk.
    NothingOnDisk {
        /// The set.
        set: SetName,
    },
    /// A sign-in that needs a person gave no token.
    Person(PersonProblem),
    /// The proxy refused to connect us.
    Proxy {
        /// The proxy, `host:port`.
        proxy: String,
        /// The host that was meant.
        host: HostName,
        /// The proxy's status: 407 wants credentials, 403 forbids the host.
        status: u16,
    },
    /// The vault refused the request. Carries the block for a ticket.
    Refused(Box<Refusal>),
    /// A reply came that cannot be used: no JSON, a web page, too large, a redirect.
    Reply {
        /// Who sent it.
        host: HostName,
        /// What is wrong with it.
        problem: String,
    },
    /// `max_requests` of this run are used up; what missed out goes first next time.
    RequestsSpent {
        /// The limit.
        limit: u32,
    },
    /// What a selection finds cannot be delivered.
    Selection {
        /// The pattern of its files.
        pattern: String,
        /// Why not.
        problem: SelectionProblem,
    },
    /// The service answered with a status that may pass: 408, 429 or 5xx.
    ServerBusy {
        /// Who.
        host: HostName,
        /// The HTTP status.
        status: u16,
        /// Seconds it asked us to stay away.
        retry_after: Option<u64>,
    },
    /// The authority refused the credential.
    SignInRefused(Box<SignInRefusal>),
    /// The system has no usable certificate authorities.
    NoRoots {
        /// Where we looked, or the file that is no bundle.
        looked: String,
    },
    /// TLS with a host failed for a reason that waiting may not cure.
    Tls {
        /// The host.
        host: HostName,
        /// What was wrong.
        problem: TlsProblem,
    },
    /// A service other than a vault refused a token that was tried there.
    TokenRefused {
        /// The service's host.
        host: HostName,
        /// HTTP status: 401 is about the token, 403 about the rights behind it.
        status: u16,
        /// The service's code, escaped: `InvalidAuthenticationTokenAudience`.
        code: String,
    },
    /// What a set's `on_change` names cannot work in the image.
    UnfitImage {
        /// The set.
        set: SetName,
        /// The unit or program.
        what: String,
        /// What is wrong with it: "is not in this image".
        problem: String,
    },
    /// A directory that others could tamper with, so nothing is written below it.
    UnsafeDirectory {
        /// The real directory that breaks the rule.
        path: PathBuf,
        /// The rule: "is a symbolic link", "is writable by group mosquitto".
        problem: String,
    },
    /// The command line is wrong.
    Usage {
        /// What is wrong with it.
        problem: String,
    },
    /// A file is to belong to somebody whom the running user may not give files to.
    WouldNeedChown {
        /// The set.
        set: SetName,
        /// The file.
        file: FileName,
        /// The wanted owner: `user 105`, `group 27`.
        wanted: String,
    },
    /// The device's clock is minutes or decades off.
    WrongClock {
        /// What it says, in UTC.
        ours: String,
        /// What says otherwise, with its time in UTC.
        reference: String,
    },
}

impl Error {
    /// Whether the credential itself was refused (unknown, expired, revoked, not assigned),
    /// so that the next identity of a list may be tried.
    pub fn refuses_credential(&self) -> bool {
        match self {
            Self::ManagedIdentity { problem, .. } => problem.refuses_credential(),
            Self::SignInRefused(refusal) => refusal.refuses_credential(),
            _ => false,
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Disk { errno, .. } => Some(errno),
            _ => None,
        }
    }
}
