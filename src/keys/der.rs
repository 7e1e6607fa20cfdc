//! The little DER (X.690) that certificates and keys need.

use crate::clock;
use crate::secret::Secret;

/// Tags of the elements that are read or written.
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, explicit: a certificate's version, the curve of a SEC1 key.
pub(super) const CONTEXT_0: u8 = 0xa0;
/// `[1]`, explicit: the public part of a SEC1 key.
pub(super) const CONTEXT_1: u8 = 0xa1;
/// `[3]`, explicit: a certificate's extensions.
pub(super) const CONTEXT_3: u8 = 0xa3;
/// `[0]`, implicit, of a primitive type: an authority's key identifier.
pub(super) const PRIMITIVE_0: u8 = 0x80;

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Reads elements one after the other. Every reading checks its bounds; nothing is copied.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// A tag and its content.
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(der: &'a [u8]) -> Self {
        Self { rest: der }
    }

    /// The next element, of definite length up to 4 GiB and a tag of one byte.
    pub(super) fn next(&mut self) -> Option<Element<'a>> {
        let (&tag, rest) = self.rest.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (big_endian(digits)?, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Element { tag, content })
    }

    /// The content of the next element, if it has this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next()
            .filter(|element| element.tag == tag)
            .map(|element| element.content)
    }

    /// A reader of the content of the next element, if it has this tag.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.expect(tag).map(Self::new)
    }

    /// The content of the next element that has this tag, whatever stands before it.
    pub(super) fn find(&mut self, tag: u8) -> Option<&'a [u8]> {
        loop {
            let element = self.next()?;
            if element.tag == tag {
                return Some(element.content);
            }
        }
    }

    /// The bytes of the next element, an INTEGER that is not negative, without leading zeros.
    pub(super) fn unsigned(&mut self) -> Option<&'a [u8]> {
        self.expect(INTEGER).map(without_zeros)
    }

    /// The bytes of the next element, a BIT STRING of whole bytes.
    pub(super) fn bits(&mut self) -> Option<&'a [u8]> {
        // The first byte counts unused bits.
        self.expect(BIT_STRING)?.strip_prefix(&[0])
    }

    /// Passes over the next element if it has this tag.
    pub(super) fn skip_optional(&mut self, tag: u8) -> Option<()> {
        if self.rest.first() == Some(&tag) {
            self.next()?;
        }
        Some(())
    }

    /// Seconds since 1970 of a UTCTime or GeneralizedTime (RFC 5280, 4.1.2.5).
    pub(super) fn time(&mut self) -> Option<i64> {
        let element = self.next()?;
        let text = std::str::from_utf8(element.content)
            .ok()?
            .strip_suffix('Z')?;
        let (year, rest) = match element.tag {
            UTC_TIME => {
                let (year, rest) = number(text, 2)?;
                (
                    if year < 50 { 2000 } else { 1900_i64 }.checked_add(year)?,
                    rest,
                )
            }
            GENERALIZED_TIME => number(text, 4)?,
            _ => return None,
        };
        let (month, rest) = number(rest, 2)?;
        let (day, rest) = number(rest, 2)?;
        let (hour, rest) = number(rest, 2)?;
        let (minute, rest) = number(rest, 2)?;
        let (second, _) = number(rest, 2)?;
        let of_day = hour
            .checked_mul(3600)?
            .checked_add(minute.checked_mul(60)?)?
            .checked_add(second)?;
        Some(clock::date(year, month, day, of_day))
    }
}

/// An element of this tag whose content is all of `parts`.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Secret {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let digits = length.to_be_bytes();
    let digits = without_zeros(&digits);
    let mut head = vec![tag];
    match digits {
        [] => head.push(0),
        [short @ 0..=0x7f] => head.push(*short),
        // Bit 8 says that the others count the digits that follow.
        _ => {
            head.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            head.extend_from_slice(digits);
        }
    }
    let mut all = vec![head.as_slice()];
    all.extend_from_slice(parts);
    Secret::concat(&all)
}

/// A number of many bytes, most significant first, without the zeros it begins with.
pub fn without_zeros(mut number: &[u8]) -> &[u8] {
    while let Some((0, rest)) = number.split_first() {
        number = rest;
    }
    number
}

fn number(text: &str, digits: usize) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at_checked(digits)?;
    Some((digits.parse().ok()?, rest))
}

fn big_endian(digits: &[u8]) -> Option<usize> {
    let mut length = 0_usize;
    for digit in digits {
        length = length.checked_mul(256)?.checked_add(usize::from(*digit))?;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_reads_past_the_end() {
        for der in [
            &[][..],
            &[0x30],
            &[0x30, 0x02, 0x00],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0],
            &[0x30, 0x80],
            &[0x30, 0x81],
        ] {
            assert!(Reader::new(der).next().is_none(), "{der:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again_with_any_length() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000] {
            let content = vec![7_u8; length];
            let der = element(OCTET_STRING, &[&content]);
            let mut reader = Reader::new(der.expose());
            assert_eq!(reader.expect(OCTET_STRING), Some(content.as_slice()));
            assert!(reader.next().is_none());
        }
        assert_eq!(element(SEQUENCE, &[]).expose(), [0x30, 0]);
        let long = element(OCTET_STRING, &[&[0; 0x7f], &[0; 1]]);
        assert_eq!(long.expose()[..3], [0x04, 0x81, 0x80]);
    }

    #[test]
    fn reads_both_forms_of_time() {
        let utc = [&[UTC_TIME, 13], b"500101000000Z".as_slice()].concat();
        assert_eq!(Reader::new(&utc).time(), Some(-631_152_000));
        let general = [&[GENERALIZED_TIME, 15], b"20500101000000Z".as_slice()].concat();
        assert_eq!(Reader::new(&general).time(), Some(2_524_608_000));
    }
}
