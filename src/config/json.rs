//! JSON whose every key and value knows where it stands in its file.
//!
//! The values are slices of the text ([`Raw`]); the place of a slice follows from its
//! address. Nothing is decoded before it is asked for, so a
//! value of the wrong kind is never copied into a message. Repeated keys are problems,
//! `$schema` and `$comment` are skipped everywhere.

use std::fmt;

use super::document::Document;
use super::problem::{Problem, Problems};
use crate::error::Place;
use crate::json::Raw;
use crate::name::foreign;

/// A value in a document.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    document: &'a Document,
    raw: Raw<'a>,
    /// How a sentence names it: `"mode"`, `set "mqtt"`.
    pub label: String,
    /// What might stand here instead, as JSON; may be empty.
    pub example: &'static str,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Member<'a> {
    /// The key, decoded.
    pub key: String,
    raw_key: Raw<'a>,
    /// The value.
    pub value: Node<'a>,
}

/// The kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    List,
    Null,
    Number,
    Object,
    Text,
}

impl<'a> Node<'a> {
    /// The value of a whole document.
    pub fn root(document: &'a Document, value: Raw<'a>) -> Self {
        Self {
            document,
            raw: value,
            label: "the configuration".to_owned(),
            example: "",
        }
    }

    /// Where it begins.
    pub fn place(&self) -> Place {
        self.document.place_of(self.raw.text())
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self.raw.text().chars().next() {
            Some('"') => Kind::Text,
            Some('{') => Kind::Object,
            Some('[') => Kind::List,
            Some('t' | 'f') => Kind::Boolean,
            Some('n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// A problem with this value: "must …", said of its label. The advice is the example.
    pub fn problem(&self, rule: &str) -> Problem {
        let advice = match self.example {
            "" => "correct it".to_owned(),
            example if self.label.starts_with('"') => format!("write {}: {example}", self.label),
            example => format!("write {example}"),
        };
        self.problem_with(rule, &advice)
    }

    /// A problem with this value and what to do about it.
    pub fn problem_with(&self, rule: &str, advice: &str) -> Problem {
        Problem {
            place: self.place(),
            problem: format!("{} {rule}", self.label),
            advice: advice.to_owned(),
        }
    }

    /// "must be `expected`, not a number".
    pub fn wrong_kind(&self, expected: &str) -> Problem {
        self.problem(&format!("must be {expected}, not {}", self.kind()))
    }

    /// The text, which is not an `expected` if it holds `${`: see [`Self::template`].
    pub fn text(&self, expected: &str) -> Result<String, Problem> {
        let text = self.template(expected)?;
        if text.contains("${") {
            return Err(self.problem_with(
                "must not hold ${…}; ${device_id} stands in names of objects and blobs and in what is selected, nowhere else",
                "write the name out",
            ));
        }
        Ok(text)
    }

    /// The text, which may hold `${…}`.
    pub fn template(&self, expected: &str) -> Result<String, Problem> {
        if self.kind() != Kind::Text {
            return Err(self.wrong_kind(expected));
        }
        self.raw
            .string()
            .ok_or_else(|| self.problem("holds a \\u escape that stands for no character"))
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Result<bool, Problem> {
        match self.raw.text() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.wrong_kind("true or false")),
        }
    }

    /// A whole number of `least` to `most`.
    pub fn number(&self, least: u32, most: u32) -> Result<u32, Problem> {
        let number = self.large_number(least.into(), most.into())?;
        Ok(u32::try_from(number).unwrap_or(most))
    }

    /// The same beyond 32 bits.
    pub fn large_number(&self, least: u64, most: u64) -> Result<u64, Problem> {
        let expected = format!("a whole number of {least} to {most}");
        if self.kind() != Kind::Number {
            return Err(self.wrong_kind(&expected));
        }
        let number = self.raw.text().parse::<u64>().ok();
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.problem(&format!("must be {expected}")))
    }

    /// The values of a list; each is named like the list itself.
    pub fn items(&self, expected: &str) -> Result<Vec<Node<'a>>, Problem> {
        let raw = self.raw.items();
        let raw = raw.ok_or_else(|| self.wrong_kind(expected))?;
        let items = raw.into_iter().map(|raw| Node {
            document: self.document,
            raw,
            label: format!("an entry of {}", self.label),
            example: "",
        });
        Ok(items.collect())
    }

