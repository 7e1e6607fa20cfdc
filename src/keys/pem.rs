//! PEM (RFC 7468), read leniently: CRLF, text around the sections, long or short lines.
//! It is written in the one strict form: 64 columns, LF.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::error::CredentialProblem;
use crate::secret::Secret;

/// The sections of a PEM text, in its order.
#[derive(Debug)]
pub struct Pem {
    /// The sections.
    pub sections: Vec<Section>,
}

/// One section.
#[derive(Debug)]
pub enum Section {
    /// `CERTIFICATE`: DER of an X.509 certificate.
    Certificate(Vec<u8>),
    /// `ENCRYPTED PRIVATE KEY`, or an old key with a `Proc-Type: 4,ENCRYPTED` header.
    EncryptedKey,
    /// Any other label, which the program that wrote it chose; its body was not read.
    Other(String),
    /// `RSA PRIVATE KEY`: DER of PKCS#1.
    Pkcs1(Secret),
    /// `PRIVATE KEY`: DER of PKCS#8.
    Pkcs8(Secret),
    /// `EC PRIVATE KEY`: DER of SEC1 (RFC 5915).
    Sec1(Secret),
}

impl Pem {
    /// Reads `text`. A section without end, or a certificate or key whose body is no base64,
    /// is an error.
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
                .filter(|(label, _)| is_label(label))
                .ok_or_else(|| broken(begun))?;
            let end = format!("-----END {label}-----");
            let (body, behind) = body.split_once(&end).ok_or_else(|| broken(label))?;
            sections.push(section(label, body)?);
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

/// PEM of `sections`, each a label and its DER.
pub fn write(sections: &[(&str, &[u8])]) -> Secret {
    let texts = sections.iter();
    let texts: Vec<Zeroizing<String>> = texts
        .map(|(_, der)| Zeroizing::new(Base64::encode_string(der)))
        .collect();
    let mut parts: Vec<&[u8]> = Vec::new();
    for ((label, _), text) in sections.iter().zip(&texts) {
        parts.extend([b"-----BEGIN ", label.as_bytes(), b"-----\n"]);
        for line in text.as_bytes().chunks(64) {
            parts.extend([line, b"\n"]);
        }
        parts.extend([b"-----END ", label.as_bytes(), b"-----\n"]);
    }
    Secret::concat(&parts)
}

/// Whether the line breaks of a PEM text were lost on its way, as forms of one line lose them,
/// or became a backslash and an `n`.
pub fn is_flattened(text: &str) -> bool {
    let mut begun = text.split("-----BEGIN ").skip(1);
    begun.any(|begun| match begun.split_once("-----") {
        Some((label, body)) if is_label(label) => !body
            .trim_start_matches([' ', '\t'])
            .starts_with(['\r', '\n']),
        _ => false,
    })
}

/// A marker that lacks a hyphen would otherwise make a label of all that follows: of a key.
fn is_label(text: &str) -> bool {
    let fits = |byte: u8| matches!(byte, b' '..=b'~') && !byte.is_ascii_lowercase();
    text.len() <= 64 && text.bytes().all(fits)
}

fn section(label: &str, body: &str) -> Result<Section, CredentialProblem> {
    // No base64 has a comma.
    let encrypted = label == "ENCRYPTED PRIVATE KEY" || body.contains(",ENCRYPTED");
    Ok(match label {
        _ if encrypted => Section::EncryptedKey,
        "CERTIFICATE" | "X509 CERTIFICATE" => {
            Section::Certificate(decode(label, body)?.expose().to_vec())
        }
        "EC PRIVATE KEY" => Section::Sec1(decode(label, body)?),
        "PRIVATE KEY" => Section::Pkcs8(decode(label, body)?),
        "RSA PRIVATE KEY" => Section::Pkcs1(decode(label, body)?),
        _ => Section::Other(label.to_owned()),
    })
}

fn decode(label: &str, body: &str) -> Result<Secret, CredentialProblem> {
    let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
    base64.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut der = Zeroizing::new(vec![0_u8; base64.len()]);
    let decoded = Base64::decode(base64.as_slice(), &mut der).map_err(|_| broken(label))?;
    Ok(Secret::copy_of(decoded))
}

fn broken(label: &str) -> CredentialProblem {
    if label.contains("KEY") {
        CredentialProblem::BadKey
    } else {
        CredentialProblem::BadCertificate
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(text: &str) -> String {
        let pem = Pem::parse(text.as_bytes()).unwrap();
        let kind = |section: &Section| match section {
            Section::Certificate(_) => 'c',
            Section::EncryptedKey => 'x',
            Section::Other(_) => 'o',
            Section::Pkcs1(_) => '1',
            Section::Pkcs8(_) => '8',
            Section::Sec1(_) => 'e',
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
        assert_eq!(kinds(&text), "c81oex");
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

    /// Label and DER of the sections that have one.
    fn contents(pem: &Pem) -> Vec<(&'static str, &[u8])> {
        let mut contents = Vec::new();
        for section in &pem.sections {
            contents.push(match section {
                Section::Certificate(der) => ("CERTIFICATE", der.as_slice()),
                Section::EncryptedKey | Section::Other(_) => ("", b"".as_slice()),
                Section::Pkcs1(der) => ("RSA PRIVATE KEY", der.expose()),
                Section::Pkcs8(der) => ("PRIVATE KEY", der.expose()),
                Section::Sec1(der) => ("EC PRIVATE KEY", der.expose()),
            });
        }
        contents
    }

    #[test]
    fn tells_lost_line_breaks_from_lost_hyphens() {
        for (text, flattened) in [
            ("-----BEGIN X-----\nMAA=\n-----END X-----", false),
            ("-----BEGIN X----- \t\r\nMAA=", false),
            ("no PEM at all", false),
            ("-----BEGIN X", false),
            ("-----BEGIN X----\nMAA=\n-----END X-----", false),
            ("-----BEGIN X-----MAA=-----END X-----", true),
            ("-----BEGIN X----- MAA= -----END X-----", true),
            ("-----BEGIN X-----\\nMAA=\\n-----END X-----\n", true),
            (
                "-----BEGIN X-----\nMAA=\n-----END X-----\n-----BEGIN Y-----\\n",
                true,
            ),
        ] {
            assert_eq!(is_flattened(text), flattened, "{text}");
        }
    }

    #[test]
    fn a_marker_without_end_is_no_label() {
        for text in [
            "-----BEGIN PRIVATE KEY----\nMAA=\n-----END PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEY\nMAA=\n-----END PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEYMIIabc=-----END PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEY",
        ] {
            let problem = Pem::parse(text.as_bytes()).unwrap_err();
            assert_eq!(problem, CredentialProblem::BadKey, "{text}");
        }
    }

    prop_compose! {
        fn any_section()(
            label in prop::sample::select(vec![
                "CERTIFICATE",
                "EC PRIVATE KEY",
                "PRIVATE KEY",
                "RSA PRIVATE KEY",
            ]),
            der in prop::collection::vec(any::<u8>(), 1..200),
        ) -> (&'static str, Vec<u8>) {
            (label, der)
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "(-----BEGIN |[A-Z ]{0,9}|-----|-----END |[a-zA-Z0-9+/=\\\\]{0,9}|\r|\n){0,20}") {
            let _ = Pem::parse(&bytes);
            let _ = Pem::parse(text.as_bytes());
            let _ = is_flattened(&text);
        }

        #[test]
        fn no_byte_is_lost_however_it_is_wrapped(
            sections in prop::collection::vec(any_section(), 1..5),
            between in "[a-zA-Z0-9 :=+/é.\n\t]{0,30}",
            end in prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n", " \t\n"]),
            width in 1_usize..200,
        ) {
            let borrowed = sections.iter().map(|(label, der)| (*label, der.as_slice()));
            let borrowed: Vec<(&str, &[u8])> = borrowed.collect();
            let written = write(&borrowed);
            let pem = Pem::parse(written.expose()).unwrap();
            prop_assert_eq!(contents(&pem), borrowed.clone());

            let mut text = between.clone();
            for (label, der) in &borrowed {
                let base64 = Base64::encode_string(der);
                text += &format!("-----BEGIN {label}-----{end}");
                for line in base64.as_bytes().chunks(width) {
                    text += std::str::from_utf8(line).unwrap();
                    text += end;
                }
                text += &format!("-----END {label}-----{end}{between}");
            }
            let pem = Pem::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(contents(&pem), borrowed);
            prop_assert!(!is_flattened(&text));
        }

        #[test]
        fn what_is_written_is_strict(der in prop::collection::vec(any::<u8>(), 1..300)) {
            let written = write(&[("CERTIFICATE", &der)]);
            let text = written.expose_str().unwrap();
            let body = text.strip_prefix("-----BEGIN CERTIFICATE-----\n").unwrap();
            let body = body.strip_suffix("\n-----END CERTIFICATE-----\n").unwrap();
            let lines: Vec<&str> = body.split('\n').collect();
            let (last, full) = lines.split_last().unwrap();
            prop_assert!(full.iter().all(|line| line.len() == 64));
            prop_assert!((1..=64).contains(&last.len()));
        }
    }
}
