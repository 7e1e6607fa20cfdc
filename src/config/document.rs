//! A configuration file's text, in which every part knows its line and column.

use std::path::PathBuf;

use super::json::Node;
use super::problem::Problem;
use crate::error::Place;
use crate::json::{Malformed, Raw};

/// One configuration file's text.
#[derive(Debug)]
pub(super) struct Document {
    file: PathBuf,
    text: String,
}

impl Document {
    /// Takes the bytes of `file`; a byte order mark is tolerated.
    pub fn new(file: PathBuf, bytes: Vec<u8>) -> Result<Self, Problem> {
        match String::from_utf8(bytes) {
            Ok(text) => {
                let text = match text.strip_prefix('\u{feff}') {
                    Some(rest) => rest.to_owned(),
                    None => text,
                };
                Ok(Self { file, text })
            }
            Err(_) => Err(Problem {
                place: whole_file(file),
                problem: "is not UTF-8 text".to_owned(),
                advice: "save the file as UTF-8".to_owned(),
            }),
        }
    }

    /// The text itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The document's value, its syntax checked to the end.
    pub fn root(&self) -> Result<Node<'_>, Problem> {
        match Raw::read(self.text.as_bytes()) {
            Ok(value) => Ok(Node::root(self, value)),
            Err(error) => Err(self.syntax_problem(&error)),
        }
    }

    fn syntax_problem(&self, error: &Malformed) -> Problem {
        let before = error.line.saturating_sub(1);
        let line = self.text.split('\n').nth(before).unwrap_or_default();
        let characters = line
            .char_indices()
            .take_while(|(offset, _)| offset.saturating_add(1) < error.column)
            .count();
        Problem {
            place: Place {
                file: self.file.clone(),
                line: error.line,
                column: characters.saturating_add(1),
            },
            problem: format!("is not JSON: {}", error.reason),
            advice: "correct the syntax here or just before".to_owned(),
        }
    }

    /// Where `part`, a slice of the text, begins.
    pub fn place_of(&self, part: &str) -> Place {
        let start = self.text.as_ptr().addr();
        let offset = part.as_ptr().addr().saturating_sub(start);
        let before = self.text.get(..offset).unwrap_or_default();
        let in_line = before.rsplit('\n').next().unwrap_or_default();
        Place {
            file: self.file.clone(),
            line: before.matches('\n').count().saturating_add(1),
            column: in_line.chars().count().saturating_add(1),
        }
    }
}

/// The place that means a whole file.
pub(super) fn whole_file(file: PathBuf) -> Place {
    Place {
        file,
        line: 0,
        column: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_errors_have_a_place_and_quote_nothing() {
        for (text, place, problem) in [
            (
                "{\"ä\": \"hunter2\" \"b\": 1}",
                "x.json:1:17",
                "is not JSON: expected ',' or '}'",
            ),
            (
                "{\n\"a\": hunter2}",
                "x.json:2:6",
                "is not JSON: expected a value",
            ),
            (
                "{\"a\": 1,}",
                "x.json:1:9",
                "is not JSON: expected a key in double quotes (no ',' before a closing brace)",
            ),
            (
                "{\"a\": \"x",
                "x.json:1:8",
                "is not JSON: it ends too early",
            ),
            (
                "{} hunter2",
                "x.json:1:4",
                "is not JSON: something follows its end",
            ),
            ("", "x.json:1:1", "is not JSON: it ends too early"),
        ] {
            let found = Document::new(PathBuf::from("x.json"), text.into()).unwrap();
            let found = found.root().unwrap_err();
            assert_eq!(found.place.to_string(), place, "{text}");
            assert_eq!(found.problem, problem, "{text}");
        }
    }
}