    /// The members of an object in their order. A repeated key is noted and left out.
    pub fn members(&self, expected: &str, problems: &mut Problems) -> Option<Vec<Member<'a>>> {
        let mut members: Vec<Member<'a>> = Vec::new();
        for member in self.every_member(expected, problems)? {
            match members.iter().find(|other| other.key == member.key) {
                Some(first) => problems.add(member.repeated(first)),
                None => members.push(member),
            }
        }
        Some(members)
    }

    /// The members of an object in their order, repeated keys included.
    pub fn every_member(&self, expected: &str, problems: &mut Problems) -> Option<Vec<Member<'a>>> {
        let Some(raw) = self.raw.pairs() else {
            problems.add(self.wrong_kind(expected));
            return None;
        };
        let mut members = Vec::with_capacity(raw.len());
        for (key, value) in raw {
            members.extend(problems.keep(self.member(key, value)));
        }
        members.retain(|member| member.key != "$comment" && member.key != "$schema");
        Some(members)
    }

    fn member(&self, key: Raw<'a>, value: Raw<'a>) -> Result<Member<'a>, Problem> {
        let Some(name) = key.string() else {
            return Err(Problem {
                place: self.document.place_of(key.text()),
                problem: "a key holds a \\u escape that stands for no character".to_owned(),
                advice: "write the character itself".to_owned(),
            });
        };
        let label = format!("\"{}\"", foreign(&name, 60));
        Ok(Member {
            key: name,
            raw_key: key,
            value: Node {
                document: self.document,
                raw: value,
                label,
                example: "",
            },
        })
    }
}

impl Member<'_> {
    /// Where the key stands.
    pub fn place(&self) -> Place {
        self.value.document.place_of(self.raw_key.text())
    }

    /// A problem with the key.
    pub fn problem(&self, problem: String, advice: String) -> Problem {
        Problem {
            place: self.place(),
            problem,
            advice,
        }
    }

    /// This key stands here again, after `first`.
    pub fn repeated(&self, first: &Self) -> Problem {
        self.problem(
            format!(
                "{} stands here again, after {}",
                self.value.label,
                first.place()
            ),
            "remove one of the two".to_owned(),
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Null => "null",
            Self::Number => "a number",
            Self::Object => "an object",
            Self::Text => "a text",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn document(text: &str) -> Document {
        Document::new(PathBuf::from("x.json"), text.into()).unwrap()
    }

    #[test]
    fn keys_and_values_know_their_places_in_characters() {
        let document = document("\u{feff}{\n  \"ä\": 1, \"ö\": {\"x\": [true,\n null]}}");
        let mut problems = Problems::default();
        let members = document.root().unwrap().members("", &mut problems).unwrap();
        let places: Vec<String> = members
            .iter()
            .flat_map(|member| [member.place(), member.value.place()])
            .map(|place| place.to_string())
            .collect();
        let expected = ["x.json:2:3", "x.json:2:8", "x.json:2:11", "x.json:2:16"];
        assert_eq!(places, expected);
        let inner = members[1].value.members("", &mut problems).unwrap();
        let items = inner[0].value.items("").unwrap();
        assert_eq!(items[1].place().to_string(), "x.json:3:2");
    }

    #[test]
    fn repeated_keys_are_problems_at_the_second() {
        let document = document("{\"a\": 1,\n \"\\u0061\": 2, \"$comment\": 1, \"$comment\": 2}");
        let mut problems = Problems::default();
        let members = document.root().unwrap().members("", &mut problems).unwrap();
        assert_eq!(members.len(), 1);
        let [problem] = &problems.errors[..] else {
            panic!("{problems:?}");
        };
        assert_eq!(problem.place.to_string(), "x.json:2:2");
        assert_eq!(problem.problem, "\"a\" stands here again, after x.json:1:2");
    }

    #[test]
    fn lone_surrogates_are_problems() {
        let document = document(r#"{"a": "\ud800", "\ud800": 1}"#);
        let mut problems = Problems::default();
        let members = document.root().unwrap().members("", &mut problems).unwrap();
        assert_eq!(problems.errors.len(), 1);
        assert!(members[0].value.text("a text").is_err());
    }

    #[test]
    fn deep_nesting_is_no_recursion() {
        let deep = format!(
            "{{\"$comment\": {}{}}}",
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        let mut problems = Problems::default();
        assert!(document(&deep)
            .root()
            .unwrap()
            .members("", &mut problems)
            .unwrap()
            .is_empty());
    }
}
