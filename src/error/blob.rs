//! What can be wrong with a file of Blob Storage, each with its own sentence.

use std::fmt;

use super::Class;

/// Why a blob is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobProblem {
    /// It is in the archive tier.
    Archived,
    /// Its bytes have another MD5 than the account says.
    BadMd5,
    /// It was replaced while it was fetched.
    Changed,
    /// The storage service is older than what we ask it for.
    OldService {
        /// The version of the service that was asked for.
        version: &'static str,
    },
    /// Its bytes have another SHA-256 than is configured.
    OtherSha256 {
        /// The one that they have, in hexadecimal.
        found: String,
    },
    /// It is on its way out of the archive tier.
    Rehydrating,
    /// It has more bytes than it may.
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// What it may have.
        limit: u64,
    },
}

impl BlobProblem {
    /// What it means for the exit code.
    pub(super) fn class(&self) -> Class {
        match self {
            Self::Changed | Self::Rehydrating => Class::Passing,
            _ => Class::Unusable,
        }
    }

    /// The operator's next step.
    pub(super) fn advice(&self) -> String {
        match self {
            Self::Archived => "set its access tier to hot or cool, which takes up to 15 hours",
            Self::BadMd5 => "upload the blob anew if this happens again: the Content-MD5 that was stored with it is wrong",
            Self::Changed | Self::Rehydrating => "nothing; the timer tries again",
            Self::OldService { .. } => "have whoever runs the cloud update its storage service",
            Self::OtherSha256 { .. } => "find out who replaced the blob; if it was meant, write its new digest into \"sha256\" of the file",
            Self::TooLarge { .. } => "raise \"max_bytes\" of the file, with its set on persistent storage",
        }
        .to_owned()
    }
}

impl fmt::Display for BlobProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Archived => "lies in the archive tier, where it cannot be read",
            Self::BadMd5 => {
                "came with other bytes than its Content-MD5 stands for, and was thrown away"
            }
            Self::Changed => "changed while it was fetched",
            Self::OldService { version } => {
                return write!(
                    f,
                    "lies with a storage service that does not know version {version} of itself"
                );
            }
            Self::OtherSha256 { found } => {
                return write!(
                    f,
                    "has the SHA-256 {found}, which is not the configured one, and was thrown away"
                );
            }
            Self::Rehydrating => "is on its way out of the archive tier",
            Self::TooLarge { size, limit } => {
                return write!(f, "has {size} bytes, more than the {limit} it may have");
            }
        })
    }
}
