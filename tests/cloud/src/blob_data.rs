//! What is in a blob: bytes that are shared by all who read them, or bytes that are made as they
//! are read, so that a blob of any size costs nothing to keep.

use std::borrow::Cow;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(crate) enum BlobData {
    Generated { length: u64, seed: u64 },
    Given(Arc<[u8]>),
}

impl BlobData {
    pub fn len(&self) -> u64 {
        match self {
            BlobData::Generated { length, .. } => *length,
            BlobData::Given(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }

    /// At most `most` bytes from `offset` on; empty only at the end.
    pub fn read(&self, offset: u64, most: usize) -> Cow<'_, [u8]> {
        let left = self.len().saturating_sub(offset);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        match self {
            BlobData::Generated { seed, .. } => Cow::Owned(generated(*seed, offset, count)),
            BlobData::Given(bytes) => {
                let begin = bytes.len() - usize::try_from(left).unwrap_or_default();
                Cow::Borrowed(&bytes[begin..begin + count])
            }
        }
    }

    /// All of it, in steps.
    pub fn blocks(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let mut offset = 0;
        std::iter::from_fn(move || {
            let block = self.read(offset, BLOCK);
            offset += u64::try_from(block.len()).unwrap_or_default();
            (!block.is_empty()).then_some(block)
        })
    }
}

/// Bytes that differ from place to place: whoever resumes at the wrong one has other bytes.
fn generated(seed: u64, offset: u64, count: usize) -> Vec<u8> {
    let first = offset / 8;
    let skipped = usize::try_from(offset % 8).unwrap_or_default();
    let words = u64::try_from((skipped + count).div_ceil(8)).unwrap_or_default();
    let mut bytes = Vec::with_capacity((skipped + count).next_multiple_of(8));
    for word in first..first + words {
        bytes.extend_from_slice(&mixed(seed.wrapping_add(word)).to_le_bytes());
    }
    bytes.drain(..skipped);
    bytes.truncate(count);
    bytes
}

/// SplitMix64's output for this state.
fn mixed(state: u64) -> u64 {
    let state = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

const BLOCK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_blob_are_parts_of_the_whole() {
        let given: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let blobs = [
            BlobData::Given(given.into()),
            BlobData::Generated {
                length: 1000,
                seed: 7,
            },
        ];
        for blob in blobs {
            let whole = blob.read(0, usize::MAX).into_owned();
            assert_eq!(whole.len(), 1000);
            for begin in [0, 1, 7, 8, 9, 500, 999, 1000] {
                for most in [1, 8, 13, 2000] {
                    let end = (begin + most).min(1000);
                    let offset = u64::try_from(begin).unwrap();
                    assert_eq!(*blob.read(offset, most), whole[begin..end]);
                }
            }
            assert!(blob.read(1001, 1).is_empty());
            assert_eq!(blob.blocks().flat_map(Cow::into_owned).count(), 1000);
        }
    }

    #[test]
    fn generated_bytes_depend_on_seed_and_place() {
        let [one, two] = [1, 2].map(|seed| generated(seed, 0, 4096));
        assert_ne!(one, two);
        let blocks: std::collections::BTreeSet<&[u8]> = one.chunks(16).collect();
        assert_eq!(blocks.len(), 256);
    }
}
