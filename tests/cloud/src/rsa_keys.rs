//! RSA keys. Each takes a moment to make, so they are kept for the life of the process, and a
//! machine on which the moment is long can be given them beforehand.

use std::collections::HashMap;
use std::io;
use std::sync::Mutex;

use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts;
use rsa::RsaPrivateKey;

use crate::lock;

/// Keys to be used, each once, before new ones are made: any number of PKCS#8 keys as PEM.
pub fn give_rsa_keys(pem: &str) -> io::Result<()> {
    let mut keys = Vec::new();
    for text in pem.split_inclusive(END).filter(|text| text.contains(END)) {
        keys.push(RsaPrivateKey::from_pkcs8_pem(text.trim_start()).map_err(io::Error::other)?);
    }
    if keys.is_empty() {
        return Err(io::Error::other("no private key of PKCS#8"));
    }
    lock(&GIVEN).append(&mut keys);
    Ok(())
}

/// A key that nobody else has.
pub(crate) fn new_rsa_key(bits: usize) -> RsaPrivateKey {
    let given = {
        let mut keys = lock(&GIVEN);
        let fits = keys.iter().position(|key| key.n().bits() == bits);
        fits.map(|place| keys.swap_remove(place))
    };
    given.unwrap_or_else(|| RsaPrivateKey::new(&mut OsRng, bits).expect("the size is sound"))
}

/// The process's key of this size and number.
pub(crate) fn rsa_key(bits: usize, number: usize) -> RsaPrivateKey {
    static KEYS: Mutex<Option<HashMap<(usize, usize), RsaPrivateKey>>> = Mutex::new(None);
    lock(&KEYS)
        .get_or_insert_default()
        .entry((bits, number))
        .or_insert_with(|| new_rsa_key(bits))
        .clone()
}

static GIVEN: Mutex<Vec<RsaPrivateKey>> = Mutex::new(Vec::new());

const END: &str = "-----END PRIVATE KEY-----";

#[cfg(test)]
mod tests {
    use super::*;
    use rsa::pkcs8::{EncodePrivateKey, LineEnding};

    #[test]
    fn given_keys_are_used_once_where_their_size_fits() {
        // A size that no other test of this process asks for.
        let bits = 1040;
        let given = new_rsa_key(bits);
        let pem = given.to_pkcs8_pem(LineEnding::LF).unwrap();
        give_rsa_keys(&pem).unwrap();
        assert_ne!(new_rsa_key(bits + 16), given);
        assert_eq!(new_rsa_key(bits), given);
        assert_ne!(new_rsa_key(bits), given);
    }

    #[test]
    fn what_holds_no_key_is_refused() {
        for text in [
            "",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(give_rsa_keys(text).is_err(), "{text}");
        }
    }
}
