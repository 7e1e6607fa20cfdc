//! A private key of a vault, as PKCS#8 (RFC 5958): what it signs with is not its matter,
//! only whose key it is.

use ring::rand::SystemRandom;
use ring::signature::{
    EcdsaKeyPair, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
};

use super::der::{
    element, Reader, CONTEXT_0, CONTEXT_1, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE,
};
use super::public_key::{elliptic, EC_PUBLIC_KEY, P256, P384, RSA, RSA_ALGORITHM};
use super::{Certificate, PublicKey};
use crate::error::CertificateProblem;
use crate::secret::Secret;

/// An RSA or elliptic-curve private key.
#[derive(Debug)]
pub struct Pkcs8(Secret);

/// What a key says of its public half.
#[derive(PartialEq)]
enum Half<'a> {
    /// All of it.
    Public(PublicKey<'a>),
    /// Only the curve: SEC1 need not hold the point.
    Private { curve: &'a [u8], scalar: &'a [u8] },
}

/// The parts of a PKCS#8 key.
pub(super) struct Parts<'a> {
    /// The algorithm.
    pub(super) oid: &'a [u8],
    /// What stands behind it: the curve.
    parameters: Reader<'a>,
    /// The key in the algorithm's own form.
    key: Reader<'a>,
}

impl Pkcs8 {
    /// Takes DER of PKCS#8, which stays as it is.
    ///
    /// # Errors
    /// It is no such key, of another algorithm, or does not let its certificate be found.
    pub fn new(der: Secret) -> Result<Self, CertificateProblem> {
        match half(der.expose())? {
            Half::Private { curve, .. } if curve != P256 && curve != P384 => {
                Err(CertificateProblem::KeyWithoutPublicPart)
            }
            _ => Ok(Self(der)),
        }
    }

    /// Wraps DER of PKCS#1 (RFC 8017, A.1.2); errors as of [`Self::new`].
    pub fn from_pkcs1(key: &Secret) -> Result<Self, CertificateProblem> {
        Self::wrap(RSA_ALGORITHM, key)
    }

    /// Wraps DER of SEC1 (RFC 5915), which names its curve; errors as of [`Self::new`].
    pub fn from_sec1(key: &Secret) -> Result<Self, CertificateProblem> {
        let curve = || {
            let curve = Reader::new(key.expose()).enter(SEQUENCE)?.find(CONTEXT_0)?;
            Reader::new(curve).expect(OBJECT_ID)
        };
        let curve = curve().ok_or(CertificateProblem::BadKey)?;
        Self::wrap(elliptic(curve).expose(), key)
    }

    /// Its DER.
    pub fn der(&self) -> &[u8] {
        self.0.expose()
    }

    /// Whether `certificate` holds its public half.
    pub fn belongs_to(&self, certificate: &Certificate) -> bool {
        let Some(theirs) = certificate.key() else {
            return false;
        };
        match (half(self.der()), theirs) {
            (Ok(Half::Public(ours)), _) => ours == theirs,
            (
                Ok(Half::Private {
                    curve: ours,
                    scalar,
                }),
                PublicKey::Elliptic { curve, point },
            ) => ours == curve && is_pair(curve, scalar, point),
            _ => false,
        }
    }

    /// Whether `other` is the same key, maybe in another form.
    pub fn is_same_as(&self, other: &Self) -> bool {
        matches!((half(self.der()), half(other.der())), (Ok(ours), Ok(theirs)) if ours == theirs)
    }

    fn wrap(algorithm: &[u8], key: &Secret) -> Result<Self, CertificateProblem> {
        let version = element(INTEGER, &[&[0]]);
        let key = element(OCTET_STRING, &[key.expose()]);
        let parts = [version.expose(), algorithm, key.expose()];
        Self::new(element(SEQUENCE, &parts))
    }
}

impl<'a> Parts<'a> {
    pub(super) fn read(pkcs8: &'a [u8]) -> Option<Self> {
        let mut info = Reader::new(pkcs8).enter(SEQUENCE)?;
        info.expect(INTEGER)?;
        let mut parameters = info.enter(SEQUENCE)?;
        Some(Self {
            oid: parameters.expect(OBJECT_ID)?,
            parameters,
            key: info.enter(OCTET_STRING)?,
        })
    }
}

fn half(pkcs8: &[u8]) -> Result<Half<'_>, CertificateProblem> {
    let parts = Parts::read(pkcs8).ok_or(CertificateProblem::BadKey)?;
    let half = match parts.oid {
        EC_PUBLIC_KEY => elliptic_half(parts),
        RSA => rsa_half(parts),
        _ => return Err(CertificateProblem::KeyAlgorithm),
    };
    half.ok_or(CertificateProblem::BadKey)
}

fn rsa_half(mut parts: Parts<'_>) -> Option<Half<'_>> {
    let mut numbers = parts.key.enter(SEQUENCE)?;
    numbers.expect(INTEGER)?;
    PublicKey::read_rsa(numbers).map(Half::Public)
}

fn elliptic_half(mut parts: Parts<'_>) -> Option<Half<'_>> {
    let curve = parts.parameters.expect(OBJECT_ID)?;
    let mut key = parts.key.enter(SEQUENCE)?;
    key.expect(INTEGER)?;
    let scalar = key.expect(OCTET_STRING)?;
    Some(match key.find(CONTEXT_1) {
        None => Half::Private { curve, scalar },
        Some(point) => Half::Public(PublicKey::Elliptic {
            curve,
            point: Reader::new(point).bits()?,
        }),
    })
}

/// Whether `point` is `scalar` times the curve's generator.
fn is_pair(curve: &[u8], scalar: &[u8], point: &[u8]) -> bool {
    let algorithm = match curve {
        P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
        P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        _ => return false,
    };
    let random = SystemRandom::new();
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, point, &random).is_ok()
}
