//! The closed list of reason codes in `status.json` and `--json`.

use rustix::io::Errno;

use super::{CredentialProblem, Error, Phase, TlsProblem};

/// Why a set or a run is not as it should be. The texts are an interface: monitoring
/// compares them. README lists them; a test holds the two lists equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Not confirmed for longer than `max_stale`.
    Age,
    /// The run's deadline or request budget ran out.
    Budget,
    /// The device's clock is wrong.
    Clock,
    /// Tenant, authority or vault belong to another cloud, or a private one is not known or
    /// not what it was.
    Cloud,
    /// The configuration is wrong.
    Config,
    /// The credential is wrong, expired, unknown or unreadable.
    Credential,
    /// The secret's version is disabled.
    Disabled,
    /// A file could not be read or written.
    Disk,
    /// A host name has no address.
    Dns,
    /// The vault's firewall or private link keeps this device's address out.
    Firewall,
    /// A file that is not ours is in the way.
    ForeignFile,
    /// An `on_change` action failed and is pending.
    Hook,
    /// A bug of ours.
    Internal,
    /// Another run held the lock.
    Locked,
    /// The object is not in the vault.
    Missing,
    /// The host could not be reached.
    Network,
    /// State on disk was written by a later release.
    NewerFormat,
    /// The secret is not valid yet.
    NotYetValid,
    /// No version on disk and none fetched (`--offline`).
    NothingOnDisk,
    /// No room on the file system.
    NoSpace,
    /// Directory or file may not be written by this user.
    Permission,
    /// An access policy of the vault does not let this identity in.
    Policy,
    /// The proxy refused.
    Proxy,
    /// The file system is read-only here.
    ReadOnly,
    /// A reply or object could not be used.
    Reply,
    /// The identity has no role on the vault.
    Role,
    /// The service answered 5xx or 408.
    Server,
    /// The tenant is unknown or forbids this sign-in.
    Tenant,
    /// The service asked us to slow down (429).
    Throttled,
    /// The TLS chain is not trusted.
    Tls,
    /// The command line is wrong.
    Usage,
}

impl Reason {
    /// All reasons, in the order of their texts.
    pub const ALL: [Self; 31] = [
        Self::Age,
        Self::Budget,
        Self::Clock,
        Self::Cloud,
        Self::Config,
        Self::Credential,
        Self::Disabled,
        Self::Disk,
        Self::Dns,
        Self::Firewall,
        Self::ForeignFile,
        Self::Hook,
        Self::Internal,
        Self::Locked,
        Self::Missing,
        Self::Network,
        Self::NewerFormat,
        Self::NoSpace,
        Self::NotYetValid,
        Self::NothingOnDisk,
        Self::Permission,
        Self::Policy,
        Self::Proxy,
        Self::ReadOnly,
        Self::Reply,
        Self::Role,
        Self::Server,
        Self::Tenant,
        Self::Throttled,
        Self::Tls,
        Self::Usage,
    ];

    /// The code as it stands in JSON and behind a state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Budget => "budget",
            Self::Clock => "clock",
            Self::Cloud => "cloud",
            Self::Config => "config",
            Self::Credential => "credential",
            Self::Disabled => "disabled",
            Self::Disk => "disk",
            Self::Dns => "dns",
            Self::Firewall => "firewall",
            Self::ForeignFile => "foreign_file",
            Self::Hook => "hook",
            Self::Internal => "internal",
            Self::Locked => "locked",
            Self::Missing => "missing",
            Self::Network => "network",
            Self::NewerFormat => "newer_format",
            Self::NoSpace => "no_space",
            Self::NotYetValid => "not_yet_valid",
            Self::NothingOnDisk => "nothing_on_disk",
            Self::Permission => "permission",
            Self::Policy => "policy",
            Self::Proxy => "proxy",
            Self::ReadOnly => "read_only",
            Self::Reply => "reply",
            Self::Role => "role",
            Self::Server => "server",
            Self::Tenant => "tenant",
            Self::Throttled => "throttled",
            Self::Tls => "tls",
            Self::Usage => "usage",
        }
    }

    /// The reason with this text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

impl Error {
    /// The code of the closed list.
    pub fn reason(&self) -> Reason {
        match self {
            Self::ClaimedDirectory { .. }
            | Self::NoSystemd { .. }
            | Self::Config { .. }
            | Self::UnfitImage { .. }
            | Self::WouldNeedChown { .. } => Reason::Config,
            Self::CloudChanged { .. } | Self::CloudUnknown { .. } => Reason::Cloud,
            Self::Credential { problem, .. } => match problem {
                CredentialProblem::Unreadable(Errno::ACCESS) => Reason::Permission,
                _ => Reason::Credential,
            },
            Self::Deadline | Self::RequestsSpent { .. } => Reason::Budget,
            Self::Disk { errno, .. } => disk_reason(*errno),
            Self::Early { .. } => Reason::NotYetValid,
            Self::ForeignFile { .. } => Reason::ForeignFile,
            Self::Hook { .. } => Reason::Hook,
            Self::Internal { .. } => Reason::Internal,
            Self::Locked { .. } => Reason::Locked,
            Self::ManagedIdentity { problem, .. } => problem.reason(),
            Self::Missing { .. } | Self::MissingOnce { .. } => Reason::Missing,
            Self::Network {
                phase: Phase::Dns, ..
            } => Reason::Dns,
            Self::Network { .. } => Reason::Network,
            Self::NewerFormat { .. } => Reason::NewerFormat,
            Self::NoRoots { .. } => Reason::Tls,
            Self::NothingOnDisk { .. } => Reason::NothingOnDisk,
            Self::Person(_) => Reason::Credential,
            Self::Proxy { .. } => Reason::Proxy,
            Self::Refused(refusal) => refusal.reason(),
            Self::Blob { .. }
            | Self::Certificate { .. }
            | Self::Content { .. }
            | Self::Reply { .. }
            | Self::Selection { .. } => Reason::Reply,
            Self::ServerBusy { status: 429, .. } => Reason::Throttled,
            Self::ServerBusy { .. } => Reason::Server,
            Self::SignInRefused(refusal) => refusal.reason(),
            Self::Tls { problem, .. } => match problem {
                TlsProblem::Expired | TlsProblem::NotYetValid => Reason::Clock,
                _ => Reason::Tls,
            },
            Self::TokenRefused { status, code, .. } => match (status, code.as_str()) {
                (401, _) | (_, "AuthenticationFailed") => Reason::Credential,
                (_, "AuthorizationFailure") => Reason::Firewall,
                _ => Reason::Role,
            },
            Self::UnsafeDirectory { .. } => Reason::Permission,
            Self::Usage { .. } => Reason::Usage,
            Self::WrongClock { .. } => Reason::Clock,
        }
    }
}

fn disk_reason(errno: Errno) -> Reason {
    match errno {
        Errno::ACCESS | Errno::PERM => Reason::Permission,
        Errno::DQUOT | Errno::NOSPC => Reason::NoSpace,
        Errno::ROFS => Reason::ReadOnly,
        _ => Reason::Disk,
    }
}
