//! Identifiers that nobody made before: of requests, of assertions.

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::Error;

/// A random UUID (RFC 9562, version 4).
pub fn unique_id() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| no_random())?;
    let number = u128::from_be_bytes(bytes) & !VERSION_AND_VARIANT_MASK | VERSION_4_VARIANT_1;
    let digits = format!("{number:032x}");
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    Ok([
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-"))
}

fn no_random() -> Error {
    Error::Internal {
        what: "the system gives no random numbers".to_owned(),
    }
}

const VERSION_AND_VARIANT_MASK: u128 = 0x0000_0000_0000_f000_c000_0000_0000_0000;
const VERSION_4_VARIANT_1: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_ids_are_version_4() {
        let id = unique_id().unwrap();
        assert!(crate::name::is_guid(&id), "{id}");
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_ne!(id, unique_id().unwrap());
    }
}
