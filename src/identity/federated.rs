//! Identity `federated`: another issuer's token in place of our own assertion (protocol
//! notes 3.4).
//!
//! The file is read anew for each sign-in, since whoever rotates it does so at any time.

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::endpoint::{Grant, SignIn};
use super::source::{problem_of, read as read_source};
use super::Token;
use crate::clock;
use crate::config::CredentialFile;
use crate::error::{CredentialProblem, Error, FederatedFacts};
use crate::json::Members;
use crate::name;
use crate::secret::Secret;

/// Checks what can be known of the token before the authority sees it.
///
/// # Errors
/// Something that is no signed token, one that has expired, and one that is not signed with
/// RSA, which is all that Entra takes (AADSTS5002738).
pub(super) fn check(file: &CredentialFile) -> Result<(), Error> {
    read(file).map(|_| ())
}

/// Signs in with the token as it is in the file now.
pub(super) fn sign_in(request: &SignIn<'_>, file: &CredentialFile) -> Result<Token, Error> {
    let token = read(file)?;
    let outcome = request.send(&Grant::Assertion(&token));
    outcome.map_err(|error| match error {
        Error::SignInRefused(mut refusal) => {
            refusal.federated = facts(&token, request);
            Error::SignInRefused(refusal)
        }
        other => other,
    })
}

/// The token, without the white space around it.
fn read(file: &CredentialFile) -> Result<Secret, Error> {
    let text = read_source(file)?;
    let token = Secret::copy_of(text.expose().trim_ascii());
    match problem(&token, clock::now()) {
        None => Ok(token),
        Some(problem) => Err(problem_of(file, problem)),
    }
}

struct Claims {
    exp: Option<i64>,
    iss: Option<String>,
    sub: Option<String>,
    /// A text, or a list of one, as JSON.
    aud: Option<String>,
}

/// What the token says of itself, for the one who registers its federated credential.
fn facts(token: &Secret, request: &SignIn<'_>) -> Option<FederatedFacts> {
    let (_, claims) = parts(token)?;
    let shown = |text: Option<String>| name::foreign(&text.unwrap_or_default(), 160);
    let audience = claims.aud.map(|raw| raw.replace(['[', ']', '"'], ""));
    Some(FederatedFacts {
        issuer: shown(claims.iss),
        audience: shown(audience),
        subject: shown(claims.sub),
        usual_audience: request.cloud.federated_audience.clone(),
    })
}

fn problem(token: &Secret, now: i64) -> Option<CredentialProblem> {
    let Some((algorithm, claims)) = parts(token) else {
        return Some(CredentialProblem::NoToken);
    };
    if !ALGORITHMS.contains(&algorithm.as_str()) {
        return Some(CredentialProblem::TokenAlgorithm {
            algorithm: name::foreign(&algorithm, 16),
        });
    }
    let expired = claims.exp.filter(|end| *end < now.saturating_sub(SKEW));
    expired.map(|end| CredentialProblem::TokenExpired {
        expired: clock::utc(end),
    })
}

/// The algorithm that the header names, and the claims.
fn parts(token: &Secret) -> Option<(String, Claims)> {
    let text = token.expose_str()?;
    let mut parts = text.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if signature.is_empty() || parts.next().is_some() {
        return None;
    }
    let (header, claims) = (decode(header)?, decode(claims)?);
    let header = Members::read(&header).ok()?;
    let claims = Members::read(&claims).ok()?;
    let parsed = Claims {
        exp: claims.any_number_of("exp").ok()?,
        iss: claims.any_text_of("iss").ok()?,
        sub: claims.any_text_of("sub").ok()?,
        aud: claims.find("aud").map(|raw| raw.text().to_owned()),
    };
    Some((header.text_of("alg").ok()?, parsed))
}

fn decode(part: &str) -> Option<Zeroizing<Vec<u8>>> {
    Base64UrlUnpadded::decode_vec(part).ok().map(Zeroizing::new)
}

const ALGORITHMS: [&str; 2] = ["PS256", "RS256"];
/// Seconds by which this device's clock may be ahead.
const SKEW: i64 = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> Secret {
        let [header, claims] =
            [header, claims].map(|part| Base64UrlUnpadded::encode_string(part.as_bytes()));
        Secret::copy_of(format!("{header}.{claims}.c2ln").as_bytes())
    }

    #[test]
    fn says_what_the_authority_would_not_take() {
        let now = 1_000_000;
        let good = r#"{"exp":1000000}"#;
        let rsa = r#"{"alg":"RS256"}"#;
        assert_eq!(problem(&token(rsa, good), now), None);
        assert_eq!(problem(&token(rsa, "{}"), now), None);
        let elliptic = problem(&token(r#"{"alg":"ES256"}"#, good), now);
        assert!(matches!(
            elliptic,
            Some(CredentialProblem::TokenAlgorithm { algorithm }) if algorithm == "ES256"
        ));
        let expired = problem(&token(rsa, r#"{"exp":999000}"#), now);
        assert!(matches!(
            expired,
            Some(CredentialProblem::TokenExpired { .. })
        ));
        for bad in ["", "a", "a.b", "a.b.c", "e30.e30.", "e30.e30.c.d"] {
            let problem = problem(&Secret::copy_of(bad.as_bytes()), now);
            assert_eq!(problem, Some(CredentialProblem::NoToken), "{bad}");
        }
    }
}
