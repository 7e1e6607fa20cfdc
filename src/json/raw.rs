//! JSON as it stands in its text: checked once, and taken apart without a copy.
//!
//! For what is secret and what must be told by its place. serde_json reads; its errors may
//! quote a value, so only their kind and place are ever told.

use serde_json::value::RawValue;

use crate::secret::Secret;

/// A text is no JSON, or not the JSON that it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The line, from 1.
    pub line: usize,
    /// How many bytes of the line were read, the wrong one included.
    pub column: usize,
    /// Why; quotes nothing.
    pub reason: &'static str,
}

/// A value in a checked text, without the white space around it.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a>(&'a str);

/// The members of an object, each key once. A member that is null is as good as none.
#[derive(Debug)]
pub struct Members<'a> {
    members: Vec<(String, Raw<'a>)>,
    /// Where the object ends: what it lacks is missed there.
    end: Malformed,
}

impl<'a> Raw<'a> {
    /// The value that `text` is, in UTF-8 and checked to its end.
    pub fn read(text: &'a [u8]) -> Result<Self, Malformed> {
        let checked = match std::str::from_utf8(text) {
            Ok(checked) => checked,
            Err(error) => return Err(Malformed::at(text, error.valid_up_to(), "it is not UTF-8")),
        };
        match serde_json::from_str::<&RawValue>(checked) {
            Ok(value) => Ok(Self(value.get())),
            Err(error) => Err(Malformed::of(&error)),
        }
    }

    /// Its text.
    pub fn text(self) -> &'a str {
        self.0
    }

    /// The items of a list.
    pub fn items(self) -> Option<Vec<Self>> {
        self.parts('[')
    }

    /// Keys and values of an object as they stand, repeated ones too.
    pub fn pairs(self) -> Option<Vec<(Self, Self)>> {
        let mut parts = self.parts('{')?.into_iter();
        let mut pairs = Vec::new();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            pairs.push((key, value));
        }
        Some(pairs)
    }

    /// The members of an object by their names. `None` for one that has a key twice, too:
    /// which one was meant cannot be told.
    pub fn members(self) -> Option<Vec<(String, Self)>> {
        let mut members: Vec<(String, Self)> = Vec::new();
        for (key, value) in self.pairs()? {
            let key = key.string()?;
            if members.iter().any(|(earlier, _)| *earlier == key) {
                return None;
            }
            members.push((key, value));
        }
        Some(members)
    }

    /// The content of a string.
    pub fn string(self) -> Option<String> {
        let content = Secret::from_json_string(self.0)?;
        content.expose_str().map(str::to_owned)
    }

    /// A whole number.
    pub fn number(self) -> Option<i64> {
        // Minus zero is a number with a fraction for most readers.
        self.0.parse().ok().filter(|_| self.0 != "-0")
    }

    /// What stands between the brackets, of which `open` is the first, without what separates
    /// it. The text was checked, so that its parts can be read one by one: asked for a list or
    /// a map, serde_json would bring along how numbers with a fraction are read and written.
    fn parts(self, open: char) -> Option<Vec<Self>> {
        let mut rest = self.0.strip_prefix(open)?;
        let mut parts = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',', ':']);
            if rest.starts_with([']', '}']) {
                return Some(parts);
            }
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
            parts.push(Self(values.next()?.ok()?.get()));
            rest = rest.get(values.byte_offset()..)?;
        }
    }
}

impl<'a> Members<'a> {
    /// The members of the object that `text` is.
    pub fn read(text: &'a [u8]) -> Result<Self, Malformed> {
        let raw = Raw::read(text)?;
        let end = Malformed::at(text, text.trim_ascii_end().len(), "something is missing");
        let members = raw.members().ok_or(end)?;
        Ok(Self { members, end })
    }

    /// The member `key`, if there is one.
    pub fn find(&self, key: &str) -> Option<Raw<'a>> {
        self.need(key).ok().filter(|raw| raw.0 != "null")
    }

    /// The member `key`, which must be there, if only as null.
    pub fn need(&self, key: &str) -> Result<Raw<'a>, Malformed> {
        let found = self.members.iter().find(|(name, _)| name == key);
        found.map(|(_, raw)| *raw).ok_or(self.end)
    }

    /// The complaint that a member is missing, or is not what it has to be.
    pub fn lacking(&self) -> Malformed {
        self.end
    }

    /// The member `key`, which must be a text.
    pub fn text_of(&self, key: &str) -> Result<String, Malformed> {
        self.any_text_of(key)?.ok_or(self.end)
    }

    /// The member `key`, which may be missing and is a text otherwise.
    pub fn any_text_of(&self, key: &str) -> Result<Option<String>, Malformed> {
        match self.find(key) {
            None => Ok(None),
            Some(raw) => raw.string().map(Some).ok_or(self.end),
        }
    }

    /// The member `key`, which may be missing and is a whole number otherwise.
    pub fn any_number_of(&self, key: &str) -> Result<Option<i64>, Malformed> {
        match self.find(key) {
            None => Ok(None),
            Some(raw) => raw.number().map(Some).ok_or(self.end),
        }
    }
}

