//! Base64 (RFC 4648, 4) as vaults hold it: `az` breaks its lines, people their own way.
//!
//! White space may stand anywhere; alphabet, padding and last bits are as the standard wants
//! them. The decoding takes the same time for all values of one length.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::error::ContentProblem;
use crate::secret::Secret;

/// The bytes that `value` stands for: binary content, such as a PKCS#12 container.
///
/// # Errors
/// [`ContentProblem::BadEncoding`] at the first byte that does not fit.
pub fn base64_bytes(value: &Secret) -> Result<Secret, ContentProblem> {
    let value = value.expose();
    let mut dense = Zeroizing::new(Vec::with_capacity(value.len()));
    dense.extend(value.iter().filter(|byte| !byte.is_ascii_whitespace()));
    let mut bytes = Zeroizing::new(vec![0_u8; dense.len()]);
    match Base64::decode(dense.as_slice(), &mut bytes) {
        Ok(decoded) => Ok(Secret::copy_of(decoded)),
        Err(_) => Err(ContentProblem::BadEncoding {
            encoding: "base64",
            position: misfit(value),
        }),
    }
}

/// `value` in base64, padded, in one line.
pub(super) fn to_base64(value: &[u8]) -> Secret {
    let mut room = Zeroizing::new(vec![0_u8; Base64::encoded_len(value)]);
    let encoded = Base64::encode(value, &mut room).unwrap_or_default();
    Secret::copy_of(encoded.as_bytes())
}

/// The place of the first byte for which `value` is no base64; its length if more should
/// follow. Looked for only in what was refused.
fn misfit(value: &[u8]) -> usize {
    let mut symbols = 0_usize;
    let mut padding = 0_usize;
    let mut last = 0;
    for (position, byte) in value.iter().enumerate() {
        if byte.is_ascii_whitespace() {
            continue;
        }
        let fits = match byte {
            b'=' => symbols % 4 >= 2 && (symbols % 4).saturating_add(padding) < 4,
            b'+' | b'/' => padding == 0,
            other => padding == 0 && other.is_ascii_alphanumeric(),
        };
        if !fits {
            return position;
        }
        if *byte == b'=' {
            padding = padding.saturating_add(1);
        } else {
            symbols = symbols.saturating_add(1);
            last = position;
        }
    }
    if symbols.saturating_add(padding) % 4 == 0 {
        // All that remains: bits of the last symbol that stand for nothing are set.
        last
    } else {
        value.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> Result<Vec<u8>, usize> {
        match base64_bytes(&Secret::copy_of(text.as_bytes())) {
            Ok(secret) => Ok(secret.expose().to_vec()),
            Err(ContentProblem::BadEncoding { encoding, position }) => {
                assert_eq!(encoding, "base64");
                Err(position)
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn decodes_however_the_lines_are_broken() {
        for (text, bytes) in [
            ("", &b""[..]),
            (" \r\n", b""),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v\n", b"foo"),
            ("Zm9v\r\nYmFy\r\n", b"foobar"),
            ("\tZ m 9 v Y m F y\n\n", b"foobar"),
            ("Zg=\n=", b"f"),
            ("AAD/+w==", b"\0\0\xff\xfb"),
        ] {
            assert_eq!(decoded(text).unwrap(), bytes, "{text:?}");
        }
    }

    #[test]
    fn tells_the_first_byte_that_does_not_fit() {
        for (text, position) in [
            ("Zm9v!", 4),
            ("Zm9v\nYm-y", 7),
            ("\u{feff}Zm9v", 0),
            ("Zm9vY", 5),
            ("Zm9v Ym", 7),
            ("Zm9vYmE", 7),
            ("Zg=", 3),
            ("Zg==Zg==", 4),
            ("Zg===", 4),
            ("Zm9v=", 4),
            ("Zm9vY===", 5),
            ("=", 0),
            ("Zh==", 1),
            ("Zm9v\nZm9=\n", 7),
            ("Zm9v\0", 4),
        ] {
            assert_eq!(decoded(text), Err(position), "{text:?}");
        }
    }

    #[test]
    fn decodes_what_az_writes_for_25_kb() {
        let bytes: Vec<u8> = (0..18_000_u32).flat_map(|n| n.to_le_bytes()).collect();
        let bytes = &bytes[..18_400];
        let one_line = to_base64(bytes);
        let mut broken = Vec::new();
        for line in one_line.expose().chunks(76) {
            broken.extend_from_slice(line);
            broken.push(b'\n');
        }
        assert!(broken.len() > 24_000);
        let back = base64_bytes(&Secret::copy_of(&broken)).unwrap();
        assert_eq!(back.expose(), bytes);
    }

    proptest! {
        #[test]
        fn comes_back_as_it_was(bytes: Vec<u8>, breaks in prop::collection::vec(0..400_usize, 0..9)) {
            let mut text = to_base64(&bytes).expose().to_vec();
            for place in breaks {
                text.insert(place.min(text.len()), b" \t\r\n"[place % 4]);
            }
            let back = base64_bytes(&Secret::copy_of(&text)).unwrap();
            prop_assert_eq!(back.expose(), bytes);
        }

        #[test]
        fn refuses_at_a_byte_of_the_value(text in "[Zm9vYg= \n!-]{0,12}") {
            if let Err(position) = decoded(&text) {
                prop_assert!(position <= text.len());
                // What stands before is the beginning of something right.
                let before = text.bytes().take(position);
                let mut symbols: Vec<u8> = before.filter(u8::is_ascii_alphanumeric).collect();
                symbols.resize(symbols.len().next_multiple_of(4), b'A');
                prop_assert!(decoded(std::str::from_utf8(&symbols).unwrap()).is_ok());
            } else {
                let dense = text.split_ascii_whitespace().collect::<String>();
                let back = to_base64(&decoded(&text).unwrap());
                prop_assert_eq!(back.expose(), dense.as_bytes());
            }
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            if let Err(ContentProblem::BadEncoding { position, .. }) = base64_bytes(&Secret::copy_of(&bytes)) {
                prop_assert!(position <= bytes.len());
            }
        }
    }
}
