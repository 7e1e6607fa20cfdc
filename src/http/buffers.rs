//! The buffers between ureq and TLS, wiped when the connection goes.
//!
//! 16 KiB in (one TLS record) and 4 KiB out instead of ureq's 128 KiB each. The head of a
//! reply must fit into the buffer, which bounds it.

use ureq::unversioned::transport;
use zeroize::Zeroizing;

/// How long the head of a reply may be, in bytes: just shorter than the buffer, so that
/// ureq says that the head is too long instead of finding the connection dead.
pub(super) const LONGEST_HEAD: usize = INPUT.saturating_sub(1);

/// Input and output of one connection.
pub(super) struct Buffers {
    input: Zeroizing<Vec<u8>>,
    /// `input[consumed..filled]` was received and not yet used.
    consumed: usize,
    filled: usize,
    /// Whether the last use of the input used any of it.
    progress: bool,
    output: Zeroizing<Vec<u8>>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self {
            input: Zeroizing::new(vec![0; INPUT]),
            consumed: 0,
            filled: 0,
            progress: false,
            output: Zeroizing::new(vec![0; OUTPUT]),
        }
    }

    /// The first `amount` bytes of the output.
    pub(super) fn written(&self, amount: usize) -> &[u8] {
        self.output.get(..amount).unwrap_or_default()
    }

    /// Moves what is unused to the front, so that all free room lies behind it.
    fn compact(&mut self) {
        if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled = self.filled.saturating_sub(self.consumed);
            self.consumed = 0;
        }
    }
}

impl transport::Buffers for Buffers {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        self.input
            .get(self.consumed..self.filled)
            .unwrap_or_default()
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.compact();
        self.input.get_mut(self.filled..).unwrap_or_default()
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled = self.filled.saturating_add(amount).min(self.input.len());
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.consumed = self.consumed.saturating_add(amount).min(self.filled);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.compact();
        let free = self.input.get_mut(self.filled..).unwrap_or_default();
        (free, &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.progress && self.consumed < self.filled
    }
}

const INPUT: usize = 16 * 1024;
const OUTPUT: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use transport::Buffers as _;

    #[test]
    fn unused_input_survives_and_a_full_buffer_offers_no_room() {
        let mut buffers = Buffers::new();
        buffers.input_append_buf()[..3].copy_from_slice(b"abc");
        buffers.input_appended(3);
        assert!(!buffers.can_use_input());
        buffers.input_consume(2);
        assert!(buffers.can_use_input());
        assert_eq!(buffers.input(), b"c");
        assert_eq!(buffers.input_append_buf().len(), INPUT - 1);
        assert_eq!(buffers.input(), b"c");
        buffers.input_appended(INPUT);
        assert!(buffers.input_append_buf().is_empty());
        buffers.input_consume(INPUT);
        assert!(!buffers.can_use_input());
        assert_eq!(buffers.input_append_buf().len(), INPUT);
    }
}
