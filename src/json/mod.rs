//! JSON as a whole, with members in the order in which they stand or were added.
//!
//! For documents without values, tokens and keys, since nothing of it is wiped: those are
//! read as [`Raw`] text. An object that has a key twice is refused: which one was meant
//! cannot be told.

mod raw;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

pub use raw::{Malformed, Members, Raw};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `true` or `false`.
    Boolean(bool),
    /// A list.
    List(Vec<Json>),
    /// `null`.
    Null,
    /// A whole number.
    Number(i64),
    /// An object.
    Object(Vec<(String, Json)>),
    /// A number with a fraction, or too large. It is never written.
    OtherNumber,
    /// A text.
    Text(String),
}

impl Json {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A list of texts.
    pub fn texts(texts: &[String]) -> Self {
        Self::List(texts.iter().map(Self::text).collect())
    }

    /// An object.
    pub fn object(members: Vec<(&str, Self)>) -> Self {
        let members = members.into_iter();
        Self::Object(
            members
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }

    /// Adds a member, if this is an object.
    pub fn add(&mut self, key: &str, value: Self) {
        if let Self::Object(members) = self {
            members.push((key.to_owned(), value));
        }
    }

    /// The same with the members of all objects by their keys.
    #[must_use]
    pub fn sorted(self) -> Self {
        match self {
            Self::List(items) => Self::List(items.into_iter().map(Self::sorted).collect()),
            Self::Object(members) => {
                let members = members.into_iter();
                let mut members: Vec<(String, Self)> =
                    members.map(|(key, value)| (key, value.sorted())).collect();
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
                Self::Object(members)
            }
            other => other,
        }
    }

    /// A text, or null.
    pub fn text_or_null(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// The text of it, indented, with a line break at its end.
    pub fn pretty(&self) -> String {
        let mut text = self.indented();
        text.push('\n');
        text
    }

    /// The text of it, indented.
    pub fn indented(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The text of it in one line.
    pub fn compact(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The text of this object, which has a member already, with a list as its last one. The
    /// items are made one by one: a long list is in memory as text alone.
    pub fn pretty_with(&self, key: &str, items: &mut dyn Iterator<Item = Self>) -> String {
        let mut text = self.pretty();
        text.truncate(text.len().saturating_sub("\n}\n".len()));
        text.push_str(",\n  \"");
        text.push_str(key);
        text.push_str("\": [");
        let mut separator = "";
        for item in items {
            text.push_str(separator);
            separator = ",";
            for line in item.pretty().lines() {
                text.push_str("\n    ");
                text.push_str(line);
            }
        }
        text.push_str(if separator.is_empty() { "]" } else { "\n  ]" });
        text.push_str("\n}\n");
        text
    }

    /// What `bytes` say, if they are JSON.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Self::of(Raw::read(bytes).ok()?)
    }

    /// The same of a checked text.
    pub fn of(raw: Raw<'_>) -> Option<Self> {
        Self::within(raw, DEEPEST)
    }

    fn within(raw: Raw<'_>, depth: usize) -> Option<Self> {
        Some(match raw.text().bytes().next()? {
            b'"' => Self::Text(raw.string()?),
            b'[' => {
                let depth = depth.checked_sub(1)?;
                let mut items = Vec::new();
                for item in raw.items()? {
                    items.push(Self::within(item, depth)?);
                }
                Self::List(items)
            }
            b'{' => {
                let depth = depth.checked_sub(1)?;
                let mut members = Vec::new();
                for (key, value) in raw.members()? {
                    members.push((key, Self::within(value, depth)?));
                }
                Self::Object(members)
            }
            b'f' => Self::Boolean(false),
            b'n' => Self::Null,
            b't' => Self::Boolean(true),
            _ => raw.number().map_or(Self::OtherNumber, Self::Number),
        })
    }

    /// A member of this object; null is as good as none.
    pub fn member(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let found = members.iter().find(|(name, _)| name == key);
        found
            .map(|(_, value)| value)
            .filter(|value| **value != Self::Null)
    }

    /// The member `key`, which must be a text.
    pub fn text_of(&self, key: &str) -> Option<String> {
        self.member(key)?.as_text()
    }

    /// The member `key`, which must be a whole number.
    pub fn number_of(&self, key: &str) -> Option<i64> {
        self.member(key)?.as_number()
    }

    /// The member `key`, which must be `true` or `false`.
    pub fn boolean_of(&self, key: &str) -> Option<bool> {
        match self.member(key)? {
            Self::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// The items of the member `key`, which must be a list.
    pub fn list_of(&self, key: &str) -> Option<&[Self]> {
        match self.member(key)? {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The member `key`, which may be missing and is a text otherwise.
    pub fn any_text_of(&self, key: &str) -> Option<Option<String>> {
        match self.member(key) {
            None => Some(None),
            Some(value) => value.as_text().map(Some),
        }
    }

    /// The member `key`, which may be missing and is a whole number otherwise.
    pub fn any_number_of(&self, key: &str) -> Option<Option<i64>> {
        match self.member(key) {
            None => Some(None),
            Some(value) => value.as_number().map(Some),
        }
    }

    /// This text.
    pub fn as_text(&self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }

    /// This text, in place.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Null | Self::OtherNumber => serializer.serialize_unit(),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    object.serialize_entry(key, value)?;
                }
                object.end()
            }
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

/// As deep as serde_json reads a document.
const DEEPEST: usize = 127;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_was_written() {
        let text = "{\n  \"b\": [\n    true,\n    null\n  ],\n  \"a\": -7,\n  \"c\": \"é\\n\"\n}\n";
        let json = Json::read(text.as_bytes()).unwrap();
        assert_eq!(json.pretty(), text);
        assert_eq!(json.number_of("a"), Some(-7));
        assert_eq!(json.text_of("c").as_deref(), Some("é\n"));
        assert_eq!(json.list_of("b").map(<[Json]>::len), Some(2));
    }

    #[test]
    fn a_list_that_is_made_item_by_item_is_written_alike() {
        let item = |text: &str| Json::object(vec![("a", Json::texts(&[text.to_owned()]))]);
        for count in 0..3 {
            let items = vec![item("}\n}"); count];
            let mut object = Json::object(vec![("b", Json::object(vec![("c", item("d"))]))]);
            let text = object.pretty_with("e", &mut items.iter().cloned());
            object.add("e", Json::List(items));
            assert_eq!(text, object.pretty());
        }
    }

    #[test]
    fn a_repeated_key_is_refused_wherever_it_stands() {
        for bad in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            assert_eq!(Json::read(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn what_may_be_missing_must_be_right_if_it_is_there() {
        let json = Json::read(br#"{"null":null,"one":1,"large":18446744073709551615,"half":0.5}"#);
        let json = json.unwrap();
        for (key, wanted) in [
            ("missing", Some(None)),
            ("null", Some(None)),
            ("one", Some(Some(1))),
            ("large", None),
            ("half", None),
        ] {
            assert_eq!(json.any_number_of(key), wanted, "{key}");
        }
        assert_eq!(json.any_text_of("one"), None);
    }
}
