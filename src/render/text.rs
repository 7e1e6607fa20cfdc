//! A secret's value: decoded, then a part of it, then its end.

use super::base64::base64_bytes;
use super::hex::hex_bytes;
use super::pointer::find;
use crate::config::{Encoding, Newline, Text};
use crate::error::ContentProblem;
use crate::name::foreign;
use crate::secret::Secret;

/// What `text` says to make of `value`. `tagged` is the secret's tag `file-encoding`, which
/// decides where the configuration does not. The value itself if there is nothing to do: then
/// a byte order mark, NUL bytes and line breaks are bytes like others.
///
/// # Errors
/// The value is not encoded as it should be, or is no JSON, or has not that part.
pub fn text(value: Secret, tagged: Option<&str>, text: &Text) -> Result<Secret, ContentProblem> {
    let encoding = match text.encoding {
        Some(encoding) => encoding,
        None => encoding_of_tag(tagged.unwrap_or_default())?,
    };
    let decoded = match encoding {
        Encoding::Base64 => base64_bytes(&value)?,
        Encoding::Hex => hex_bytes(value.expose())?,
        Encoding::Utf8 => value,
    };
    let part = match &text.json {
        Some(pointer) => find(&decoded, pointer)?,
        None => decoded,
    };
    match text.newline {
        Newline::Ensure => ensure(part),
        Newline::Keep => Ok(part),
        Newline::Strip => Ok(strip(part)),
    }
}

/// What `az keyvault secret set --encoding` writes. In UTF-16 `az` writes the file that it
/// downloads, not the value; so both would be right here, and the operator is asked.
fn encoding_of_tag(tag: &str) -> Result<Encoding, ContentProblem> {
    let known = [
        ("", Encoding::Utf8),
        ("ascii", Encoding::Utf8),
        ("base64", Encoding::Base64),
        ("hex", Encoding::Hex),
        ("utf-8", Encoding::Utf8),
        ("utf8", Encoding::Utf8),
    ];
    for (name, encoding) in known {
        if tag.eq_ignore_ascii_case(name) {
            return Ok(encoding);
        }
    }
    Err(ContentProblem::UnknownTag {
        encoding: foreign(tag, 32),
    })
}

/// Adds a line break unless there is one; so an empty value becomes an empty line.
fn ensure(value: Secret) -> Result<Secret, ContentProblem> {
    let bytes = value.expose();
    if bytes.ends_with(b"\n") {
        return Ok(value);
    }
    let mut longer = Secret::with_limit(bytes.len().saturating_add(1));
    super::push(&mut longer, bytes)?;
    super::push(&mut longer, b"\n")?;
    Ok(longer)
}

