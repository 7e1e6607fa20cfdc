//! What a reply says of the whole blob, whether it brings all of it or a part.

use base64ct::{Base64, Encoding};

use super::object;
use crate::config::Blob;
use crate::error::Error;
use crate::http::Reply;

/// A version of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Which version it is, quotes included: visible ASCII of at most 128 characters.
    pub etag: String,
    /// How many bytes it has.
    pub length: u64,
    /// Their MD5, if whoever uploaded it said it.
    pub md5: Option<[u8; 16]>,
}

/// The facts of a 200, which brings all of `blob`.
pub(super) fn of_whole(blob: &Blob, reply: &Reply) -> Result<Facts, Error> {
    let length = reply.header("content-length").and_then(number);
    read(
        blob,
        reply,
        length.ok_or("without its length"),
        "content-md5",
    )
}

/// The facts of a 206, which must bring what comes behind the first `at` bytes of `blob` in the
/// version that `etag` names.
pub(super) fn of_rest(blob: &Blob, reply: &Reply, at: u64, etag: &str) -> Result<Facts, Error> {
    let range = reply.header("content-range").and_then(content_range);
    let length = match range {
        Some((from, length)) if from == at => Ok(length),
        _ => Err("from another place than was asked for"),
    };
    let facts = read(blob, reply, length, "x-ms-blob-content-md5")?;
    match facts.etag == etag {
        true => Ok(facts),
        false => Err(unusable(blob, "in another version than was asked for")),
    }
}

/// `reply` cannot be used: it brings `blob` in a way that is wrong.
pub(super) fn unusable(blob: &Blob, wrong: &str) -> Error {
    Error::Reply {
        host: blob.host.clone(),
        problem: format!("sent {} {wrong}", object(blob)),
    }
}

fn read(blob: &Blob, reply: &Reply, length: Result<u64, &str>, md5: &str) -> Result<Facts, Error> {
    let length = length.map_err(|wrong| unusable(blob, wrong))?;
    let etag = reply.header("etag").filter(|etag| is_plain(etag));
    let etag = etag.ok_or_else(|| unusable(blob, "without an ETag that can be sent back"))?;
    let md5 = match reply.header(md5) {
        None => None,
        Some(text) => {
            let digest = digest(text);
            Some(digest.ok_or_else(|| unusable(blob, "with an MD5 that is none"))?)
        }
    };
    Ok(Facts {
        etag: etag.to_owned(),
        length,
        md5,
    })
}

/// Whether an ETag fits into a header and a record.
fn is_plain(etag: &str) -> bool {
    (1..=LONGEST_ETAG).contains(&etag.len()) && etag.bytes().all(|byte| byte.is_ascii_graphic())
}

/// First byte and whole length of `bytes 5-9/10`.
fn content_range(text: &str) -> Option<(u64, u64)> {
    let (range, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, to) = range.split_once('-')?;
    let (from, to, length) = (number(from)?, number(to)?, number(length)?);
    (from <= to && to < length).then_some((from, length))
}

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn digest(base64: &str) -> Option<[u8; 16]> {
    let mut digest = [0; 16];
    let decoded = Base64::decode(base64, &mut digest).ok()?;
    (decoded.len() == 16).then_some(digest)
}

const LONGEST_ETAG: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_where_it_begins_and_how_long_the_whole_is() {
        for (text, wanted) in [
            ("bytes 5-9/10", Some((5, 10))),
            ("bytes 0-0/1", Some((0, 1))),
            ("bytes 5-7/10", Some((5, 10))),
            ("bytes 5-10/10", None),
            ("bytes 7-5/10", None),
            ("bytes 5-9/*", None),
            ("bytes */10", None),
            ("bytes +5-9/10", None),
            ("bytes 5-9/99999999999999999999", None),
            ("5-9/10", None),
            ("", None),
        ] {
            assert_eq!(content_range(text), wanted, "{text}");
        }
    }

    #[test]
    fn an_md5_has_sixteen_bytes() {
        assert_eq!(digest("AAAAAAAAAAAAAAAAAAAAAA=="), Some([0; 16]));
        for bad in [
            "",
            "AAAA",
            "AAAAAAAAAAAAAAAAAAAAAAA=",
            "AAAAAAAAAAAAAAAAAAAAAA",
            "no base64 at all!",
        ] {
            assert_eq!(digest(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_etag_is_short_and_without_blanks() {
        assert!(is_plain("\"0x8DE1234567890AB\""));
        assert!(is_plain(&"e".repeat(128)));
        for bad in ["", "a b", "a\tb", "é", &"e".repeat(129)] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
