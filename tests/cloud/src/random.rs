//! Identifiers that nobody can guess: GUIDs, versions, numbers.

use rsa::rand_core::{OsRng, RngCore};

/// A random GUID (version 4) in lower case.
pub fn guid() -> String {
    let mut bytes = bytes::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    )
}

/// An object version as Key Vault makes them: 32 hexadecimal digits.
pub(crate) fn version() -> String {
    hex(&bytes::<16>())
}

pub(crate) fn bytes<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
