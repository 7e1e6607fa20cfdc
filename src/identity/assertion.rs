//! The client assertion: a JWT signed with PS256 (protocol notes 3.3, RFC 7515, RFC 7523).

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;

use super::{endpoint, Application};
use crate::cloud::Cloud;
use crate::error::Error;
use crate::keys::{Certificate, PrivateKey};
use crate::secret::Secret;

/// The JOSE header.
#[derive(Serialize)]
pub(super) struct Header {
    alg: &'static str,
    typ: &'static str,
    #[serde(rename = "x5t#S256")]
    thumbprint: String,
    #[serde(rename = "x5c", skip_serializing_if = "Vec::is_empty")]
    chain: Vec<String>,
}

/// The claims that Entra checks.
#[derive(Serialize)]
pub(super) struct Claims<'a> {
    aud: String,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// The header for `certificate`; `chain` (DER, own certificate first) becomes `x5c`.
pub(super) fn header(certificate: &Certificate, chain: &[Vec<u8>]) -> Header {
    Header {
        alg: "PS256",
        typ: "JWT",
        thumbprint: thumbprint(certificate),
        chain: chain.iter().map(|der| Base64::encode_string(der)).collect(),
    }
}

/// The claims of an assertion made at `now`. It begins [`BACKDATED`] before, so that a
/// clock that runs a little ahead is no reason for a refusal.
pub(super) fn claims<'a>(
    application: &'a Application,
    cloud: &Cloud,
    now: i64,
) -> Result<Claims<'a>, Error> {
    let client_id = application.client_id.as_str();
    Ok(Claims {
        aud: format!("https://{}{}", cloud.authority, endpoint::path(application)),
        iss: client_id,
        sub: client_id,
        jti: unique_id()?,
        nbf: now.saturating_sub(BACKDATED),
        iat: now.saturating_sub(BACKDATED),
        exp: now.saturating_add(LIFETIME).saturating_sub(BACKDATED),
    })
}

/// `header.claims.signature`, each in base64url.
pub(super) fn sign(
    header: &Header,
    claims: &Claims<'_>,
    key: &PrivateKey,
) -> Result<Secret, Error> {
    let message = format!("{}.{}", encode(header)?, encode(claims)?);
    let Some(signature) = key.sign(message.as_bytes()) else {
        return Err(no_random());
    };
    let token = format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature));
    Ok(Secret::copy_of(zeroize::Zeroizing::new(token).as_bytes()))
}

/// base64url of the certificate's SHA-256.
pub(super) fn thumbprint(certificate: &Certificate) -> String {
    Base64UrlUnpadded::encode_string(certificate.thumbprint().as_ref())
}

fn encode(part: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_vec(part).map_err(|_| Error::Internal {
        what: "an assertion that is no JSON".to_owned(),
    })?;
    Ok(Base64UrlUnpadded::encode_string(&json))
}

/// A random UUID (RFC 9562, version 4).
fn unique_id() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| no_random())?;
    let number = u128::from_be_bytes(bytes) & !VERSION_AND_VARIANT_MASK | VERSION_4_VARIANT_1;
    let digits = format!("{number:032x}");
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    Ok([
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-"))
}

fn no_random() -> Error {
    Error::Internal {
        what: "the system gives no random numbers".to_owned(),
    }
}

/// Seconds that an assertion is dated back.
const BACKDATED: i64 = 180;
/// Seconds from begin to end; Entra's page recommends 5 to 10 minutes.
const LIFETIME: i64 = 600;
const VERSION_AND_VARIANT_MASK: u128 = 0x0000_0000_0000_f000_c000_0000_0000_0000;
const VERSION_4_VARIANT_1: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_ids_are_version_4() {
        let id = unique_id().unwrap();
        assert!(crate::name::is_guid(&id), "{id}");
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_ne!(id, unique_id().unwrap());
    }
}