/// Takes all line breaks from the end: LF and CR LF; a CR alone is none.
fn strip(value: Secret) -> Secret {
    let mut kept = value.expose();
    while let Some(before) = kept.strip_suffix(b"\n") {
        kept = before.strip_suffix(b"\r").unwrap_or(before);
    }
    if kept.len() == value.len() {
        return value;
    }
    Secret::copy_of(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Pointer;

    fn made(value: &[u8], tagged: Option<&str>, wanted: &Text) -> Result<Vec<u8>, String> {
        match text(Secret::copy_of(value), tagged, wanted) {
            Ok(secret) => Ok(secret.expose().to_vec()),
            Err(problem) => Err(problem.to_string()),
        }
    }

    fn encoded(encoding: Encoding) -> Text {
        Text {
            encoding: Some(encoding),
            ..Text::default()
        }
    }

    fn ended(newline: Newline) -> Text {
        Text {
            newline,
            ..Text::default()
        }
    }

    #[test]
    fn without_options_gives_the_very_secret() {
        let long = vec![b'x'; 25 * 1024];
        for value in [
            &b""[..],
            b"\n",
            b"\nhunter2\n\n",
            b"a\0b\0",
            b"\xef\xbb\xbfBOM",
            b"\xff\xfe\r\n",
            &long,
        ] {
            let secret = Secret::copy_of(value);
            let address = secret.expose().as_ptr();
            let secret = text(secret, None, &Text::default()).unwrap();
            assert_eq!(secret.expose(), value);
            assert_eq!(secret.expose().as_ptr(), address);
        }
    }

    #[test]
    fn the_tag_decides_where_the_configuration_does_not() {
        let nothing_said = Text::default();
        for (tag, bytes) in [
            (None, &b"QUI="[..]),
            (Some(""), b"QUI="),
            (Some("utf-8"), b"QUI="),
            (Some("ascii"), b"QUI="),
            (Some("base64"), b"AB"),
            (Some("Base64"), b"AB"),
        ] {
            assert_eq!(made(b"QUI=", tag, &nothing_said).unwrap(), bytes, "{tag:?}");
        }
        let hex = made(b"4142\n", Some("hex"), &nothing_said);
        assert_eq!(hex.unwrap(), b"AB");
        let said = encoded(Encoding::Utf8);
        assert_eq!(made(b"QUI=", Some("base64"), &said).unwrap(), b"QUI=");
        assert_eq!(made(b"QUI=", Some("utf-16le"), &said).unwrap(), b"QUI=");
    }

    #[test]
    fn a_tag_that_is_not_understood_is_told() {
        for (tag, shown) in [("utf-16le", "utf-16le"), ("x\n\u{1b}[2J", "x\\n\\u{1b}[2J")] {
            let told = made(b"x", Some(tag), &Text::default()).unwrap_err();
            let expected =
                format!("has the tag file-encoding \"{shown}\", which is not decoded here");
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn ends_as_is_said() {
        for (value, ensured, stripped) in [
            ("", "\n", ""),
            ("\n", "\n", ""),
            ("a", "a\n", "a"),
            ("a\n", "a\n", "a"),
            ("a\r\n", "a\r\n", "a"),
            ("\na\r\n\n\r\n", "\na\r\n\n\r\n", "\na"),
            ("a\r", "a\r\n", "a\r"),
            ("a\r\r\n", "a\r\r\n", "a\r"),
            ("a \n", "a \n", "a "),
        ] {
            for (newline, wanted) in [
                (Newline::Keep, value),
                (Newline::Ensure, ensured),
                (Newline::Strip, stripped),
            ] {
                let made = made(value.as_bytes(), None, &ended(newline)).unwrap();
                assert_eq!(made, wanted.as_bytes(), "{value:?} {newline:?}");
            }
        }
    }

    #[test]
    fn decodes_then_points_then_ends() {
        let wanted = Text {
            encoding: None,
            json: Some(Pointer::parse("/password").unwrap()),
            newline: Newline::Strip,
        };
        let value = super::super::base64::to_base64(br#"{"password": "hunter2\r\n"}"#);
        let made = made(value.expose(), Some("base64"), &wanted);
        assert_eq!(made.unwrap(), b"hunter2");
    }

    proptest! {
        #[test]
        fn never_panics_and_never_tells(bytes: Vec<u8>, tag: Option<String>) {
            for encoding in [None, Some(Encoding::Base64), Some(Encoding::Hex), Some(Encoding::Utf8)] {
                for json in [None, Some(Pointer::parse("/a/0").unwrap())] {
                    for newline in [Newline::Ensure, Newline::Keep, Newline::Strip] {
                        let wanted = Text { encoding, json: json.clone(), newline };
                        let _ = made(&bytes, tag.as_deref(), &wanted);
                    }
                }
            }
        }

        #[test]
        fn ends_lose_nothing_but_line_breaks(bytes in "[a\r\n]{0,9}") {
            let bytes = bytes.as_bytes();
            let ensured = made(bytes, None, &ended(Newline::Ensure)).unwrap();
            prop_assert!(ensured.starts_with(bytes) && ensured.ends_with(b"\n"));
            prop_assert!(matches!(&ensured[bytes.len()..], b"" | b"\n"));
            let stripped = made(bytes, None, &ended(Newline::Strip)).unwrap();
            prop_assert!(bytes.starts_with(&stripped) && !stripped.ends_with(b"\n"));
            let gone = std::str::from_utf8(&bytes[stripped.len()..]).unwrap();
            prop_assert_eq!(gone.replace("\r\n", "").replace('\n', ""), "");
        }
    }
}
