//! Names nobody else chooses: 16 hexadecimal digits from the system's random numbers.

use std::fmt::Write as _;

use rustix::io::retry_on_intr;
use rustix::rand::{getrandom, GetRandomFlags};

use crate::error::Error;

/// 16 random hexadecimal digits in lower case.
pub fn random_id() -> Result<String, Error> {
    let mut bytes = [0_u8; 8];
    let got = retry_on_intr(|| getrandom(&mut bytes, GetRandomFlags::empty()));
    if got != Ok(bytes.len()) {
        return Err(Error::Internal {
            what: "the system gave no random numbers".to_owned(),
        });
    }
    Ok(hex(&bytes))
}

/// `bytes` as hexadecimal digits in lower case.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether `text` could have come from [`random_id`].
pub fn is_id(text: &str) -> bool {
    text.len() == 16
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sixteen_hexadecimal_digits_and_differ() {
        let (one, other) = (random_id().unwrap(), random_id().unwrap());
        assert!(is_id(&one) && is_id(&other));
        assert_ne!(one, other);
        for foreign in [
            "",
            "0123456789abcde",
            "0123456789ABCDEF",
            "0123456789abcdefg",
            "current",
        ] {
            assert!(!is_id(foreign), "{foreign:?}");
        }
    }
}