impl Malformed {
    fn of(error: &serde_json::Error) -> Self {
        let said = error.to_string();
        let mut sentences = SENTENCES.iter();
        let reason = sentences.find(|(theirs, _)| said.starts_with(theirs));
        Self {
            line: error.line(),
            column: error.column(),
            reason: reason.map_or("there is an error in it", |(_, ours)| ours),
        }
    }

    /// `read` bytes of `text` were read.
    fn at(text: &[u8], read: usize, reason: &'static str) -> Self {
        let before = text.get(..read).unwrap_or(text);
        let mut lines = before.split(|byte| *byte == b'\n');
        let column = lines.next_back().unwrap_or_default().len();
        Self {
            line: lines.count().saturating_add(1),
            column,
            reason,
        }
    }
}

/// The sentences of serde_json that quote nothing, and ours for them.
const SENTENCES: [(&str, &str); 12] = [
    ("EOF while parsing", "it ends too early"),
    (
        "control character",
        "a text holds a line break or another control character",
    ),
    ("expected `,` or `]`", "expected ',' or ']'"),
    ("expected `,` or `}`", "expected ',' or '}'"),
    ("expected `:`", "expected ':'"),
    ("expected ident", "expected true, false or null"),
    ("expected value", "expected a value"),
    ("invalid escape", "a text holds an unknown escape"),
    ("invalid number", "a number is malformed"),
    (
        "key must be a string",
        "expected a key in double quotes (no ',' before a closing brace)",
    ),
    ("trailing characters", "something follows its end"),
    ("trailing comma", "a ',' stands before the closing bracket"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_utf_8_is_told_by_its_place() {
        let malformed = Raw::read(b"{\n\"a\":\"\xe4\"}").unwrap_err();
        assert_eq!((malformed.line, malformed.column), (2, 5));
    }

    #[test]
    fn depth_costs_no_stack() {
        let depth = 200_000;
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let raw = Raw::read(deep.as_bytes()).unwrap();
        assert_eq!(raw.items().unwrap()[0].text().len(), 2 * depth - 2);
        let open = Raw::read("[".repeat(depth).as_bytes()).unwrap_err();
        assert_eq!(open.column, depth);
    }

    #[test]
    fn members_are_found_and_missed() {
        let text = b"{\"a\": \"\\u00e4\", \"b\": null,\n \"c\": -7, \"\\u0064\": [1]} ";
        let members = Members::read(text).unwrap();
        assert_eq!(members.text_of("a").as_deref(), Ok("ä"));
        assert_eq!(members.any_text_of("b"), Ok(None));
        assert_eq!(members.any_number_of("c"), Ok(Some(-7)));
        assert_eq!(members.find("d").map(Raw::text), Some("[1]"));
        for missed in [members.text_of("b"), members.text_of("c")] {
            let missed = missed.unwrap_err();
            assert_eq!((missed.line, missed.column), (2, 24));
        }
        for bad in ["[]", "7", r#"{"a":1,"\u0061":2}"#, r#"{"\ud800":1}"#] {
            assert!(Members::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    /// The parts of `raw` and theirs are what serde_json finds.
    fn agree(raw: Raw<'_>) {
        let theirs = serde_json::from_str::<Vec<&RawValue>>(raw.text()).ok();
        let theirs = theirs.map(|items| items.iter().map(|item| item.get()).collect());
        let ours = raw.items();
        let ours: Option<Vec<&str>> = ours.map(|items| items.into_iter().map(Raw::text).collect());
        assert_eq!(ours, theirs);
        raw.items().into_iter().flatten().for_each(agree);
        let theirs = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.text()).ok();
        let members = raw.members().map(|members| members.into_iter().collect());
        let ours: Option<BTreeMap<String, Raw<'_>>> = members;
        assert_eq!(ours.is_some(), theirs.is_some());
        for (key, value) in ours.into_iter().flatten() {
            assert_eq!(value.text(), theirs.as_ref().unwrap()[&key].get());
            agree(value);
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let text = "[a\u{e4}\u{1f600}\"\\\\/\u{0}-\u{20},:{}\\[\\]]{0,6}";
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            (-1e9_f64..1e9).prop_map(serde_json::Value::from),
            text.prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let members = prop::collection::btree_map(text, inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(serde_json::Value::from),
                members.prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn takes_documents_apart_as_serde_json_does(json in json()) {
            agree(Raw::read(json.to_string().as_bytes()).unwrap());
            let pretty = serde_json::to_string_pretty(&json).unwrap();
            agree(Raw::read(pretty.as_bytes()).unwrap());
        }
    }

    proptest! {
        #[test]
        fn never_panics_on_bytes(bytes: Vec<u8>) {
            let _ = Raw::read(&bytes);
            let _ = Members::read(&bytes);
        }
    }
}
