//! Verifies client assertions as Entra and AD FS do, with the `rsa` crate: another implementation than
//! the one that signs them in the product.
//!
//! It is as strict as Entra and in places stricter (`jti` must be there and new); what Entra
//! forgives is noted on the request's record.

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::clock::timestamp;
use crate::directory::Registration;
use crate::facts::Authority;
use crate::log::Logged;
use crate::refusal::Refusal;
use crate::signer::{signing_certificate, Algorithm};

/// What an assertion has to agree with.
pub(crate) struct Expected<'a> {
    pub authority: Authority,
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
    let algorithm = Algorithm::of(&header, expected.authority, record)?;
    let certificate = signing_certificate(&header, expected, record)?;
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

/// Whether a token is valid now, with the skew that Entra allows.
pub(crate) fn check_times(payload: &Value, now: i64, record: &mut Logged) -> Result<(), Refusal> {
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
    let too_long = expires.saturating_sub(begins) > LONGEST_LIFE;
    if too_long || expires.saturating_add(SKEW) <= now || begins > now + SKEW {
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

/// A part of a token that is JSON.
pub(crate) fn json_part(text: &str) -> Result<Value, Refusal> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| malformed("a part of it is not base64url of JSON"))
}

/// A refusal of an assertion that is not what it should be.
pub(crate) fn malformed(why: &str) -> Refusal {
    Refusal::client(50027, format!("JWT token is invalid or malformed: {why}."))
}

/// Entra allows five minutes either way.
const SKEW: i64 = 300;
const LONGEST_LIFE: i64 = 24 * 60 * 60;
