//! The client assertion, a signed JWT (protocol notes 2.4 and 3.3, RFC 7515, RFC 7523):
//! PS256 and the SHA-256 thumbprint for Entra, RS256 and the SHA-1 one for AD FS, which
//! refuses the others.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use serde::Serialize;

use super::{endpoint, Application};
use crate::cloud::{Cloud, Protocol};
use crate::error::Error;
use crate::http;
use crate::keys::{Algorithm, Certificate, PrivateKey};
use crate::secret::Secret;

/// The JOSE header.
#[derive(Serialize)]
pub(super) struct Header {
    alg: &'static str,
    typ: &'static str,
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    thumbprint: Option<String>,
    #[serde(rename = "x5t", skip_serializing_if = "Option::is_none")]
    legacy_thumbprint: Option<String>,
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
pub(super) fn header(protocol: Protocol, certificate: &Certificate, chain: &[Vec<u8>]) -> Header {
    let (thumbprint, legacy_thumbprint) = match protocol {
        Protocol::AdFs => {
            let digest = certificate.legacy_thumbprint();
            (
                None,
                Some(Base64UrlUnpadded::encode_string(digest.as_ref())),
            )
        }
        Protocol::Entra => (Some(thumbprint(certificate)), None),
    };
    Header {
        alg: algorithm(protocol).name(),
        typ: "JWT",
        thumbprint,
        legacy_thumbprint,
        chain: chain.iter().map(|der| Base64::encode_string(der)).collect(),
    }
}

/// What the authority takes.
pub(super) fn algorithm(protocol: Protocol) -> Algorithm {
    match protocol {
        Protocol::AdFs => Algorithm::Rs256,
        Protocol::Entra => Algorithm::Ps256,
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
        aud: format!(
            "https://{}{}",
            cloud.authority,
            endpoint::path(cloud, application)
        ),
        iss: client_id,
        sub: client_id,
        jti: http::unique_id()?,
        nbf: now.saturating_sub(BACKDATED),
        iat: now.saturating_sub(BACKDATED),
        exp: now.saturating_add(LIFETIME).saturating_sub(BACKDATED),
    })
}

/// `header.claims.signature`, each in base64url.
pub(super) fn sign(
    header: &Header,
    claims: &Claims<'_>,
    algorithm: Algorithm,
    key: &PrivateKey,
) -> Result<Secret, Error> {
    let message = format!("{}.{}", encode(header)?, encode(claims)?);
    let Some(signature) = key.sign(algorithm, message.as_bytes()) else {
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

fn no_random() -> Error {
    Error::Internal {
        what: "the system gives no random numbers".to_owned(),
    }
}

/// Seconds that an assertion is dated back.
const BACKDATED: i64 = 180;
/// Seconds from begin to end; Entra's page recommends 5 to 10 minutes.
const LIFETIME: i64 = 600;
