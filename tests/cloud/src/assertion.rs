//! Verifies client assertions as Entra does, with the `rsa` crate: another implementation than
//! the one that signs them in the product.
//!
//! It is as strict as Entra and in places stricter (`jti` must be there and new); what Entra
//! forgives is noted on the request's record.

use base64::prelude::{Engine, BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::{Digest, Sha256};
use rsa::signature::Verifier;
use rsa::{pkcs1v15, pss, RsaPublicKey};
use serde_json::Value;
use sha1::Sha1;
use x509_cert::der::{Decode, Encode};
use x509_cert::Certificate;

use crate::clock::timestamp;
use crate::directory::{Registration, TrustedSubject};
use crate::log::Logged;
use crate::random::hex;
use crate::refusal::Refusal;

/// What an assertion has to agree with.
pub(crate) struct Expected<'a> {
    /// The audiences this tenant accepts.
    pub audiences: Vec<String>,
    pub registration: &'a Registration,
    pub now: i64,
}

/// Checks everything but replay; gives the assertion's `jti`.
pub(crate) fn verify(
    assertion: &str,
    expected: &Expected,
    record: &mut Logged,
) -> Result<String, Refusal> {
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header_text, payload_text, signature_text] = parts[..] else {
        return Err(malformed("it does not have three parts"));
    };
    let header = json_part(header_text)?;
    let payload = json_part(payload_text)?;
    let signature = BASE64_URL_SAFE_NO_PAD
        .decode(signature_text)
        .map_err(|_| malformed("its signature is not base64url"))?;
    let algorithm = Algorithm::of(&header, record)?;
    let certificate = signing_certificate(&header, expected.registration, record)?;
    let signed = format!("{header_text}.{payload_text}");
    if !algorithm.verifies(&certificate, signed.as_bytes(), &signature) {
        return Err(Refusal::client(
            700027,
            "Client assertion contains an invalid signature. \
             [Reason - The key used to sign the assertion does not match.]",
        ));
    }
    check_claims(&payload, expected, record)
}

#[derive(Clone, Copy)]
enum Algorithm {
    Pkcs1,
    Pss,
}

impl Algorithm {
    fn of(header: &Value, record: &mut Logged) -> Result<Algorithm, Refusal> {
        match header["alg"].as_str() {
            Some("PS256") => Ok(Algorithm::Pss),
            Some("RS256") => {
                record.note("assertion signed with RS256");
                Ok(Algorithm::Pkcs1)
            }
            _ => Err(malformed("its signature algorithm is not supported")),
        }
    }

    fn verifies(self, certificate: &[u8], signed: &[u8], signature: &[u8]) -> bool {
        let Some(key) = public_key(certificate) else {
            return false;
        };
        match self {
            Algorithm::Pkcs1 => pkcs1v15::Signature::try_from(signature).is_ok_and(|signature| {
                pkcs1v15::VerifyingKey::<Sha256>::new(key)
                    .verify(signed, &signature)
                    .is_ok()
            }),
            Algorithm::Pss => pss::Signature::try_from(signature).is_ok_and(|signature| {
                pss::VerifyingKey::<Sha256>::new(key)
                    .verify(signed, &signature)
                    .is_ok()
            }),
        }
    }
}

/// The certificate that the header names: a registered one, or one of a trusted subject.
fn signing_certificate(
    header: &Value,
    registration: &Registration,
    record: &mut Logged,
) -> Result<Vec<u8>, Refusal> {
    let thumbprint = Thumbprint::of(header, record)?;
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
    if let Some(certificate) = registered {
        return Ok(certificate.clone());
    }
    match chain.first() {
        Some(leaf) if !registration.trusted_subjects.is_empty() => {
            trusted(leaf, &registration.trusted_subjects).map(|()| leaf.clone())
        }
        _ => Err(key_not_found(&thumbprint, registration)),
    }
}

/// How a header names its certificate.
enum Thumbprint {
    Sha1(Vec<u8>),
    Sha256(Vec<u8>),
}

impl Thumbprint {
    fn of(header: &Value, record: &mut Logged) -> Result<Thumbprint, Refusal> {
        if let Some(text) = header["x5t#S256"].as_str() {
            return digest::<32>(text, record).map(Thumbprint::Sha256);
        }
        match header["x5t"].as_str() {
            Some(text) => digest::<20>(text, record).map(Thumbprint::Sha1),
            None => Err(Refusal::client(
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

fn check_claims(
    payload: &Value,
    expected: &Expected,
    record: &mut Logged,
) -> Result<String, Refusal> {
    let client_id = &expected.registration.app.client_id;
    let text = |name: &str| payload[name].as_str().unwrap_or_default();
    if text("iss") != client_id || text("sub") != client_id {
        return Err(Refusal::client(
            700021,
            "Client assertion application identifier doesn't match 'client_id' parameter.",
        ));
    }
    if !expected.audiences.iter().any(|known| known == text("aud")) {
        return Err(Refusal::client(
            700023,
            "Client assertion audience claim does not match Realm issuer.",
        ));
    }
    check_times(payload, expected.now, record)?;
    match text("jti") {
        "" => Err(malformed("it has no jti")),
        id => Ok(id.to_owned()),
    }
}

fn check_times(payload: &Value, now: i64, record: &mut Logged) -> Result<(), Refusal> {
    let expires =
        seconds(payload, "exp", record).ok_or_else(|| malformed("exp is not a number"))?;
    let begins = match seconds(payload, "nbf", record) {
        Some(begins) => begins,
        None => {
            record.note("assertion without nbf");
            seconds(payload, "iat", record)
                .ok_or_else(|| malformed("it has neither nbf nor iat"))?
        }
    };
    let too_long = expires - begins > LONGEST_LIFE;
    if too_long || expires + SKEW <= now || begins > now + SKEW {
        return Err(Refusal::client(
            700024,
            format!(
                "Client assertion is not within its valid time range. Current time: {}, \
                 assertion valid from {}, expiry time of assertion {}.",
                timestamp(now),
                timestamp(begins),
                timestamp(expires)
            ),
        ));
    }
    if expires <= now {
        record.note("assertion expired within the allowed skew");
    }
    Ok(())
}

/// A claim that is a time; fractions are taken, as MSAL sends them, and noted.
fn seconds(payload: &Value, claim: &str, record: &mut Logged) -> Option<i64> {
    if let Some(whole) = payload[claim].as_i64() {
        return Some(whole);
    }
    let fraction = payload[claim].as_f64()?;
    record.note(format!("{claim} has a fraction"));
    format!("{:.0}", fraction.trunc()).parse().ok()
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

fn json_part(text: &str) -> Result<Value, Refusal> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| malformed("a part of it is not base64url of JSON"))
}

fn malformed(why: &str) -> Refusal {
    Refusal::client(50027, format!("JWT token is invalid or malformed: {why}."))
}

fn key_not_found(thumbprint: &Thumbprint, registration: &Registration) -> Refusal {
    Refusal::client(
        700027,
        format!(
            "Client assertion contains an invalid signature. [Reason - The key was not found., \
             Thumbprint of key used by client: '{}', Please visit the Azure Portal, Graph Explorer \
             or directly use MS Graph to see configured keys for app Id '{}'. Alternatively, SNI \
             may be configured on the app. Please ensure that client assertion is being sent with \
             the x5c claim in the JWT header.]",
            thumbprint.text(),
            registration.app.client_id
        ),
    )
}

/// Entra allows five minutes either way.
const SKEW: i64 = 300;
const LONGEST_LIFE: i64 = 24 * 60 * 60;
