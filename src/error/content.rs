//! What can be wrong with the value of an object, each with its own sentence.

use std::fmt;

/// Why a value cannot be delivered in the form that is configured. Says where; never a part
/// of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentProblem {
    /// It is not encoded as the configuration or its tag says.
    BadEncoding {
        /// The encoding: `base64`.
        encoding: &'static str,
        /// The first byte that does not fit, from 0.
        position: usize,
    },
}

impl ContentProblem {
    /// The operator's next step.
    pub(super) fn advice(&self, object: &str) -> String {
        match self {
            Self::BadEncoding { .. } => {
                format!("correct {object} in the vault, or \"encoding\" of the file")
            }
        }
    }
}

impl fmt::Display for ContentProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadEncoding { encoding, position } => {
                write!(f, "is not {encoding} at byte {position}")
            }
        }
    }
}
