//! Federated credentials: tokens of another issuer in a client assertion's place, and an issuer
//! that makes them.
//!
//! Issuer, audience and subject must be those of a registered credential, letter by letter. Unlike
//! an assertion of the client's own, such a token may be used until it expires.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rsa::pkcs1v15::SigningKey;
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{SignatureEncoding, Signer};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::Value;
use x509_cert::der::asn1::{SequenceOf, UintRef};
use x509_cert::der::Decode;

use crate::assertion::{check_times, json_part, malformed, Expected};
use crate::device::issuer_key;
use crate::log::Logged;
use crate::object::Object;
use crate::random::guid;
use crate::refusal::Refusal;
use crate::signer::Algorithm;

/// Somebody else's identity provider, such as a Kubernetes cluster.
#[derive(Clone)]
pub struct TokenIssuer {
    url: String,
    key: Key,
    key_id: String,
}

#[derive(Clone)]
enum Key {
    Elliptic(Arc<KeyPair>),
    Rsa(Box<RsaPrivateKey>),
}

impl TokenIssuer {
    /// An issuer of this URL that signs with RS256. All share one key: only the URLs differ.
    pub fn new(url: &str) -> TokenIssuer {
        TokenIssuer::with_key(url, 0)
    }

    /// An issuer with the RSA-2048 key of this number, to make one that only looks right.
    pub fn with_key(url: &str, number: usize) -> TokenIssuer {
        let key = issuer_key(number);
        let digest = Sha256::digest(key.to_public_key().n().to_bytes_be());
        TokenIssuer {
            url: url.to_owned(),
            key: Key::Rsa(Box::new(key)),
            key_id: BASE64_URL_SAFE_NO_PAD.encode(digest),
        }
    }

    /// An issuer that signs with a P-256 key (ES256), which Entra does not take.
    pub fn elliptic(url: &str) -> TokenIssuer {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("P-256 is known");
        TokenIssuer {
            url: url.to_owned(),
            key: Key::Elliptic(Arc::new(key)),
            key_id: guid(),
        }
    }

    /// What its tokens have as `iss`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A token by the machine's clock, good for so many seconds; fewer than none make one that has
    /// expired.
    pub fn token(&self, subject: &str, audience: &str, lifetime_seconds: i64) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let begins = now.min(now + lifetime_seconds) - 60;
        let header = Object::new()
            .text("alg", self.algorithm())
            .text("kid", &self.key_id)
            .text("typ", "JWT");
        let payload = Object::new()
            .texts("aud", &[audience])
            .number("exp", now + lifetime_seconds)
            .number("iat", begins)
            .text("iss", &self.url)
            .text("jti", &guid())
            .number("nbf", begins)
            .text("sub", subject);
        let signed = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(header.finish()),
            BASE64_URL_SAFE_NO_PAD.encode(payload.finish())
        );
        let signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn algorithm(&self) -> &'static str {
        match self.key {
            Key::Elliptic(_) => "ES256",
            Key::Rsa(_) => "RS256",
        }
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TokenIssuer({})", self.url)
    }
}

impl Key {
    fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Key::Elliptic(pair) => {
                let der = rcgen::SigningKey::sign(pair.as_ref(), text).expect("P-256 signs");
                fixed_length(&der)
            }
            Key::Rsa(key) => SigningKey::<Sha256>::new(key.as_ref().clone())
                .sign(text)
                .to_vec(),
        }
    }
}

/// The two numbers of an ECDSA signature side by side (RFC 7518, section 3.4).
fn fixed_length(der: &[u8]) -> Vec<u8> {
    let numbers = SequenceOf::<UintRef<'_>, 2>::from_der(der).expect("ring writes DER");
    let padded = |number: &UintRef<'_>| {
        let bytes = number.as_bytes();
        [vec![0; 32 - bytes.len()], bytes.to_vec()].concat()
    };
    numbers.iter().flat_map(padded).collect()
}

