//! Who signed an assertion: the certificate its header names, and whether the application has it.
//!
//! Either the certificate is registered, or it has a trusted subject; then `x5c` must hold it and
//! the subject's issuer must have signed it.

use base64::prelude::{Engine, BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::{Digest, Sha256};
use rsa::signature::Verifier;
use rsa::{pkcs1v15, pss, RsaPublicKey};
use serde_json::Value;
use sha1::Sha1;
use x509_cert::der::{Decode, Encode};
use x509_cert::Certificate;

use crate::assertion::{malformed, Expected};
use crate::directory::{Registration, TrustedSubject};
use crate::facts::Authority;
use crate::log::Logged;
use crate::random::hex;
use crate::refusal::Refusal;

/// The certificate that the header names: a registered one, or one of a trusted subject.
pub(crate) fn signing_certificate(
    header: &Value,
    expected: &Expected,
    record: &mut Logged,
) -> Result<Vec<u8>, Refusal> {
    let registration = expected.registration;
    let thumbprint = Thumbprint::of(header, expected.authority, record)?;
    let chain = sent_chain(header, record)?;
    if let Some(leaf) = chain.first() {
        if !thumbprint.is_of(leaf) {
            return Err(malformed("x5c does not begin with the certificate of x5t"));
        }
    }
    let registered = registration
        .certificates
        .iter()
        .find(|certificate| thumbprint.is_of(certificate));
    let certificate = match (registered, chain.first()) {
        (Some(certificate), _) => certificate,
        (None, Some(leaf)) if !registration.trusted_subjects.is_empty() => {
            trusted(leaf, &registration.trusted_subjects)?;
            leaf
        }
        _ => return Err(invalid("The key was not found.", &thumbprint, registration)),
    };
    match is_valid_at(certificate, expected.now) {
        true => Ok(certificate.clone()),
        false => Err(invalid(
            "The key used is expired.",
            &thumbprint,
            registration,
        )),
    }
}

fn is_valid_at(certificate: &[u8], now: i64) -> bool {
    let Ok(parsed) = Certificate::from_der(certificate) else {
        return false;
    };
    let validity = parsed.tbs_certificate.validity;
    let now = u64::try_from(now).unwrap_or_default();
    let begins = validity.not_before.to_unix_duration().as_secs();
    let ends = validity.not_after.to_unix_duration().as_secs();
    (begins..=ends).contains(&now)
}

/// How a header names its certificate.
enum Thumbprint {
    Sha1(Vec<u8>),
    Sha256(Vec<u8>),
}

impl Thumbprint {
    fn of(
        header: &Value,
        authority: Authority,
        record: &mut Logged,
    ) -> Result<Thumbprint, Refusal> {
        let (sha1, sha256) = (header["x5t"].as_str(), header["x5t#S256"].as_str());
        match (authority, sha1, sha256) {
            (Authority::Entra, _, Some(text)) => digest::<32>(text, record).map(Thumbprint::Sha256),
            (Authority::Entra, Some(text), None) => {
                record.note("certificate named by its SHA-1 thumbprint");
                digest::<20>(text, record).map(Thumbprint::Sha1)
            }
            (Authority::AdFs, Some(text), None) => digest::<20>(text, record).map(Thumbprint::Sha1),
            (Authority::AdFs, _, Some(_)) => Err(malformed("AD FS knows no x5t#S256")),
            (_, None, None) => Err(Refusal::client(
                5002723,
                "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 \
                 thumbprint, nor keyId specified in token header.",
            )),
        }
    }

    fn is_of(&self, certificate: &[u8]) -> bool {
        match self {
            Thumbprint::Sha1(digest) => digest[..] == Sha1::digest(certificate)[..],
            Thumbprint::Sha256(digest) => digest[..] == Sha256::digest(certificate)[..],
        }
    }

    fn text(&self) -> String {
        let (Thumbprint::Sha1(digest) | Thumbprint::Sha256(digest)) = self;
        hex(digest).to_uppercase()
    }
}

/// A digest in base64url; standard base64 is taken and noted.
fn digest<const LENGTH: usize>(text: &str, record: &mut Logged) -> Result<Vec<u8>, Refusal> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).or_else(|_| {
        record.note("thumbprint is not unpadded base64url");
        let padless = text
            .trim_end_matches('=')
            .replace('+', "-")
            .replace('/', "_");
        BASE64_URL_SAFE_NO_PAD.decode(padless)
    });
    match bytes {
        Ok(bytes) if bytes.len() == LENGTH => Ok(bytes),
        _ => Err(malformed("its thumbprint has the wrong form")),
    }
}

fn sent_chain(header: &Value, record: &mut Logged) -> Result<Vec<Vec<u8>>, Refusal> {
    let entries = match &header["x5c"] {
        Value::Null => return Ok(Vec::new()),
        Value::String(_) => std::slice::from_ref(&header["x5c"]),
        Value::Array(entries) if !entries.is_empty() => entries.as_slice(),
        _ => return Err(malformed("x5c is not a list of certificates")),
    };
    entries
        .iter()
        .map(|entry| decode_certificate(entry.as_str()?, record))
        .collect::<Option<_>>()
        .ok_or_else(|| malformed("x5c holds something that is not a certificate"))
}

