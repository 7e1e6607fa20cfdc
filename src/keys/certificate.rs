//! An X.509 certificate, as far as a sign-in needs it (RFC 5280, 4.1).

use ring::digest;

use super::der::{Reader, BIT_STRING, CONTEXT_0, INTEGER, OBJECT_ID, SEQUENCE, SET};
use crate::error::CredentialProblem;
use crate::name;

/// A certificate and what was read from it. Its signature is not checked: the authority
/// decides whether it trusts it.
#[derive(Debug)]
pub struct Certificate {
    der: Vec<u8>,
    not_before: i64,
    not_after: i64,
    common_name: Option<String>,
    public_key: Vec<u8>,
}

impl Certificate {
    /// Reads `der`.
    pub fn parse(der: &[u8]) -> Result<Self, CredentialProblem> {
        read(der).ok_or(CredentialProblem::BadCertificate)
    }

    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Seconds since 1970 from when it is valid.
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// Seconds since 1970 until when it is valid.
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// The subject's common name, escaped, at most 64 characters.
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// The public key: for RSA, DER of PKCS#1's `RSAPublicKey`.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// SHA-256 of the DER: the thumbprint behind `x5t#S256`.
    pub fn thumbprint(&self) -> digest::Digest {
        digest::digest(&digest::SHA256, &self.der)
    }

    /// SHA-1 of the DER: the thumbprint behind `x5t`, the only one that AD FS knows. It finds
    /// a registered certificate; nothing rests on its strength.
    pub fn legacy_thumbprint(&self) -> digest::Digest {
        digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.der)
    }
}

fn read(der: &[u8]) -> Option<Certificate> {
    let mut certificate = Reader::new(der).enter(SEQUENCE)?;
    let mut body = certificate.enter(SEQUENCE)?;
    body.skip_optional(CONTEXT_0)?;
    body.expect(INTEGER)?;
    body.expect(SEQUENCE)?;
    body.expect(SEQUENCE)?;
    let mut validity = body.enter(SEQUENCE)?;
    let (not_before, not_after) = (validity.time()?, validity.time()?);
    let common_name = common_name(body.enter(SEQUENCE)?);
    let mut key_info = body.enter(SEQUENCE)?;
    key_info.expect(SEQUENCE)?;
    // The first byte of a bit string counts unused bits: none in a key.
    let public_key = key_info.expect(BIT_STRING)?.strip_prefix(&[0])?.to_vec();
    Some(Certificate {
        der: der.to_vec(),
        not_before,
        not_after,
        common_name,
        public_key,
    })
}

/// The last `CN` of a distinguished name.
fn common_name(mut distinguished_name: Reader<'_>) -> Option<String> {
    let mut found = None;
    while let Some(mut relative) = distinguished_name.enter(SET) {
        let mut attribute = relative.enter(SEQUENCE)?;
        if attribute.expect(OBJECT_ID)? == COMMON_NAME {
            found = attribute
                .next()
                .map(|value| name::foreign(&String::from_utf8_lossy(value.content), 64));
        }
    }
    found
}

/// `id-at-commonName`, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

#[cfg(test)]
mod tests {
    use cloud::Device;

    use super::*;

    #[test]
    fn reads_what_a_sign_in_needs() {
        let device = Device::new("gw-0042");
        let certificate = Certificate::parse(&device.certificate_der).unwrap();
        assert_eq!(certificate.common_name(), Some("gw-0042"));
        assert!(certificate.not_before() < certificate.not_after());
        assert_eq!(certificate.der(), device.certificate_der);
    }

    #[test]
    fn any_cut_or_changed_certificate_is_read_or_refused_without_panic() {
        let whole = Device::new("gw-0042").certificate_der;
        for length in 0..whole.len() {
            assert!(
                Certificate::parse(&whole[..length]).is_err(),
                "cut at {length}"
            );
        }
        for place in 0..whole.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[place] ^= change;
                let _ = Certificate::parse(&changed);
            }
        }
    }
}
