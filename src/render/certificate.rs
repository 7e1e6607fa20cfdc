//! A certificate of a vault, opened: its key, its leaf and what is above it, each of which
//! can be delivered.
//!
//! It comes as the PEM of the certificate's secret (protocol notes 5.4), whose order is not
//! trusted. What is delivered is written anew from the DER, which stays as it is.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::order;
use crate::config::CertificatePart;
use crate::error::{CertificateProblem, CredentialProblem};
use crate::keys::{self, Certificate, Pem, Pkcs8, Section};
use crate::name;
use crate::secret::Secret;

/// A certificate of a vault.
#[derive(Debug)]
pub struct Chain {
    /// The leaf's key; none if the vault does not give it away.
    key: Option<Pkcs8>,
    leaf: Certificate,
    /// The leaf's issuer, then that one's, as far as they came along.
    above: Vec<Certificate>,
    warnings: Vec<String>,
}

/// What a PEM holds, in its order, nothing twice.
#[derive(Default)]
struct Holdings {
    keys: Vec<Pkcs8>,
    certificates: Vec<Certificate>,
    warnings: Vec<String>,
}

impl Chain {
    /// Opens the value of a certificate's secret.
    ///
    /// # Errors
    /// It is no PEM, one of its keys or certificates cannot be read, or which of them belong
    /// together cannot be told.
    pub fn read(pem: &Secret) -> Result<Self, CertificateProblem> {
        let holdings = Holdings::read(pem)?;
        let mut certificates = holdings.certificates;
        let mut warnings = holdings.warnings;
        let key = own_key(holdings.keys, &certificates, &mut warnings)?;
        let leaf = order::leaf(key.as_ref(), &certificates)?;
        let leaf = certificates.remove(leaf);
        let above = order::above(&leaf, certificates, &mut warnings);
        Ok(Self {
            key,
            leaf,
            above,
            warnings,
        })
    }

    /// What is delivered as `part`: PEM.
    ///
    /// # Errors
    /// The part is not there, or is PKCS#12, which is delivered without being opened.
    pub fn part(&self, part: CertificatePart) -> Result<Secret, CertificateProblem> {
        use CertificatePart as Part;
        let mut sections: Vec<(&str, &[u8])> = Vec::new();
        if let Part::Bundle | Part::Key = part {
            let key = self.key.as_ref().ok_or(CertificateProblem::NoKey)?;
            sections.push(("PRIVATE KEY", key.der()));
        }
        if let Part::Bundle | Part::Cert | Part::Chain = part {
            sections.push(("CERTIFICATE", self.leaf.der()));
        }
        if let Part::Bundle | Part::Ca | Part::Chain = part {
            let above = self.above.iter();
            sections.extend(above.map(|certificate| ("CERTIFICATE", certificate.der())));
        }
        match part {
            Part::Ca if sections.is_empty() => Err(CertificateProblem::NoIssuer),
            Part::Pfx => Err(CertificateProblem::Pem),
            _ => Ok(keys::write(&sections)),
        }
    }

    /// Seconds since 1970 until when the leaf is valid.
    pub fn expires(&self) -> i64 {
        self.leaf.not_after()
    }

    /// What is odd about it: sentences without subject, names escaped.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl Holdings {
    fn read(pem: &Secret) -> Result<Self, CertificateProblem> {
        if is_pkcs12(pem) {
            return Err(CertificateProblem::Pkcs12);
        }
        if pem.expose_str().is_some_and(keys::is_flattened) {
            return Err(CertificateProblem::FlattenedPem);
        }
        let mut holdings = Self::default();
        for section in Pem::parse(pem.expose()).map_err(unreadable)?.sections {
            holdings.add(section)?;
        }
        if holdings.certificates.is_empty() {
            return Err(CertificateProblem::NoCertificate);
        }
        Ok(holdings)
    }

    fn add(&mut self, section: Section) -> Result<(), CertificateProblem> {
        let key = match section {
            Section::Certificate(der) => {
                if self.certificates.iter().all(|other| other.der() != der) {
                    self.certificates
                        .push(Certificate::parse(&der).map_err(unreadable)?);
                }
                return Ok(());
            }
            Section::EncryptedKey => return Err(CertificateProblem::EncryptedKey),
            Section::Other(label) => return self.pass_over(&label),
            Section::Pkcs1(der) => Pkcs8::from_pkcs1(&der)?,
            Section::Pkcs8(der) => Pkcs8::new(der)?,
            Section::Sec1(der) => Pkcs8::from_sec1(&der)?,
        };
        if !self.keys.iter().any(|other| other.is_same_as(&key)) {
            self.keys.push(key);
        }
        Ok(())
    }

    fn pass_over(&mut self, label: &str) -> Result<(), CertificateProblem> {
        if label.ends_with("PRIVATE KEY") {
            return Err(CertificateProblem::KeyAlgorithm);
        }
        // openssl writes parameters in front of a key that holds them too.
        if !label.ends_with(" PARAMETERS") {
            let label = name::foreign(label, 40);
            self.warnings
                .push(format!("holds \"{label}\", which is dropped"));
        }
        Ok(())
    }
}

/// Whether `value` is PKCS#12 (RFC 7292, 4) in base64, as a vault stores it: a SEQUENCE that
/// begins with version 3.
pub fn is_pkcs12(value: &Secret) -> bool {
    let text = value.expose().iter();
    let text = text.filter(|byte| !byte.is_ascii_whitespace());
    let mut begin = Zeroizing::new(Vec::with_capacity(16));
    begin.extend(text.take(16));
    let mut der = Zeroizing::new([0_u8; 12]);
    let Ok([0x30, first, rest @ ..]) = Base64::decode(begin.as_slice(), der.as_mut()) else {
        return false;
    };
    // The length: itself, none (BER), or so many bytes of it.
    let digits = match first {
        0..=0x80 => 0,
        _ => usize::from(first & 0x7f),
    };
    rest.get(digits..)
        .is_some_and(|body| body.starts_with(&[0x02, 0x01, 0x03]))
}

/// The one key that belongs to a certificate.
fn own_key(
    mut keys: Vec<Pkcs8>,
    certificates: &[Certificate],
    warnings: &mut Vec<String>,
) -> Result<Option<Pkcs8>, CertificateProblem> {
    let all = keys.len();
    keys.retain(|key| certificates.iter().any(|one| key.belongs_to(one)));
    for _ in keys.len()..all {
        warnings.push("holds a private key of no certificate in it, which is dropped".to_owned());
    }
    match keys.len() {
        0 if all > 0 => Err(CertificateProblem::KeyOfAnotherCertificate),
        0 | 1 => Ok(keys.pop()),
        _ => Err(CertificateProblem::SeveralKeys),
    }
}

fn unreadable(problem: CredentialProblem) -> CertificateProblem {
    match problem {
        CredentialProblem::BadKey => CertificateProblem::BadKey,
        CredentialProblem::Empty => CertificateProblem::NoCertificate,
        _ => CertificateProblem::BadCertificate,
    }
}

#[cfg(test)]
mod tests;
