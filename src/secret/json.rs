//! A JSON string's content, moved into a [`Secret`] without passing through a `String`.
//!
//! serde_json copies a string with escapes into buffers that nobody wipes, so values and
//! tokens are taken as raw JSON text (`&RawValue`) and unescaped here (RFC 8259, 7).

use super::Secret;

impl Secret {
    /// The content of `raw`, a JSON string with its quotes. `None` if it is none, or is
    /// not valid Unicode after its escapes.
    pub fn from_json_string(raw: &str) -> Option<Self> {
        let inner = raw.trim().strip_prefix('"')?.strip_suffix('"')?;
        // An escape is never longer than what it stands for.
        let mut secret = Self::with_limit(inner.len());
        let mut rest = inner;
        while let Some((plain, escape)) = rest.split_once('\\') {
            push_plain(&mut secret, plain)?;
            let (character, behind) = unescape(escape)?;
            push_char(&mut secret, character)?;
            rest = behind;
        }
        push_plain(&mut secret, rest)?;
        Some(secret)
    }
}

fn push_plain(secret: &mut Secret, text: &str) -> Option<()> {
    let forbidden = |c: char| c == '"' || c < ' ';
    if text.contains(forbidden) {
        return None;
    }
    secret.push(text.as_bytes()).ok()
}

fn push_char(secret: &mut Secret, character: char) -> Option<()> {
    let mut bytes = [0_u8; 4];
    let outcome = secret
        .push(character.encode_utf8(&mut bytes).as_bytes())
        .ok();
    zeroize::Zeroize::zeroize(&mut bytes);
    outcome
}

/// The character that `text`, behind a backslash, begins with, and what follows it.
fn unescape(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    let character = match characters.next()? {
        '"' => '"',
        '\\' => '\\',
        '/' => '/',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unescape_unicode(characters.as_str()),
        _ => return None,
    };
    Some((character, characters.as_str()))
}

/// Four hexadecimal digits, or two such groups that make a surrogate pair.
fn unescape_unicode(text: &str) -> Option<(char, &str)> {
    let (first, behind) = hexadecimal(text)?;
    if let Some(character) = char::from_u32(first) {
        return Some((character, behind));
    }
    let (second, behind) = hexadecimal(behind.strip_prefix("\\u")?)?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((character, behind))
}

fn hexadecimal(text: &str) -> Option<(u32, &str)> {
    let (digits, behind) = text.split_at_checked(4)?;
    let plain = digits.chars().all(|c| c.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| plain)?;
    Some((number, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_serde_json() {
        for raw in [
            r#""""#,
            r#""plain""#,
            r#""-----BEGIN\nA\/b\\c\"d\"\t\r\b\f""#,
            r#""\u00e4\ud83d\ude00ü😀""#,
            r#""\u0000""#,
        ] {
            let expected: String = serde_json::from_str(raw).unwrap();
            let secret = Secret::from_json_string(raw).unwrap();
            assert_eq!(secret.expose(), expected.as_bytes(), "{raw}");
        }
    }

    #[test]
    fn refuses_what_is_no_json_string() {
        for raw in [
            "",
            "1",
            "\"",
            "\"a",
            r#""\x""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\u12""#,
            r#""\u+123""#,
            "\"\n\"",
            r#""a"b""#,
        ] {
            assert!(Secret::from_json_string(raw).is_none(), "{raw}");
        }
    }
}
