//! The issuer's name out of a certificate: as much DER as that takes (RFC 5280, 4.1).
//!
//! The certificate is one that nobody vouches for; its text is escaped and cut.

use crate::name::foreign;

/// The common name of who issued `certificate`, or else the organisation's.
pub(super) fn issuer(certificate: &[u8]) -> Option<String> {
    let name = issuer_name(certificate)?;
    let found = attribute(name, COMMON_NAME).or_else(|| attribute(name, ORGANISATION))?;
    Some(foreign(&String::from_utf8_lossy(found), 80))
}

/// The content of the field `issuer`: it follows the optional version, the serial number
/// and the signature's algorithm.
fn issuer_name(certificate: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        (_, _, rest) = element(rest)?;
    }
    let (_, _, rest) = element(rest)?;
    let (_, _, rest) = element(rest)?;
    element(rest).map(|(_, name, _)| name)
}

/// The value of the attribute of type `wanted` in a sequence of sets of attributes.
fn attribute<'a>(mut name: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    while let Some((_, set, rest)) = element(name) {
        let (_, pair, _) = element(set)?;
        let (_, kind, pair) = element(pair)?;
        if kind == wanted {
            return element(pair).map(|(_, value, _)| value);
        }
        name = rest;
    }
    None
}

/// Splits off the first element: its tag, its content, and what follows.
fn element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, length], rest) = input.split_first_chunk()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 => {
            let (&[low], rest) = rest.split_first_chunk()?;
            (usize::from(low), rest)
        }
        0x82 => {
            let (&pair, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(pair)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The tag of a version, `[0]`.
const VERSION: u8 = 0xa0;

/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// 2.5.4.10
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{certificate, Fault};

    #[test]
    fn reads_the_issuer_of_a_certificate() {
        let made = certificate(Fault::None);
        assert_eq!(issuer(&made.chain), Some("Test CA".to_owned()));
    }

    #[test]
    fn gives_up_on_anything_else() {
        let made = certificate(Fault::None).chain;
        for length in 0..made.len() {
            let _ = issuer(&made[..length]);
        }
        assert_eq!(issuer(b""), None);
        assert_eq!(issuer(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
