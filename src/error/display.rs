//! The sentence of each error. The next step follows from [`Error::advice`].

use std::fmt;

use super::{Error, Place};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob { blob, problem } => write!(f, "{blob} {problem}"),
            Self::Certificate { object, problem } => write!(f, "{object} {problem}"),
            Self::Content { object, problem } => write!(f, "{object} {problem}"),
            Self::Selection { pattern, problem } => write!(f, "\"{pattern}\" {problem}"),
            Self::ClaimedDirectory { path, owner } => {
                write!(f, "{} already belongs to {owner}", path.display())
            }
            Self::CloudChanged { cloud, changes, .. } => {
                write!(f, "cloud {cloud} describes itself otherwise than before, and nothing was sent there: {changes}")
            }
            Self::CloudUnknown { resource_manager } => {
                write!(
                    f,
                    "{resource_manager} has never been asked for the facts of its cloud"
                )
            }
            Self::Config { place, problem, .. } => write!(f, "{place}: {problem}"),
            Self::Credential { source, problem } => write!(f, "{source} {problem}"),
            Self::Deadline => f.write_str("the run's deadline passed"),
            Self::Disk {
                action,
                path,
                errno,
            } => write!(f, "cannot {action} {}: {errno}", path.display()),
            Self::Early {
                vault,
                object,
                valid_from,
            } => write!(f, "{object} in {vault} is not valid before {valid_from}"),
            Self::ForeignFile { path } => {
                write!(
                    f,
                    "{} exists and was not put there by keyferry",
                    path.display()
                )
            }
            Self::Hook {
                set,
                action,
                problem,
            } => write!(f, "on_change of {set}: {action}: {problem}"),
            Self::Internal { what } => write!(f, "a bug in keyferry: {what}"),
            Self::Locked {
                path,
                holder: Some(pid),
            } => {
                write!(f, "another run (process {pid}) holds {}", path.display())
            }
            Self::Locked { path, holder: None } => {
                write!(f, "another run holds {}", path.display())
            }
            Self::ManagedIdentity { source, problem } => {
                write!(f, "managed identity ({source}): {problem}")
            }
            Self::Missing {
                vault,
                object,
                version,
                code,
            } => match version {
                Some(version) => {
                    write!(f, "{vault} has no version {version} of {object} ({code})")
                }
                None => write!(f, "{vault} has no {object} ({code})"),
            },
            Self::MissingOnce { vault, object } => {
                write!(f, "{vault} did not find {object}, which was there before; once is not enough to believe it")
            }
            Self::Network { host, phase, cause } => write!(f, "{phase}: {host}: {cause}"),
            Self::NewerFormat { path } => {
                write!(
                    f,
                    "{} was written by a later release and is left untouched",
                    path.display()
                )
            }
            Self::NoRoots { looked } => write!(f, "no certificate authorities found: {looked}"),
            Self::NothingOnDisk { set } => write!(f, "set {set} has no whole version on disk"),
            Self::Person(problem) => problem.fmt(f),
            Self::Proxy {
                proxy,
                host,
                status,
            } => {
                write!(
                    f,
                    "proxy {proxy} refused to connect to {host} (status {status})"
                )
            }
            Self::Refused(refusal) => {
                let code = refusal.inner.as_deref().unwrap_or(&refusal.code);
                write!(
                    f,
                    "{} refused {}: {} ({code})",
                    refusal.vault, refusal.object, refusal.cause
                )
            }
            Self::Reply { host, problem } => write!(f, "{host}: {problem}"),
            Self::RequestsSpent { limit } => {
                write!(f, "the {limit} requests of this run are used up")
            }
            Self::ServerBusy { host, status, .. } => {
                write!(f, "{host} answered with status {status}")
            }
            Self::SignInRefused(refusal) => match refusal.number() {
                Some(number) => write!(f, "{} refused the sign-in: {number}", refusal.authority),
                None => write!(
                    f,
                    "{} refused the sign-in: {}",
                    refusal.authority, refusal.error
                ),
            },
            Self::Tls { host, problem } => write!(f, "TLS: {host}: {problem}"),
            Self::TokenRefused { host, status, code } => {
                write!(f, "{host} refused the token: {code} (status {status})")
            }
            Self::UnfitImage { set, what, problem } => {
                write!(f, "on_change of {set}: {what} {problem}")
            }
            Self::UnsafeDirectory { path, problem } => write!(f, "{} {problem}", path.display()),
            Self::Usage { problem } => f.write_str(problem),
            Self::WouldNeedChown { set, file, wanted } => {
                write!(f, "file {file} of set {set} is to belong to {wanted}, which this user may not arrange")
            }
            Self::WrongClock { ours, reference } => {
                write!(f, "this device's clock says {ours}, {reference}")
            }
            Self::NoSystemd { set } => {
                write!(
                    f,
                    "on_change of {set} names units, but systemd is not running here"
                )
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.file.display()),
            line => write!(f, "{}:{line}:{}", self.file.display(), self.column),
        }
    }
}
