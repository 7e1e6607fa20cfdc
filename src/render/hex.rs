//! Hexadecimal digits in either case; white space may stand anywhere.

use crate::error::ContentProblem;
use crate::secret::Secret;

/// The bytes that the digits of `value` stand for. No digit decides a branch or an address.
///
/// # Errors
/// [`ContentProblem::BadEncoding`] at the first byte that is no digit; at the end if a last
/// digit has no partner.
pub(super) fn hex_bytes(value: &[u8]) -> Result<Secret, ContentProblem> {
    let bad = |position| ContentProblem::BadEncoding {
        encoding: "hexadecimal",
        position,
    };
    let mut bytes = Secret::with_limit(value.len());
    let mut high = None;
    for (position, byte) in value.iter().enumerate() {
        if byte.is_ascii_whitespace() {
            continue;
        }
        let low = digit(*byte).ok_or_else(|| bad(position))?;
        match high.take() {
            None => high = Some(low),
            Some(high) => super::push(&mut bytes, &[high << 4 | low])?,
        }
    }
    match high {
        None => Ok(bytes),
        Some(_) => Err(bad(value.len())),
    }
}

fn digit(byte: u8) -> Option<u8> {
    let byte = i16::from(byte);
    // Each term is 0 unless the byte is in its range, then one more than the digit's number.
    let sum = term(byte, b'0', b'9', 1) | term(byte, b'A', b'F', 11) | term(byte, b'a', b'f', 11);
    u8::try_from(sum.wrapping_sub(1)).ok()
}

fn term(byte: i16, first: u8, last: u8, number: i16) -> i16 {
    let (first, last) = (i16::from(first), i16::from(last));
    let above = first.wrapping_sub(1).wrapping_sub(byte);
    let below = byte.wrapping_sub(last).wrapping_sub(1);
    // Both are negative inside of the range, so that the shift leaves all ones.
    ((above & below) >> 8) & byte.wrapping_sub(first).wrapping_add(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn knows_every_digit() {
        for byte in 0..=u8::MAX {
            let expected = char::from(byte).to_digit(16);
            assert_eq!(digit(byte).map(u32::from), expected, "{byte}");
        }
    }

    #[test]
    fn decodes_either_case_and_broken_lines() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("00ff", b"\0\xff"),
            ("De aD\r\nBEEF\n", b"\xde\xad\xbe\xef"),
            ("4\n1", b"A"),
        ] {
            assert_eq!(hex_bytes(text.as_bytes()).unwrap().expose(), bytes);
        }
        for (text, position) in [
            ("0", 1),
            ("001 ", 4),
            ("0x00", 1),
            ("00:11", 2),
            ("\u{feff}00", 0),
            ("0g", 1),
        ] {
            let problem = ContentProblem::BadEncoding {
                encoding: "hexadecimal",
                position,
            };
            assert_eq!(hex_bytes(text.as_bytes()).unwrap_err(), problem, "{text}");
        }
    }

    proptest! {
        #[test]
        fn comes_back_as_it_was(bytes: Vec<u8>, upper: bool) {
            let mut text = String::new();
            for byte in &bytes {
                text += &if upper { format!("{byte:02X}\n") } else { format!("{byte:02x}") };
            }
            let back = hex_bytes(text.as_bytes()).unwrap();
            prop_assert_eq!(back.expose(), bytes);
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = hex_bytes(&bytes);
        }
    }
}
