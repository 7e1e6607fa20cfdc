//! The body of a reply: bytes at hand, or a part of a blob, which is read as it goes out.

use std::borrow::Cow;

use crate::blob_data::BlobData;

pub(crate) enum Body {
    Bytes(Vec<u8>),
    Part {
        data: BlobData,
        begin: u64,
        length: u64,
    },
}

impl Body {
    pub fn len(&self) -> u64 {
        match self {
            Body::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Body::Part { length, .. } => *length,
        }
    }

    /// At most `most` bytes from `offset` on; empty only at the end.
    pub fn read(&self, offset: u64, most: usize) -> Cow<'_, [u8]> {
        match self {
            Body::Bytes(bytes) => {
                let begin = usize::try_from(offset).unwrap_or(usize::MAX);
                let begin = begin.min(bytes.len());
                let end = begin.saturating_add(most).min(bytes.len());
                Cow::Borrowed(&bytes[begin..end])
            }
            Body::Part {
                data,
                begin,
                length,
            } => {
                let left = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
                data.read(begin + offset, most.min(left))
            }
        }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Body::Bytes(bytes)
    }
}
