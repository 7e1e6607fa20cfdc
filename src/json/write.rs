//! How JSON is written: as serde_json does, whose files lie on devices.

use std::fmt::{self, Write};

use super::Json;

/// A text in quotes, escaped where it must be.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        let mut plain = 0_usize;
        for (at, byte) in self.0.bytes().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            f.write_str(self.0.get(plain..at).unwrap_or_default())?;
            plain = at.saturating_add(1);
            match byte {
                b'"' => f.write_str("\\\""),
                b'\\' => f.write_str("\\\\"),
                b'\x08' => f.write_str("\\b"),
                b'\t' => f.write_str("\\t"),
                b'\n' => f.write_str("\\n"),
                b'\x0c' => f.write_str("\\f"),
                b'\r' => f.write_str("\\r"),
                _ => write!(f, "\\u{byte:04x}"),
            }?;
        }
        f.write_str(self.0.get(plain..).unwrap_or_default())?;
        f.write_str("\"")
    }
}

/// Appends `json` to `text`; inside of it `depth` steps indented, or all in one line.
pub(super) fn append(text: &mut String, json: &Json, depth: Option<usize>) {
    // Writing to a String cannot fail.
    let _ = match json {
        Json::Boolean(value) => write!(text, "{value}"),
        Json::List(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                begin(text, place, depth);
                append(text, item, deeper(depth));
            }
            end(text, items.is_empty(), depth);
            text.write_str("]")
        }
        Json::Null | Json::OtherNumber => text.write_str("null"),
        Json::Number(number) => write!(text, "{number}"),
        Json::Object(members) => {
            text.push('{');
            for (place, (key, value)) in members.iter().enumerate() {
                begin(text, place, depth);
                let colon = if depth.is_some() { ": " } else { ":" };
                let _ = write!(text, "{}{colon}", Quoted(key));
                append(text, value, deeper(depth));
            }
            end(text, members.is_empty(), depth);
            text.write_str("}")
        }
        Json::Text(content) => write!(text, "{}", Quoted(content)),
    };
}

fn begin(text: &mut String, place: usize, depth: Option<usize>) {
    if place > 0 {
        text.push(',');
    }
    line(text, deeper(depth));
}

fn end(text: &mut String, is_empty: bool, depth: Option<usize>) {
    if !is_empty {
        line(text, depth);
    }
}

fn line(text: &mut String, depth: Option<usize>) {
    let Some(depth) = depth else {
        return;
    };
    text.push('\n');
    for _ in 0..depth {
        text.push_str("  ");
    }
}

fn deeper(depth: Option<usize>) -> Option<usize> {
    depth.map(|depth| depth.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn json() -> impl Strategy<Value = Json> {
        let text = "[a\u{e4}\u{1f600}\"\\\\/\u{0}-\u{20}\u{7f}]{0,6}";
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Boolean),
            any::<i64>().prop_map(Json::Number),
            text.prop_map(Json::Text),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            let members = prop::collection::btree_map(text, inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Json::List),
                members.prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn writes_as_another_writer_does(json in json()) {
            let value: Value = serde_json::from_str(&json.compact()).unwrap();
            prop_assert_eq!(json.compact(), serde_json::to_string(&value).unwrap());
            prop_assert_eq!(json.indented(), serde_json::to_string_pretty(&value).unwrap());
            prop_assert_eq!(Json::read(json.compact().as_bytes()), Some(json));
        }
    }
}
