//! What can be wrong with what a selection finds, each with its own sentence.

use std::fmt;

/// Why a selection is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectionProblem {
    /// It finds nothing, and may not.
    Empty,
    /// An object would be delivered under a name that is taken.
    SameFile {
        /// The file's name.
        file: String,
        /// What has it: an object, or what is configured.
        first: String,
        /// The object that would have it too.
        second: String,
    },
    /// It finds more objects than it may.
    TooMany {
        /// How many it may find.
        limit: u32,
    },
    /// The name of an object gives none that a file may have.
    UnfitName {
        /// The object's name.
        object: String,
        /// The rule: "must be …".
        rule: String,
    },
}

impl SelectionProblem {
    /// The operator's next step.
    pub(super) fn advice(&self) -> String {
        match self {
            Self::Empty => {
                "check prefix and tags, or write \"allow_empty\": true in \"select\"".to_owned()
            }
            Self::SameFile { .. } => "give one of the two another file name or pattern".to_owned(),
            Self::TooMany { .. } => {
                "narrow prefix and tags, or raise \"max_objects\" of the file".to_owned()
            }
            Self::UnfitName { object, .. } => {
                format!("rename {object} in the vault, or change the pattern")
            }
        }
    }
}

impl fmt::Display for SelectionProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("selects nothing"),
            Self::SameFile {
                file,
                first,
                second,
            } => write!(
                f,
                "gives {second} the file {file}, which {first} has already"
            ),
            Self::TooMany { limit } => write!(f, "selects more than {limit} objects"),
            Self::UnfitName { object, rule } => {
                write!(f, "selects {object}, whose file name {rule}")
            }
        }
    }
}
