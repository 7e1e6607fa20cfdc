//! MD5 (RFC 1321), in which storage still tells whether a blob arrived whole.

/// The digest of what the blocks make up together.
pub(crate) fn digest<'a>(blocks: impl Iterator<Item = std::borrow::Cow<'a, [u8]>>) -> [u8; 16] {
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let table = table();
    let mut length: u64 = 0;
    let mut pending: Vec<u8> = Vec::new();
    for block in blocks {
        length += u64::try_from(block.len()).unwrap_or_default();
        pending.extend_from_slice(&block);
        let whole = pending.len() / 64 * 64;
        for chunk in pending[..whole].chunks_exact(64) {
            mix(&mut state, chunk, &table);
        }
        pending.drain(..whole);
    }
    pending.push(0x80);
    let zeros = (64 + 56 - pending.len() % 64) % 64;
    pending.resize(pending.len() + zeros, 0);
    pending.extend_from_slice(&(length * 8).to_le_bytes());
    for chunk in pending.chunks_exact(64) {
        mix(&mut state, chunk, &table);
    }
    let mut digest = [0; 16];
    for (place, word) in digest.chunks_exact_mut(4).zip(state) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    digest
}

fn mix(state: &mut [u32; 4], chunk: &[u8], table: &[u32; 64]) {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(chunk.chunks_exact(4)) {
        *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    let [mut a, mut b, mut c, mut d] = *state;
    for step in 0..64 {
        let (mixed, index) = match step / 16 {
            0 => ((b & c) | (!b & d), step),
            1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
            2 => (b ^ c ^ d, (3 * step + 5) % 16),
            _ => (c ^ (b | !d), (7 * step) % 16),
        };
        let sum = a
            .wrapping_add(mixed)
            .wrapping_add(table[step])
            .wrapping_add(words[index]);
        let turned = sum.rotate_left(TURNS[step / 16][step % 4]);
        (a, d, c, b) = (d, c, b, b.wrapping_add(turned));
    }
    for (word, change) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(change);
    }
}

/// The integer part of 2³² times the sine of 1 to 64, made positive.
fn table() -> [u32; 64] {
    let mut table = [0; 64];
    for (angle, value) in (1_u32..).zip(&mut table) {
        let scaled = f64::from(angle).sin().abs() * 4_294_967_296.0;
        *value = scaled as u32;
    }
    table
}

const TURNS: [[u32; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::hex;

    /// RFC 1321 A.5.
    #[test]
    fn agrees_with_the_rfc() {
        let cases = [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ];
        for (text, expected) in cases {
            for size in [1, 3, 64, 100] {
                let blocks = text.as_bytes().chunks(size).map(Into::into);
                assert_eq!(hex(&digest(blocks)), expected, "{text} by {size}");
            }
        }
    }
}
