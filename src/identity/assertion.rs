//! The client assertion, a signed JWT (protocol notes 2.4 and 3.3, RFC 7515, RFC 7523):
//! PS256 and the SHA-256 thumbprint for Entra, RS256 and the SHA-1 one for AD FS, which
//! refuses the others.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};

use super::{endpoint, Application};
use crate::cloud::{Cloud, Protocol};
use crate::error::Error;
use crate::http;
use crate::json::Json;
use crate::keys::{Algorithm, Certificate, PrivateKey};
use crate::secret::Secret;

/// The JOSE header for `certificate`; `chain` (DER, own certificate first) becomes `x5c`.
pub(super) fn header(protocol: Protocol, certificate: &Certificate, chain: &[Vec<u8>]) -> Json {
    let (name, thumbprint) = match protocol {
        Protocol::AdFs => {
            let digest = certificate.legacy_thumbprint();
            ("x5t", Base64UrlUnpadded::encode_string(digest.as_ref()))
        }
        Protocol::Entra => ("x5t#S256", thumbprint(certificate)),
    };
    let mut header = Json::object(vec![
        ("alg", Json::text(algorithm(protocol).name())),
        ("typ", Json::text("JWT")),
        (name, Json::text(thumbprint)),
    ]);
    if !chain.is_empty() {
        let chain = chain.iter().map(|der| Base64::encode_string(der));
        header.add("x5c", Json::List(chain.map(Json::Text).collect()));
    }
    header
}

/// What the authority takes.
pub(super) fn algorithm(protocol: Protocol) -> Algorithm {
    match protocol {
        Protocol::AdFs => Algorithm::Rs256,
        Protocol::Entra => Algorithm::Ps256,
    }
}

/// The claims of an assertion made at `now`, which Entra checks. It begins [`BACKDATED`]
/// before, so that a clock that runs a little ahead is no reason for a refusal.
pub(super) fn claims(application: &Application, cloud: &Cloud, now: i64) -> Result<Json, Error> {
    let client_id = application.client_id.as_str();
    let begin = now.saturating_sub(BACKDATED);
    let path = endpoint::path(cloud, application);
    Ok(Json::object(vec![
        (
            "aud",
            Json::Text(format!("https://{}{path}", cloud.authority)),
        ),
        ("iss", Json::text(client_id)),
        ("sub", Json::text(client_id)),
        ("jti", Json::Text(http::unique_id()?)),
        ("nbf", Json::Number(begin)),
        ("iat", Json::Number(begin)),
        ("exp", Json::Number(begin.saturating_add(LIFETIME))),
    ]))
}

/// `header.claims.signature`, each in base64url.
pub(super) fn sign(
    header: &Json,
    claims: &Json,
    algorithm: Algorithm,
    key: &PrivateKey,
) -> Result<Secret, Error> {
    let message = format!("{}.{}", encode(header), encode(claims));
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

fn encode(part: &Json) -> String {
    Base64UrlUnpadded::encode_string(part.compact().as_bytes())
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
