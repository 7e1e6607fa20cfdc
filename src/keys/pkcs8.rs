//! A private key of a vault, as PKCS#8 (RFC 5958): what it signs with is not its matter,
//! only whose key it is.

use super::der::{
    element, Reader, CONTEXT_0, CONTEXT_1, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE,
};
use super::public_key::{elliptic, EC_PUBLIC_KEY, RSA, RSA_ALGORITHM};
use super::{Certificate, PublicKey};
use crate::error::CertificateProblem;
use crate::secret::Secret;

/// An RSA or elliptic-curve private key.
#[derive(Debug)]
pub struct Pkcs8(Secret);

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
        public_half(der.expose())?;
        Ok(Self(der))
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
        let ours = public_half(self.der()).ok();
        ours.is_some() && ours == certificate.key()
    }

    /// Whether `other` is the same key, maybe in another form.
    pub fn is_same_as(&self, other: &Self) -> bool {
        public_half(self.der()) == public_half(other.der())
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

/// What the key says of its public half.
fn public_half(pkcs8: &[u8]) -> Result<PublicKey<'_>, CertificateProblem> {
    let parts = Parts::read(pkcs8).ok_or(CertificateProblem::BadKey)?;
    match parts.oid {
        EC_PUBLIC_KEY => {
            let (curve, mut rest) = elliptic_half(parts).ok_or(CertificateProblem::BadKey)?;
            let point = rest.find(CONTEXT_1).map(Reader::new);
            let point = point.and_then(|mut point| point.bits());
            let point = point.ok_or(CertificateProblem::KeyWithoutPublicPart)?;
            Ok(PublicKey::Elliptic { curve, point })
        }
        RSA => rsa_half(parts).ok_or(CertificateProblem::BadKey),
        _ => Err(CertificateProblem::KeyAlgorithm),
    }
}

/// The curve, and what stands behind the secret number: the point, unless it was left out.
fn elliptic_half(mut parts: Parts<'_>) -> Option<(&[u8], Reader<'_>)> {
    let curve = parts.parameters.expect(OBJECT_ID)?;
    let mut key = parts.key.enter(SEQUENCE)?;
    key.expect(INTEGER)?;
    key.expect(OCTET_STRING)?;
    Some((curve, key))
}

fn rsa_half(mut parts: Parts<'_>) -> Option<PublicKey<'_>> {
    let mut numbers = parts.key.enter(SEQUENCE)?;
    numbers.expect(INTEGER)?;
    PublicKey::read_rsa(numbers)
}