/// Tokens of this issuer, for this audience, about this subject, are the application's.
#[derive(Clone)]
pub(crate) struct FederatedCredential {
    issuer: String,
    subject: String,
    audience: String,
    key_id: String,
    /// What the issuer publishes; nothing of use for an elliptic key.
    key: Option<RsaPublicKey>,
}

impl FederatedCredential {
    pub fn new(issuer: &TokenIssuer, subject: &str, audience: &str) -> FederatedCredential {
        FederatedCredential {
            issuer: issuer.url.clone(),
            subject: subject.to_owned(),
            audience: audience.to_owned(),
            key_id: issuer.key_id.clone(),
            key: match &issuer.key {
                Key::Elliptic(_) => None,
                Key::Rsa(key) => Some(key.to_public_key()),
            },
        }
    }

    fn claim(&self, name: &str) -> &str {
        match name {
            "audience" => &self.audience,
            "issuer" => &self.issuer,
            _ => &self.subject,
        }
    }
}

/// Whether somebody else than the client claims to have issued the assertion.
pub(crate) fn is_foreign(assertion: &str) -> bool {
    let payload = assertion.split('.').nth(1).unwrap_or_default();
    json_part(payload).is_ok_and(|payload| {
        let issuer = payload["iss"].as_str().unwrap_or_default();
        issuer.starts_with("https://")
    })
}

/// Checks a token of another issuer.
pub(crate) fn verify(token: &str, expected: &Expected, record: &mut Logged) -> Result<(), Refusal> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header_text, payload_text, signature_text] = parts[..] else {
        return Err(malformed("it does not have three parts"));
    };
    let header = json_part(header_text)?;
    let payload = json_part(payload_text)?;
    let algorithm = Algorithm::of_foreign(&header)?;
    let credential = credential(&payload, expected)?;
    check_times(&payload, expected.now, record)?;
    let signature = BASE64_URL_SAFE_NO_PAD
        .decode(signature_text)
        .map_err(|_| malformed("its signature is not base64url"))?;
    let signed = format!("{header_text}.{payload_text}");
    let key = match header["kid"].as_str() {
        Some(id) if id == credential.key_id => credential.key.as_ref(),
        _ => None,
    };
    match key.is_some_and(|key| algorithm.fits(key, signed.as_bytes(), &signature)) {
        true => Ok(()),
        false => Err(Refusal::client(
            700027,
            "Client assertion contains an invalid signature. [Reason - The key used to sign the \
             assertion is not among those its issuer publishes.]",
        )),
    }
}

/// The registered credential of a token. What does not fit is told in the order issuer, audience,
/// subject.
fn credential<'a>(
    payload: &Value,
    expected: &'a Expected,
) -> Result<&'a FederatedCredential, Refusal> {
    let registration = expected.registration;
    let mut fitting: Vec<&FederatedCredential> = registration.federated.iter().collect();
    if fitting.is_empty() {
        return Err(Refusal::client(
            70025,
            format!(
                "The client '{}' has no configured federated identity credentials.",
                registration.app.client_id
            ),
        ));
    }
    let presented = [
        (700211, "issuer", text(payload, "iss")),
        (700212, "audience", audience(payload)),
        (700213, "subject", text(payload, "sub")),
    ];
    for (code, name, presented) in presented {
        fitting.retain(|known| known.claim(name) == presented);
        if fitting.is_empty() {
            return Err(Refusal::client(
                code,
                format!(
                    "No matching federated identity record found for presented assertion {name} \
                     '{presented}'. Check your federated identity credential Subject, Audience and \
                     Issuer against the presented assertion."
                ),
            ));
        }
    }
    Ok(fitting[0])
}

fn text<'a>(payload: &'a Value, claim: &str) -> &'a str {
    payload[claim].as_str().unwrap_or_default()
}

/// The one audience, alone or in a list.
fn audience(payload: &Value) -> &str {
    let claim = &payload["aud"];
    match claim.as_array().map(Vec::as_slice) {
        Some([one]) => one.as_str().unwrap_or_default(),
        Some(_) => "",
        None => claim.as_str().unwrap_or_default(),
    }
}
