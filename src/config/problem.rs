//! What is wrong with a configuration, collected rather than told one at a time.

use crate::error::{Error, Place};

use super::json::Node;

/// One thing that is wrong, with its place and what to do about it.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    /// Where.
    pub place: Place,
    /// What: names the key, never a value that could be a secret.
    pub problem: String,
    /// What to do: "write …".
    pub advice: String,
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Config {
            place: problem.place,
            problem: problem.problem,
            advice: problem.advice,
        }
    }
}

/// Problems and warnings of one part of the configuration.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// What makes the part unusable.
    pub errors: Vec<Problem>,
    /// What only deserves a warning.
    pub warnings: Vec<String>,
}

impl Problems {
    /// Notes one.
    pub fn add(&mut self, problem: Problem) {
        self.errors.push(problem);
    }

    /// Notes a warning about the value `node`.
    pub fn warn(&mut self, node: &Node<'_>, text: &str) {
        self.warnings.push(format!("{}: {text}", node.place()));
    }

    /// The value, or nothing and a note.
    pub fn keep<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problem) => {
                self.add(problem);
                None
            }
        }
    }

    /// Reads `node` if it is there. Nothing for an absent value, nothing and a note for
    /// a wrong one; so a default may follow either way, since the note stops the use.
    pub fn read<'a, T>(
        &mut self,
        node: Option<Node<'a>>,
        reader: impl FnOnce(&Node<'a>) -> Result<T, Problem>,
    ) -> Option<T> {
        self.keep(reader(&node?))
    }

    /// The errors in the order of their places.
    pub fn into_errors(mut self) -> Vec<Error> {
        let key = |problem: &Problem| {
            let Place { file, line, column } = &problem.place;
            (file.clone(), *line, *column)
        };
        self.errors.sort_by_cached_key(key);
        self.errors.into_iter().map(Error::from).collect()
    }

    /// Takes over what another part collected.
    pub fn absorb(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.warnings.extend(other.warnings);
    }
}
