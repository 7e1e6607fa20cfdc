//! An X.509 certificate, as far as a sign-in and a chain need it (RFC 5280, 4.1).

use ring::digest;

use super::der::{
    Reader, BOOLEAN, CONTEXT_0, CONTEXT_3, INTEGER, OBJECT_ID, OCTET_STRING, PRIMITIVE_0, SEQUENCE,
    SET,
};
use super::PublicKey;
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

/// Whether one certificate can be the issuer of another, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// It cannot.
    None,
    /// Their names say so.
    Names,
    /// Their names and key identifiers say so.
    KeyIdentifiers,
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

    /// The public key, if it is one for RSA or an elliptic curve.
    pub fn key(&self) -> Option<PublicKey<'_>> {
        PublicKey::read(Body::read(&self.der)?.key_info)
    }

    /// The common name of who issued it, escaped, at most 64 characters.
    pub fn issuer_common_name(&self) -> Option<String> {
        common_name(Reader::new(Body::read(&self.der)?.issuer))
    }

    /// Whether `issuer` can have issued this one, by their names and, where both have them,
    /// their key identifiers (RFC 5280, 4.2.1.1 and 4.2.1.2). Signatures are not checked: who
    /// uses the chain does that.
    pub fn issued_by(&self, issuer: &Self) -> Link {
        let (Some(ours), Some(theirs)) = (Body::read(&self.der), Body::read(&issuer.der)) else {
            return Link::None;
        };
        if ours.issuer != theirs.subject {
            return Link::None;
        }
        match (ours.authority_key(), theirs.subject_key()) {
            (Some(wanted), Some(found)) if wanted != found => Link::None,
            (Some(_), Some(_)) => Link::KeyIdentifiers,
            _ => Link::Names,
        }
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
    let mut body = Body::read(der)?;
    body.key_info.expect(SEQUENCE)?;
    Some(Certificate {
        der: der.to_vec(),
        not_before: body.not_before,
        not_after: body.not_after,
        common_name: common_name(Reader::new(body.subject)),
        public_key: body.key_info.bits()?.to_vec(),
    })
}

/// The parts of a certificate in its DER.
struct Body<'a> {
    issuer: &'a [u8],
    not_before: i64,
    not_after: i64,
    subject: &'a [u8],
    key_info: Reader<'a>,
    /// What stands behind the key: identifiers that nobody uses, and the extensions.
    rest: Reader<'a>,
}

impl<'a> Body<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let mut body = Reader::new(der).enter(SEQUENCE)?.enter(SEQUENCE)?;
        body.skip_optional(CONTEXT_0)?;
        body.expect(INTEGER)?;
        body.expect(SEQUENCE)?;
        let issuer = body.expect(SEQUENCE)?;
        let mut validity = body.enter(SEQUENCE)?;
        Some(Self {
            issuer,
            not_before: validity.time()?,
            not_after: validity.time()?,
            subject: body.expect(SEQUENCE)?,
            key_info: body.enter(SEQUENCE)?,
            rest: body,
        })
    }

    /// The identifier of the key that signed it.
    fn authority_key(&self) -> Option<&'a [u8]> {
        self.extension(AUTHORITY_KEY)?
            .enter(SEQUENCE)?
            .find(PRIMITIVE_0)
    }

    /// The identifier of its own key.
    fn subject_key(&self) -> Option<&'a [u8]> {
        self.extension(SUBJECT_KEY)?.expect(OCTET_STRING)
    }

    fn extension(&self, oid: &[u8]) -> Option<Reader<'a>> {
        let mut rest = self.rest;
        let mut extensions = Reader::new(rest.find(CONTEXT_3)?).enter(SEQUENCE)?;
        loop {
            let mut extension = extensions.enter(SEQUENCE)?;
            let found = extension.expect(OBJECT_ID)?;
            extension.skip_optional(BOOLEAN)?;
            if found == oid {
                return extension.enter(OCTET_STRING);
            }
        }
    }
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
/// `id-ce-authorityKeyIdentifier`, 2.5.29.35.
const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 0x23];
/// `id-ce-subjectKeyIdentifier`, 2.5.29.14.
const SUBJECT_KEY: &[u8] = &[0x55, 0x1d, 0x0e];

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
