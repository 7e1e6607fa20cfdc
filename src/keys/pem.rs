//! PEM (RFC 7468), read leniently: CRLF, text around the sections, long or short lines.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::error::CredentialProblem;
use crate::secret::Secret;

/// The sections of a PEM text, in its order.
#[derive(Debug)]
pub struct Pem {
    /// The sections of known labels; others are passed over.
    pub sections: Vec<Section>,
}

/// One section.
#[derive(Debug)]
pub enum Section {
    /// `CERTIFICATE`: DER of an X.509 certificate.
    Certificate(Vec<u8>),
    /// `EC PRIVATE KEY`: SEC1.
    EllipticKey,
    /// `ENCRYPTED PRIVATE KEY`, or an old key with a `Proc-Type: 4,ENCRYPTED` header.
    EncryptedKey,
    /// `RSA PRIVATE KEY`: DER of PKCS#1.
    Pkcs1(Secret),
    /// `PRIVATE KEY`: DER of PKCS#8.
    Pkcs8(Secret),
}

impl Pem {
    /// Reads `text`. A section without end, or whose body is no base64, is an error.
    pub fn parse(text: &[u8]) -> Result<Self, CredentialProblem> {
        if text.iter().all(u8::is_ascii_whitespace) {
            return Err(CredentialProblem::Empty);
        }
        let text = std::str::from_utf8(text).map_err(|_| CredentialProblem::BadCertificate)?;
        let mut sections = Vec::new();
        let mut rest = text;
        while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
            let (label, body) = begun
                .split_once("-----")
                .ok_or(CredentialProblem::BadCertificate)?;
            let end = format!("-----END {label}-----");
            let (body, behind) = body.split_once(&end).ok_or_else(|| broken(label))?;
            if let Some(section) = section(label, body)? {
                sections.push(section);
            }
            rest = behind;
        }
        Ok(Self { sections })
    }

    /// DER of the certificates, in their order.
    pub fn certificates(&self) -> Vec<&[u8]> {
        let mut certificates = Vec::new();
        for section in &self.sections {
            if let Section::Certificate(der) = section {
                certificates.push(der.as_slice());
            }
        }
        certificates
    }
}

fn section(label: &str, body: &str) -> Result<Option<Section>, CredentialProblem> {
    let encrypted = label == "ENCRYPTED PRIVATE KEY" || body.contains("ENCRYPTED");
    let section = match label {
        _ if encrypted => Section::EncryptedKey,
        "CERTIFICATE" | "X509 CERTIFICATE" => {
            Section::Certificate(decode(label, body)?.expose().to_vec())
        }
        "EC PRIVATE KEY" => Section::EllipticKey,
        "PRIVATE KEY" => Section::Pkcs8(decode(label, body)?),
        "RSA PRIVATE KEY" => Section::Pkcs1(decode(label, body)?),
        _ => return Ok(None),
    };
    Ok(Some(section))
}

fn decode(label: &str, body: &str) -> Result<Secret, CredentialProblem> {
    let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
    base64.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut der = Zeroizing::new(vec![0_u8; base64.len()]);
    let decoded = Base64::decode(base64.as_slice(), &mut der).map_err(|_| broken(label))?;
    Ok(Secret::copy_of(decoded))
}

fn broken(label: &str) -> CredentialProblem {
    if label.ends_with("KEY") {
        CredentialProblem::BadKey
    } else {
        CredentialProblem::BadCertificate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> String {
        let pem = Pem::parse(text.as_bytes()).unwrap();
        let kind = |section: &Section| match section {
            Section::Certificate(_) => 'c',
            Section::EllipticKey => 'e',
            Section::EncryptedKey => 'x',
            Section::Pkcs1(_) => '1',
            Section::Pkcs8(_) => '8',
        };
        pem.sections.iter().map(kind).collect()
    }

    fn block(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    #[test]
    fn tells_the_sections_apart() {
        let text = format!(
            "Bag Attributes: x\n{}{}{}{}{}{}",
            block("CERTIFICATE", "MAMC\r\nAQE="),
            block("PRIVATE KEY", "MAA="),
            block("RSA PRIVATE KEY", "MAA="),
            block("EC PARAMETERS", "MAA="),
            block("EC PRIVATE KEY", "MAA="),
            block("ENCRYPTED PRIVATE KEY", "MAA="),
        );
        assert_eq!(kinds(&text), "c81ex");
        assert_eq!(
            kinds(&block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nMAA=")),
            "x"
        );
        assert_eq!(kinds("no PEM at all"), "");
    }

    #[test]
    fn says_what_is_broken() {
        for (text, problem) in [
            (" \n", CredentialProblem::Empty),
            (
                "-----BEGIN PRIVATE KEY-----\nMAA=",
                CredentialProblem::BadKey,
            ),
            (
                "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
                CredentialProblem::BadCertificate,
            ),
        ] {
            assert_eq!(Pem::parse(text.as_bytes()).unwrap_err(), problem);
        }
    }
}
