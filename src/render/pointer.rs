//! A part of a JSON document, by its pointer (RFC 6901).
//!
//! The document is secret, so nothing is made of it that is not wiped: it is checked and walked
//! through where it lies, and only what is found is copied. Nothing recurses, however deep it
//! is.

use crate::config::Pointer;
use crate::error::ContentProblem;
use crate::json::Raw;
use crate::name::foreign;
use crate::secret::Secret;

/// What `pointer` leads to in `document`: a string's content, anything else as compact JSON
/// with its digits and escapes as they are. A byte order mark in front is passed over.
///
/// # Errors
/// The document is no JSON, has nothing there, or `null`, or on the way a key twice (so that
/// it is not for this program to say which is meant).
pub(super) fn find(document: &Secret, pointer: &Pointer) -> Result<Secret, ContentProblem> {
    let document = document.expose();
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let mut here = Raw::read(document).map_err(|error| ContentProblem::BadJson {
        line: error.line,
        column: error.column,
    })?;
    for (depth, step) in pointer.steps().iter().enumerate() {
        let until_here = || shown(pointer, depth.saturating_add(1));
        here = match child(here, step) {
            Child::One(child) => child,
            Child::None => {
                return Err(ContentProblem::Absent {
                    pointer: until_here(),
                })
            }
            Child::Two => {
                return Err(ContentProblem::Twice {
                    pointer: until_here(),
                })
            }
        };
    }
    let whole = || shown(pointer, pointer.steps().len());
    let text = here.text();
    if text == "null" {
        return Err(ContentProblem::Null { pointer: whole() });
    }
    if text.starts_with('"') {
        let content = Secret::from_json_string(text);
        return content.ok_or_else(|| ContentProblem::NoText { pointer: whole() });
    }
    compact(text)
}

/// The first `steps` steps of `pointer`, fit to be told.
fn shown(pointer: &Pointer, steps: usize) -> String {
    let text = pointer.as_str();
    let end = text.match_indices('/').nth(steps);
    let end = end.map_or(text.len(), |(position, _)| position);
    foreign(text.get(..end).unwrap_or_default(), 120)
}

/// `json` without white space between its tokens.
fn compact(json: &str) -> Result<Secret, ContentProblem> {
    let mut compact = Secret::with_limit(json.len());
    let mut strings = Strings::default();
    for byte in json.bytes() {
        if strings.holds(byte) || !byte.is_ascii_whitespace() {
            super::push(&mut compact, &[byte])?;
        }
    }
    Ok(compact)
}

/// How many children answer to one name.
enum Child<'a> {
    None,
    One(Raw<'a>),
    Two,
}

/// The child `step` of `container`.
fn child<'a>(container: Raw<'a>, step: &str) -> Child<'a> {
    if let Some(items) = container.items() {
        let item = index(step).and_then(|index| items.get(index).copied());
        return item.map_or(Child::None, Child::One);
    }
    let mut found = Child::None;
    for (key, value) in container.pairs().unwrap_or_default() {
        let key = Secret::from_json_string(key.text());
        if key.is_some_and(|key| key.expose() == step.as_bytes()) {
            found = match found {
                Child::None => Child::One(value),
                _ => Child::Two,
            };
        }
    }
    found
}

/// The number of an array's element: digits without a zero in front. `-` is none, since it
/// stands for the element behind the last.
fn index(step: &str) -> Option<usize> {
    let plain = step.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || (step.starts_with('0') && step != "0") {
        return None;
    }
    step.parse().ok()
}

/// Tells what belongs to strings from the rest of a JSON text, byte for byte.
#[derive(Default)]
struct Strings {
    inside: bool,
    escaped: bool,
}

