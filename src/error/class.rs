//! From an error to the exit code, by sysexits, which systemd prints by name.

use rustix::io::Errno;

use super::{CredentialProblem, Error, Phase, RefusalCause};

/// What an error means for the run's exit code; the gravest of all sets wins.
///
/// The order of the variants is the order of gravity, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// 75 while last good is within `max_stale`, else 69: may pass by itself.
    Passing,
    /// 69: a hook failed; it is retried at the next run.
    Hook,
    /// 74: reading or writing failed.
    Io,
    /// 73: a file could not be created or would have to replace a foreign one.
    CannotCreate,
    /// 65: a reply or object could not be used.
    Unusable,
    /// 66: a credential file or a vault object is missing.
    InputMissing,
    /// 77: credential, role, firewall, disabled.
    Refused,
    /// 78: the configuration.
    Config,
    /// 64: the command line.
    Usage,
    /// 70: a bug of ours.
    Internal,
}

impl Class {
    /// The exit code; `Passing` counts as 69 here, [`crate::report`] softens it to 75.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Passing | Self::Hook => 69,
            Self::Io => 74,
            Self::CannotCreate => 73,
            Self::Unusable => 65,
            Self::InputMissing => 66,
            Self::Refused => 77,
            Self::Config => 78,
            Self::Usage => 64,
            Self::Internal => 70,
        }
    }
}

impl Error {
    /// What this error means for the exit code.
    pub fn class(&self) -> Class {
        match self {
            Self::ClaimedDirectory { .. } | Self::Config { .. } | Self::NoRoots { .. } => {
                Class::Config
            }
            Self::Credential { problem, .. } => match problem {
                CredentialProblem::Missing => Class::InputMissing,
                _ => Class::Config,
            },
            Self::CloudUnknown { .. }
            | Self::Deadline
            | Self::Locked { .. }
            | Self::MissingOnce { .. }
            | Self::Network { .. }
            | Self::NothingOnDisk { .. }
            | Self::RequestsSpent { .. }
            | Self::ServerBusy { .. }
            | Self::Tls { .. }
            | Self::WrongClock { .. } => Class::Passing,
            Self::Disk { errno, .. } => disk_class(*errno),
            Self::Blob { problem, .. } => problem.class(),
            Self::Certificate { .. }
            | Self::Content { .. }
            | Self::Early { .. }
            | Self::NewerFormat { .. }
            | Self::Reply { .. }
            | Self::Selection { .. } => Class::Unusable,
            Self::ForeignFile { .. } | Self::UnsafeDirectory { .. } => Class::CannotCreate,
            Self::Hook { .. } => Class::Hook,
            Self::Internal { .. } => Class::Internal,
            Self::ManagedIdentity { problem, .. } => problem.class(),
            Self::Missing { .. } => Class::InputMissing,
            // The proxy's own trouble, or that of the line behind it.
            Self::Proxy {
                status: 408 | 429 | 500..=599,
                ..
            } => Class::Passing,
            Self::CloudChanged { .. }
            | Self::Person(_)
            | Self::Proxy { .. }
            | Self::Refused(_)
            | Self::SignInRefused(_)
            | Self::TokenRefused { .. } => Class::Refused,
            Self::Usage { .. } => Class::Usage,
            Self::NoSystemd { .. } | Self::UnfitImage { .. } | Self::WouldNeedChown { .. } => {
                Class::Config
            }
        }
    }

    /// Whether the next object of the same vault would meet the same error.
    pub fn concerns_whole_host(&self) -> bool {
        match self {
            Self::Network { phase, .. } => *phase != Phase::Exchange,
            Self::Proxy { .. } | Self::Tls { .. } | Self::ServerBusy { status: 429, .. } => true,
            Self::Refused(refusal) => {
                refusal.status == 401
                    || matches!(
                        refusal.cause,
                        RefusalCause::Connection | RefusalCause::Firewall
                    )
            }
            Self::TokenRefused { status, code, .. } => {
                *status == 401 || code == "AuthorizationFailure"
            }
            _ => false,
        }
    }
}

/// 73 where a file may not be made, 74 where reading or writing itself failed.
fn disk_class(errno: Errno) -> Class {
    match errno {
        Errno::ACCESS
        | Errno::EXIST
        | Errno::ISDIR
        | Errno::LOOP
        | Errno::NOTDIR
        | Errno::PERM
        | Errno::ROFS => Class::CannotCreate,
        _ => Class::Io,
    }
}
