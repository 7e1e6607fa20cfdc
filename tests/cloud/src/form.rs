//! Decodes `application/x-www-form-urlencoded` text, strictly: a broken escape or text that is
//! not UTF-8 makes the whole of it invalid.

/// The names and values in their order, or nothing if the text is malformed.
pub(crate) fn decode(text: &str) -> Option<Vec<(String, String)>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((plain(name, Plus::Space)?, plain(value, Plus::Space)?))
        })
        .collect()
}

/// Decodes a path segment, where `+` stands for itself.
pub(crate) fn segment(text: &str) -> Option<String> {
    plain(text, Plus::Itself)
}

#[derive(Clone, Copy)]
enum Plus {
    Itself,
    Space,
}

fn plain(text: &str, plus: Plus) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match (byte, plus) {
            (b'%', _) => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            (b'+', Plus::Space) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_escapes_and_refuses_broken_ones() {
        let pairs = decode("a=b+c&d=%2B%c3%a4&e").unwrap();
        let expected = [("a", "b c"), ("d", "+ä"), ("e", "")];
        for (pair, (name, value)) in pairs.iter().zip(expected) {
            assert_eq!((pair.0.as_str(), pair.1.as_str()), (name, value));
        }
        for broken in ["a=%", "a=%2", "a=%zz", "a=%ff"] {
            assert!(decode(broken).is_none(), "{broken}");
        }
        assert_eq!(segment("a+b").unwrap(), "a+b");
    }
}
