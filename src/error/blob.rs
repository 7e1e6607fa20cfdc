//! What can be wrong with a file of Blob Storage, each with its own sentence.

use std::fmt;

/// Why a blob is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobProblem {
    /// It has more bytes than it may.
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// What it may have.
        limit: u64,
    },
}

impl BlobProblem {
    /// The operator's next step.
    pub(super) fn advice(&self) -> String {
        match self {
            Self::TooLarge { .. } => {
                "raise \"max_bytes\" of the file, with its set on persistent storage".to_owned()
            }
        }
    }
}

impl fmt::Display for BlobProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { size, limit } => {
                write!(f, "has {size} bytes, more than the {limit} it may have")
            }
        }
    }
}
