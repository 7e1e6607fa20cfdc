//! What can be wrong with the value of an object, each with its own sentence.

use std::fmt;

/// Why a value cannot be delivered in the form that is configured. Says where; never a part
/// of the value. Pointers and names are the configuration's, tags are escaped and cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentProblem {
    /// The JSON pointer leads nowhere.
    Absent {
        /// The first place on its way that is not there.
        pointer: String,
    },
    /// It is not encoded as the configuration or its tag says.
    BadEncoding {
        /// The encoding: `base64`.
        encoding: &'static str,
        /// The first byte that does not fit, from 0.
        position: usize,
    },
    /// It is not JSON, although a part of JSON is wanted.
    BadJson {
        /// The line of what does not fit, from 1.
        line: usize,
        /// How many bytes of that line were read.
        column: usize,
    },
    /// The JSON pointer leads to a string whose escapes stand for no Unicode text.
    NoText {
        /// The pointer.
        pointer: String,
    },
    /// The text names a value that is not there.
    NoValue {
        /// Which one, in the order of the configuration, from 1.
        number: usize,
    },
    /// The JSON pointer leads to `null`.
    Null {
        /// The pointer.
        pointer: String,
    },
    /// What is made of it has more bytes than it may.
    TooLong {
        /// What it may have.
        limit: usize,
    },
    /// On the JSON pointer's way a key stands twice.
    Twice {
        /// The place of the key.
        pointer: String,
    },
    /// The tag `file-encoding` says what is not decoded here.
    UnknownTag {
        /// What it says, escaped and cut.
        encoding: String,
    },
    /// A value cannot stand in an env file: `sh` and systemd would not read it alike.
    Unsayable {
        /// The variable.
        variable: String,
        /// What cannot be said: `a control character`.
        what: &'static str,
        /// Where it is in the value, in bytes from 0.
        position: usize,
    },
    /// A value of a text is not Unicode, but goes through a filter for text.
    ValueNoText {
        /// Its name in the text.
        name: String,
        /// The first byte that does not fit, from 0.
        position: usize,
    },
    /// A variable is longer than a program can be given.
    VariableTooLong {
        /// The variable.
        variable: String,
        /// How many bytes its value may have.
        limit: usize,
    },
}

impl ContentProblem {
    /// The operator's next step.
    pub(super) fn advice(&self, object: &str) -> String {
        match self {
            Self::Absent { .. } | Self::NoText { .. } | Self::Null { .. } | Self::Twice { .. } => {
                format!("correct {object}, or the pointer in \"json\"")
            }
            Self::BadEncoding { .. } => {
                format!("correct {object} (or its tag file-encoding), or \"encoding\" of the file")
            }
            Self::BadJson { .. } => {
                format!("correct {object}, or leave \"json\" out")
            }
            Self::NoValue { .. } => "add the value to \"values\"".to_owned(),
            Self::TooLong { .. } => "deliver its parts as files of their own".to_owned(),
            Self::UnknownTag { .. } => {
                "write \"encoding\"; \"utf-8\" delivers the value as the vault has it".to_owned()
            }
            Self::Unsayable { .. } | Self::VariableTooLong { .. } => {
                "deliver that value as a file of its own".to_owned()
            }
            Self::ValueNoText { .. } => {
                "correct the value in the vault, or use the filter base64".to_owned()
            }
        }
    }
}

impl fmt::Display for ContentProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { pointer } => write!(f, "has nothing at \"{pointer}\""),
            Self::BadEncoding { encoding, position } => {
                write!(f, "is not {encoding} at byte {position}")
            }
            Self::BadJson { line, column } => {
                write!(f, "is not JSON at line {line} column {column}")
            }
            Self::NoText { pointer } => write!(f, "has no Unicode text at \"{pointer}\""),
            Self::NoValue { number } => write!(f, "lacks value {number} of its text"),
            Self::Null { pointer } => write!(f, "is null at \"{pointer}\""),
            Self::TooLong { limit } => write!(f, "has more than {limit} bytes"),
            Self::Twice { pointer } => write!(f, "has \"{pointer}\" twice"),
            Self::UnknownTag { encoding } => {
                write!(
                    f,
                    "has the tag file-encoding \"{encoding}\", which is not decoded here"
                )
            }
            Self::Unsayable {
                variable,
                what,
                position,
            } => write!(f, "cannot hold {variable}: {what} at byte {position}"),
            Self::ValueNoText { name, position } => write!(
                f,
                "cannot be composed: value \"{name}\" is not UTF-8 at byte {position}"
            ),
            Self::VariableTooLong { variable, limit } => {
                write!(f, "cannot hold {variable}: it has more than {limit} bytes")
            }
        }
    }
}