/// A certificate in standard base64; line breaks are taken, as MSAL sends them, and noted.
fn decode_certificate(text: &str, record: &mut Logged) -> Option<Vec<u8>> {
    let compact: String = text.split_ascii_whitespace().collect();
    if compact.len() != text.len() {
        record.note("x5c with white space");
    }
    let der = BASE64_STANDARD.decode(compact).ok()?;
    Certificate::from_der(&der).ok()?;
    Some(der)
}

/// Whether `leaf` has a trusted subject and was signed by that subject's issuer.
fn trusted(leaf: &[u8], subjects: &[TrustedSubject]) -> Result<(), Refusal> {
    let parsed = Certificate::from_der(leaf).map_err(|_| malformed("x5c cannot be read"))?;
    let subject = parsed.tbs_certificate.subject.to_string();
    let allowed: Vec<_> = subjects
        .iter()
        .filter(|trusted| trusted.subject == subject)
        .collect();
    if allowed.is_empty() {
        return Err(Refusal::client(
            700030,
            format!(
                "Invalid certificate - subject name in certificate is not authorized. \
                 SubjectNames/SubjectAlternativeNames (up to 10) in token certificate: '{subject}'."
            ),
        ));
    }
    match allowed
        .iter()
        .any(|trusted| issued_by(&parsed, &trusted.issuer))
    {
        true => Ok(()),
        false => Err(Refusal::client(
            700027,
            "Client assertion contains an invalid signature. \
             [Reason - The certificate chain does not lead to a trusted issuer.]",
        )),
    }
}

fn issued_by(leaf: &Certificate, issuer: &[u8]) -> bool {
    let Ok(parsed) = Certificate::from_der(issuer) else {
        return false;
    };
    let signed = leaf.tbs_certificate.to_der().unwrap_or_default();
    let signature = leaf.signature.as_bytes().unwrap_or_default();
    parsed.tbs_certificate.subject == leaf.tbs_certificate.issuer
        && Algorithm::Pkcs1.verifies(issuer, &signed, signature)
}

/// How a signature is made.
#[derive(Clone, Copy)]
pub(crate) enum Algorithm {
    Pkcs1,
    Pss,
}

impl Algorithm {
    /// The algorithm of a header.
    pub fn of(
        header: &Value,
        authority: Authority,
        record: &mut Logged,
    ) -> Result<Algorithm, Refusal> {
        match (header["alg"].as_str(), authority) {
            (Some("RS256"), Authority::AdFs) => Ok(Algorithm::Pkcs1),
            (Some("PS256"), Authority::Entra) => Ok(Algorithm::Pss),
            (Some("RS256"), Authority::Entra) => {
                record.note("assertion signed with RS256");
                Ok(Algorithm::Pkcs1)
            }
            _ => Err(malformed("its signature algorithm is not supported")),
        }
    }

    /// The algorithm of another issuer's token.
    pub fn of_foreign(header: &Value) -> Result<Algorithm, Refusal> {
        match header["alg"].as_str() {
            Some("PS256") => Ok(Algorithm::Pss),
            Some("RS256") => Ok(Algorithm::Pkcs1),
            other => Err(Refusal::request(
                5002738,
                format!(
                    "Invalid JWT token. '{}' is not a supported signature algorithm.",
                    other.unwrap_or_default()
                ),
            )),
        }
    }

    /// Whether the certificate's key made the signature.
    pub fn verifies(self, certificate: &[u8], signed: &[u8], signature: &[u8]) -> bool {
        public_key(certificate).is_some_and(|key| self.fits(&key, signed, signature))
    }

    /// Whether the key made the signature.
    pub fn fits(self, key: &RsaPublicKey, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Algorithm::Pkcs1 => pkcs1v15::Signature::try_from(signature).is_ok_and(|signature| {
                pkcs1v15::VerifyingKey::<Sha256>::new(key.clone())
                    .verify(signed, &signature)
                    .is_ok()
            }),
            Algorithm::Pss => pss::Signature::try_from(signature).is_ok_and(|signature| {
                pss::VerifyingKey::<Sha256>::new(key.clone())
                    .verify(signed, &signature)
                    .is_ok()
            }),
        }
    }
}

fn public_key(certificate: &[u8]) -> Option<RsaPublicKey> {
    let parsed = Certificate::from_der(certificate).ok()?;
    let key = parsed
        .tbs_certificate
        .subject_public_key_info
        .to_der()
        .ok()?;
    RsaPublicKey::from_public_key_der(&key).ok()
}

fn invalid(reason: &str, thumbprint: &Thumbprint, registration: &Registration) -> Refusal {
    Refusal::client(
        700027,
        format!(
            "Client assertion contains an invalid signature. [Reason - {reason}, \
             Thumbprint of key used by client: '{}', Please visit the Azure Portal, Graph Explorer \
             or directly use MS Graph to see configured keys for app Id '{}'. Alternatively, SNI \
             may be configured on the app. Please ensure that client assertion is being sent with \
             the x5c claim in the JWT header.]",
            thumbprint.text(),
            registration.app.client_id
        ),
    )
}
