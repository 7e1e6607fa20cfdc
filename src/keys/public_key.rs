//! The public half of a key, as certificates and files hold it: `SubjectPublicKeyInfo`
//! (RFC 5280, 4.1.2.7) of RSA (RFC 3279, 2.3.1) and elliptic-curve keys (RFC 5480).

use super::der::{element, Reader, BIT_STRING, INTEGER, OBJECT_ID, SEQUENCE};
use crate::secret::Secret;

/// A public key. Equal ones belong to the same private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKey<'a> {
    /// A point on a named curve.
    Elliptic {
        /// The curve's object identifier.
        curve: &'a [u8],
        /// The point (SEC1, 2.3.3).
        point: &'a [u8],
    },
    /// Two numbers, most significant byte first, without leading zeros.
    Rsa {
        /// The modulus.
        modulus: &'a [u8],
        /// The public exponent.
        exponent: &'a [u8],
    },
}

/// A curve of NIST that Key Vault has.
#[derive(Debug)]
pub struct Curve {
    /// Its name in a JSON Web Key.
    pub name: &'static str,
    /// Its object identifier.
    pub oid: &'static [u8],
    /// Bytes of a coordinate.
    pub size: usize,
}

impl<'a> PublicKey<'a> {
    /// Reads the content of a `SubjectPublicKeyInfo`. `None` too if its algorithm is another.
    pub(super) fn read(mut info: Reader<'a>) -> Option<Self> {
        let mut algorithm = info.enter(SEQUENCE)?;
        let key = info.bits()?;
        match algorithm.expect(OBJECT_ID)? {
            EC_PUBLIC_KEY => Some(Self::Elliptic {
                curve: algorithm.expect(OBJECT_ID)?,
                point: key,
            }),
            RSA => Self::read_rsa(Reader::new(key).enter(SEQUENCE)?),
            _ => None,
        }
    }

    /// Reads modulus and exponent, which stand in this order.
    pub(super) fn read_rsa(mut numbers: Reader<'a>) -> Option<Self> {
        Some(Self::Rsa {
            modulus: numbers.unsigned()?,
            exponent: numbers.unsigned()?,
        })
    }

    /// DER of its `SubjectPublicKeyInfo`.
    pub fn info(self) -> Secret {
        let (algorithm, key) = match self {
            Self::Elliptic { curve, point } => (elliptic(curve), Secret::copy_of(point)),
            Self::Rsa { modulus, exponent } => {
                let (modulus, exponent) = (integer(modulus), integer(exponent));
                let pair = element(SEQUENCE, &[modulus.expose(), exponent.expose()]);
                (Secret::copy_of(RSA_ALGORITHM), pair)
            }
        };
        let key = element(BIT_STRING, &[&[0], key.expose()]);
        element(SEQUENCE, &[algorithm.expose(), key.expose()])
    }
}

impl Curve {
    /// The curve that a JSON Web Key names so.
    pub fn of_name(name: &str) -> Option<&'static Self> {
        CURVES.iter().find(|curve| curve.name == name)
    }
}

/// The `AlgorithmIdentifier` of keys on `curve`.
pub(super) fn elliptic(curve: &[u8]) -> Secret {
    let oid = element(OBJECT_ID, &[EC_PUBLIC_KEY]);
    let curve = element(OBJECT_ID, &[curve]);
    element(SEQUENCE, &[oid.expose(), curve.expose()])
}

fn integer(number: &[u8]) -> Secret {
    // A first bit of one would make it negative, and no byte at all is no number.
    let sign: &[u8] = match number.first() {
        Some(0..=0x7f) => &[],
        _ => &[0],
    };
    element(INTEGER, &[sign, number])
}

/// 1.2.840.10045.2.1, `id-ecPublicKey`.
pub(super) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7, `secp256r1`.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34, `secp384r1`.
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// 1.3.132.0.35, `secp521r1`.
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
/// 1.2.840.113549.1.1.1, `rsaEncryption`.
pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// The `AlgorithmIdentifier` of `rsaEncryption`, whose parameters are NULL.
pub(super) const RSA_ALGORITHM: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

const CURVES: [Curve; 3] = [
    Curve {
        name: "P-256",
        oid: P256,
        size: 32,
    },
    Curve {
        name: "P-384",
        oid: P384,
        size: 48,
    },
    Curve {
        name: "P-521",
        oid: P521,
        size: 66,
    },
];
