//! The public part of a key of a vault (protocol notes 5.3).

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::config::KeyPart;
use crate::error::CertificateProblem;
use crate::json::Json;
use crate::keys::{self, Curve, PublicKey};
use crate::name;

/// What is delivered as `part` of the key `jwk`, the member `key` of a KeyBundle: PEM of its
/// SubjectPublicKeyInfo, or a JSON Web Key of nothing but the members that RFC 7638 hashes, in
/// its order. A line break ends both.
///
/// # Errors
/// It is neither RSA nor on P-256, P-384 or P-521, or one of its numbers cannot be read.
pub fn public_key(jwk: &Json, part: KeyPart) -> Result<Vec<u8>, CertificateProblem> {
    let kind = text(jwk, "kty")?;
    match kind.strip_suffix("-HSM").unwrap_or(kind) {
        "EC" => elliptic(jwk, part),
        "RSA" => rsa(jwk, part),
        _ => Err(of_kind(kind)),
    }
}

fn rsa(jwk: &Json, part: KeyPart) -> Result<Vec<u8>, CertificateProblem> {
    let (modulus, exponent) = (number(jwk, "n")?, number(jwk, "e")?);
    Ok(match part {
        KeyPart::Jwk => web_key(&[
            ("e", &encoded(&exponent)),
            ("kty", "RSA"),
            ("n", &encoded(&modulus)),
        ]),
        KeyPart::Pem => pem(PublicKey::Rsa {
            modulus: &modulus,
            exponent: &exponent,
        }),
    })
}

fn elliptic(jwk: &Json, part: KeyPart) -> Result<Vec<u8>, CertificateProblem> {
    let name = text(jwk, "crv")?;
    let curve = Curve::of_name(name).ok_or_else(|| of_kind(name))?;
    let x = padded(&number(jwk, "x")?, curve.size)?;
    let y = padded(&number(jwk, "y")?, curve.size)?;
    Ok(match part {
        KeyPart::Jwk => web_key(&[
            ("crv", curve.name),
            ("kty", "EC"),
            ("x", &encoded(&x)),
            ("y", &encoded(&y)),
        ]),
        KeyPart::Pem => pem(PublicKey::Elliptic {
            curve: curve.oid,
            // 4 says that both coordinates follow (SEC1, 2.3.3).
            point: &[&[4], x.as_slice(), &y].concat(),
        }),
    })
}

fn pem(key: PublicKey<'_>) -> Vec<u8> {
    let text = keys::write(&[("PUBLIC KEY", key.info().expose())]);
    text.expose().to_vec()
}

/// No value needs an escape: they are ours, or base64.
fn web_key(members: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in members {
        let before = if text.is_empty() { "{\"" } else { ",\"" };
        for piece in [before, name, "\":\"", value, "\""] {
            text.push_str(piece);
        }
    }
    text.push_str("}\n");
    text.into_bytes()
}

fn encoded(number: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(number)
}

/// The bytes of the number `member`, without leading zeros. It is not zero.
fn number(jwk: &Json, member: &str) -> Result<Vec<u8>, CertificateProblem> {
    let bytes = Base64UrlUnpadded::decode_vec(text(jwk, member)?).unwrap_or_default();
    match keys::without_zeros(&bytes) {
        [] => Err(CertificateProblem::BadPublicKey),
        number => Ok(number.to_vec()),
    }
}

/// A coordinate has the length of its field (RFC 7518, 6.2.1.2).
fn padded(number: &[u8], size: usize) -> Result<Vec<u8>, CertificateProblem> {
    let zeros = size.checked_sub(number.len());
    let zeros = zeros.ok_or(CertificateProblem::BadPublicKey)?;
    Ok([vec![0; zeros].as_slice(), number].concat())
}

fn text<'a>(jwk: &'a Json, member: &str) -> Result<&'a str, CertificateProblem> {
    let text = jwk.member(member).and_then(Json::as_str);
    text.ok_or(CertificateProblem::BadPublicKey)
}

fn of_kind(kind: &str) -> CertificateProblem {
    CertificateProblem::KeyKind {
        kind: name::foreign(kind, 32),
    }
}

#[cfg(test)]
mod tests;