impl Strings {
    /// Whether the next byte, which is `byte`, belongs to a string or its quotes.
    fn holds(&mut self, byte: u8) -> bool {
        let belongs = self.inside || byte == b'"';
        if self.escaped {
            self.escaped = false;
        } else if byte == b'"' {
            self.inside = !self.inside;
        } else {
            self.escaped = self.inside && byte == b'\\';
        }
        belongs
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn found(document: &str, pointer: &str) -> Result<String, String> {
        let pointer = Pointer::parse(pointer).unwrap();
        match find(&Secret::copy_of(document.as_bytes()), &pointer) {
            Ok(secret) => Ok(String::from_utf8(secret.expose().to_vec()).unwrap()),
            Err(problem) => Err(problem.to_string()),
        }
    }

    #[test]
    fn finds_what_the_standard_finds() {
        // RFC 6901, 5.
        let document = r#"{ "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3,
            "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8 }"#;
        for (pointer, value) in [
            ("/foo", r#"["bar","baz"]"#),
            ("/foo/0", "bar"),
            ("/foo/1", "baz"),
            ("/", "0"),
            ("/a~1b", "1"),
            ("/c%d", "2"),
            ("/e^f", "3"),
            ("/g|h", "4"),
            ("/i\\j", "5"),
            ("/k\"l", "6"),
            ("/ ", "7"),
            ("/m~0n", "8"),
        ] {
            assert_eq!(found(document, pointer).unwrap(), value, "{pointer}");
        }
    }

    #[test]
    fn gives_strings_as_they_are_and_others_compact() {
        let document = "\u{feff}\r\n{\"a\" : \"x\\n\\u00e4\\ud83d\\ude00 \\\"{\" ,\t\"b\":[ 1.50 , -0e+07 , true,\n{ \"k \\\\\" : \" v, \" } ], \"e\":{ }, \"f\":[ ], \"g\": \"\"}\n";
        for (pointer, value) in [
            ("/a", "x\nä😀 \"{"),
            ("/b", r#"[1.50,-0e+07,true,{"k \\":" v, "}]"#),
            ("/b/1", "-0e+07"),
            ("/b/3/k \\", " v, "),
            ("/e", "{}"),
            ("/f", "[]"),
            ("/g", ""),
        ] {
            assert_eq!(found(document, pointer).unwrap(), value, "{pointer}");
        }
        assert_eq!(found(" \"x\" ", "").unwrap(), "x");
        assert_eq!(found(" 12 ", "").unwrap(), "12");
        assert_eq!(found("{ \"a\": 1 }", "").unwrap(), r#"{"a":1}"#);
        assert_eq!(found(r#"{"\u0061\/":1}"#, "/a~1").unwrap(), "1");
        let long = "\\\" \u{e4}\0\n".repeat(4096);
        let document = serde_json::json!({"x": [long], "y": 1}).to_string();
        assert_eq!(found(&document, "/x/0").unwrap(), long);
    }

    #[test]
    fn says_how_far_it_came() {
        let document = r#"{"a": {"b": [1, null]}, "t": 1, "t": 2, "s": "\ud800", "n": null}"#;
        for (pointer, told) in [
            ("/x/y", "has nothing at \"/x\""),
            ("/a/x/y", "has nothing at \"/a/x\""),
            ("/a/b/2", "has nothing at \"/a/b/2\""),
            ("/a/b/-", "has nothing at \"/a/b/-\""),
            ("/a/b/00", "has nothing at \"/a/b/00\""),
            ("/a/b/01", "has nothing at \"/a/b/01\""),
            ("/a/b/+1", "has nothing at \"/a/b/+1\""),
            ("/a/b/", "has nothing at \"/a/b/\""),
            (
                "/a/b/18446744073709551616",
                "has nothing at \"/a/b/18446744073709551616\"",
            ),
            ("/a/b/0/c", "has nothing at \"/a/b/0/c\""),
            ("/n/x", "has nothing at \"/n/x\""),
            ("/a/b/1", "is null at \"/a/b/1\""),
            ("/t/x", "has \"/t\" twice"),
            ("/s", "has no Unicode text at \"/s\""),
        ] {
            assert_eq!(found(document, pointer).unwrap_err(), told, "{pointer}");
        }
        assert_eq!(found("null", "").unwrap_err(), "is null at \"\"");
    }

    #[test]
    fn a_key_twice_elsewhere_does_not_matter() {
        let document = r#"{"a": 1, "x": {"b": 1, "b": 2}, "a\ud800": 0, "x2": 1, "x2": 2}"#;
        assert_eq!(found(document, "/a").unwrap(), "1");
        assert_eq!(found(document, "/x").unwrap(), r#"{"b":1,"b":2}"#);
    }

    #[test]
    fn what_is_no_json_is_told_by_its_place() {
        for (document, told) in [
            ("", "is not JSON at line 1 column 0"),
            ("hunter2", "is not JSON at line 1 column 1"),
            (
                "{\"a\": \"hunter2\",\n  'b': 1}",
                "is not JSON at line 2 column 3",
            ),
            ("{\"a\": \"hunter2\"} x", "is not JSON at line 1 column 18"),
            ("{\"a\": \"hun\nter2\"}", "is not JSON at line 1 column 10"),
            ("[1, 02]", "is not JSON at line 1 column 6"),
            ("[1,]", "is not JSON at line 1 column 4"),
        ] {
            assert_eq!(found(document, "/a").unwrap_err(), told, "{document}");
        }
        let latin = find(
            &Secret::copy_of(b"{\"a\":\"\xe4\"}"),
            &Pointer::parse("").unwrap(),
        );
        assert!(matches!(latin, Err(ContentProblem::BadJson { .. })));
    }

    #[test]
    fn depth_costs_no_stack() {
        let depth = 10_000;
        let document = format!("{}7{}", "[ ".repeat(depth), "]".repeat(depth));
        let pointer = "/0".repeat(50);
        let rest = depth - 50;
        let expected = format!("{}7{}", "[".repeat(rest), "]".repeat(rest));
        assert_eq!(found(&document, &pointer).unwrap(), expected);
        let document = format!("{}7{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let expected = format!("{}7{}", "{\"a\":".repeat(depth - 9), "}".repeat(depth - 9));
        assert_eq!(found(&document, &"/a".repeat(9)).unwrap(), expected);
        let open = "[".repeat(depth);
        let told = format!("is not JSON at line 1 column {depth}");
        assert_eq!(found(&open, "/0").unwrap_err(), told);
    }

    /// A document, with white space that depends on nothing.
    fn document() -> impl Strategy<Value = Value> {
        let text = "[a-c/~\"\\\\{}\\[\\]:, \n\u{e4}]{0,4}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((text, inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The pointers of all that is in `value`.
    fn places(value: &Value, here: &str, places: &mut Vec<String>) {
        places.push(here.to_owned());
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self::places(item, &format!("{here}/{index}"), places);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    let step = key.replace('~', "~0").replace('/', "~1");
                    self::places(member, &format!("{here}/{step}"), places);
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn agrees_with_another_reader(document in document(), pretty: bool) {
            let written = if pretty {
                serde_json::to_string_pretty(&document).unwrap()
            } else {
                document.to_string()
            };
            let mut pointers = Vec::new();
            places(&document, "", &mut pointers);
            for pointer in pointers {
                let made = found(&written, &pointer);
                match document.pointer(&pointer).unwrap() {
                    Value::Null => prop_assert_eq!(made.unwrap_err(), format!("is null at \"{}\"", shown(&Pointer::parse(&pointer).unwrap(), 99))),
                    Value::String(text) => prop_assert_eq!(&made.unwrap(), text),
                    other => prop_assert_eq!(made.unwrap(), other.to_string()),
                }
            }
            for pointer in ["/a", "/0", "/1/b", "/a~1/~0", "/"] {
                let expected = document.pointer(pointer).is_some_and(|value| !value.is_null());
                prop_assert_eq!(found(&written, pointer).is_ok(), expected);
            }
        }

        #[test]
        fn never_panics(text in "[\\[\\]{}\",:0ntruelfas\\\\ \u{e4}]{0,12}", steps in "(/[0-1a\u{e4}]?){0,3}") {
            let _ = found(&text, &steps);
        }

        #[test]
        fn never_panics_on_bytes(bytes: Vec<u8>) {
            let _ = find(&Secret::copy_of(&bytes), &Pointer::parse("/a").unwrap());
        }
    }
}
