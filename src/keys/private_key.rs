//! The device's RSA key.

use std::fmt;

use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RsaEncoding, RsaKeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256};

use super::pem::Section;
use super::pkcs8;
use super::public_key::EC_PUBLIC_KEY;
use super::Certificate;
use crate::error::CredentialProblem;

/// How a message is signed (RFC 7518, 3.3 and 3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PSS, SHA-256, MGF1-SHA-256, 32 bytes of salt.
    Ps256,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    Rs256,
}

impl Algorithm {
    /// As a JOSE header names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }
}

/// An RSA private key of 2048 to 4096 bit.
pub struct PrivateKey(RsaKeyPair);

impl PrivateKey {
    /// Takes the first private key of `sections`.
    ///
    /// # Errors
    /// No key, an encrypted or elliptic-curve one, or an RSA key of another size.
    pub fn from_sections(sections: &[Section]) -> Result<Self, CredentialProblem> {
        for section in sections {
            let pair = match section {
                Section::Certificate(_) | Section::Other(_) => continue,
                Section::Sec1(_) => return Err(CredentialProblem::EllipticKey),
                Section::EncryptedKey => return Err(CredentialProblem::EncryptedKey),
                Section::Pkcs1(der) => RsaKeyPair::from_der(der.expose()),
                Section::Pkcs8(der) if is_elliptic(der.expose()) => {
                    return Err(CredentialProblem::EllipticKey)
                }
                Section::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.expose()),
            };
            return pair
                .map_err(|rejected| rejection(&rejected.to_string()))
                .and_then(Self::sized);
        }
        Err(CredentialProblem::NoKey)
    }

    /// Whether `certificate` holds this key's public half.
    pub fn belongs_to(&self, certificate: &Certificate) -> bool {
        self.0.public_key().as_ref() == certificate.public_key()
    }

    /// Signs `message`. `None` only when the system's random numbers fail.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        let encoding: &dyn RsaEncoding = match algorithm {
            Algorithm::Ps256 => &RSA_PSS_SHA256,
            Algorithm::Rs256 => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0_u8; self.0.public().modulus_len()];
        self.0
            .sign(encoding, &SystemRandom::new(), message, &mut signature)
            .ok()?;
        Some(signature)
    }

    fn sized(pair: RsaKeyPair) -> Result<Self, CredentialProblem> {
        match pair.public().modulus_len() {
            256..=512 => Ok(Self(pair)),
            _ => Err(CredentialProblem::KeySize),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

/// ring names its reasons by word; those about the size share one sentence here.
fn rejection(reason: &str) -> CredentialProblem {
    let about_size = [
        "TooSmall",
        "TooLarge",
        "PrivateModulusLenNotMultipleOf512Bits",
    ];
    if about_size.contains(&reason) {
        CredentialProblem::KeySize
    } else {
        CredentialProblem::BadKey
    }
}

/// Whether a PKCS#8 key names the algorithm `id-ecPublicKey` or one of Edwards's curves.
fn is_elliptic(pkcs8: &[u8]) -> bool {
    let parts = pkcs8::Parts::read(pkcs8);
    parts.is_some_and(|parts| parts.oid == EC_PUBLIC_KEY || parts.oid.starts_with(EDWARDS))
}

/// 1.3.101 (RFC 8410).
const EDWARDS: &[u8] = &[0x2b, 0x65];

#[cfg(test)]
mod tests {
    use cloud::Device;

    use super::super::Pem;
    use super::*;

    fn load(pem: &str) -> Result<PrivateKey, CredentialProblem> {
        PrivateKey::from_sections(&Pem::parse(pem.as_bytes())?.sections)
    }

    #[test]
    fn takes_both_encodings_and_knows_its_certificate() {
        let device = Device::new("gw-0042");
        let certificate = Certificate::parse(&device.certificate_der).unwrap();
        let pkcs1 = device.private_key_pkcs1_pem.unwrap();
        for pem in [&device.private_key_pem, &pkcs1] {
            assert!(load(pem).unwrap().belongs_to(&certificate));
        }
        let other = Device::builder("gw-0042").key(1).build();
        assert!(!load(&other.private_key_pem)
            .unwrap()
            .belongs_to(&certificate));
    }

    #[test]
    fn says_why_a_key_cannot_be_used() {
        let elliptic = Device::builder("gw-0042").elliptic().build();
        let none = Device::new("gw-0042").certificate_pem;
        for (pem, problem) in [
            (elliptic.private_key_pem, CredentialProblem::EllipticKey),
            (
                Device::encrypted_private_key_pem(),
                CredentialProblem::EncryptedKey,
            ),
            (none, CredentialProblem::NoKey),
        ] {
            assert_eq!(load(&pem).unwrap_err(), problem);
        }
    }

    #[test]
    fn rings_words_for_sizes_are_understood() {
        assert_eq!(rejection("TooSmall"), CredentialProblem::KeySize);
        assert_eq!(rejection("InvalidEncoding"), CredentialProblem::BadKey);
    }
}
