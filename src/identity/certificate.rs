//! Identity `certificate`: an assertion signed with the device's key (protocol notes 3.3).

use super::source::{problem_of, read};
use super::{assertion, Application, Description};
use crate::cloud::Cloud;
use crate::config::CredentialFile;
use crate::error::{CredentialProblem, Error};
use crate::keys::{Certificate, Pem, PrivateKey};
use crate::secret::Secret;

/// A certificate, its chain and its key, all of one pair.
#[derive(Debug)]
pub(super) struct CertificateCredential {
    /// The certificate that belongs to the key.
    certificate: Certificate,
    /// DER of what is sent as `x5c`, the certificate first; empty without `send_chain`.
    chain: Vec<Vec<u8>>,
    key: PrivateKey,
}

/// Reads certificate and key from one combined PEM or two files.
///
/// Of several certificates the one whose public key is the key's is the device's own; the
/// file's order is not trusted.
pub(super) fn load(
    certificate: &CredentialFile,
    private_key: Option<&CredentialFile>,
    send_chain: bool,
) -> Result<CertificateCredential, Error> {
    let here = |problem| problem_of(certificate, problem);
    let pem = Pem::parse(read(certificate)?.expose()).map_err(here)?;
    let key = match private_key {
        Some(file) => load_key(file)?,
        None => PrivateKey::from_sections(&pem.sections).map_err(here)?,
    };
    let mut certificates = Vec::new();
    for der in pem.certificates() {
        certificates.push(Certificate::parse(der).map_err(here)?);
    }
    if certificates.is_empty() {
        return Err(here(CredentialProblem::NoCertificate));
    }
    let Some(own) = certificates
        .iter()
        .position(|candidate| key.belongs_to(candidate))
    else {
        return Err(problem_of(
            private_key.unwrap_or(certificate),
            CredentialProblem::KeyOfAnotherCertificate,
        ));
    };
    let own = certificates.remove(own);
    let mut chain = Vec::new();
    if send_chain {
        chain.push(own.der().to_vec());
        chain.extend(certificates.iter().map(|issuer| issuer.der().to_vec()));
    }
    Ok(CertificateCredential {
        certificate: own,
        chain,
        key,
    })
}

impl CertificateCredential {
    /// The signed assertion for `application` at `cloud`'s authority.
    pub(super) fn assertion(
        &self,
        application: &Application,
        cloud: &Cloud,
        now: i64,
    ) -> Result<Secret, Error> {
        let header = assertion::header(cloud.protocol, &self.certificate, &self.chain);
        let claims = assertion::claims(application, cloud, now)?;
        let algorithm = assertion::algorithm(cloud.protocol);
        assertion::sign(&header, &claims, algorithm, &self.key)
    }

    pub(super) fn description(&self) -> Description {
        let name = match self.certificate.common_name() {
            Some(name) => name.to_owned(),
            None => assertion::thumbprint(&self.certificate),
        };
        Description {
            text: format!("certificate {name}"),
            expires: Some(self.certificate.not_after()),
        }
    }
}

fn load_key(file: &CredentialFile) -> Result<PrivateKey, Error> {
    let pem = Pem::parse(read(file)?.expose()).map_err(|problem| {
        let of_key = if problem == CredentialProblem::Empty {
            problem
        } else {
            CredentialProblem::BadKey
        };
        problem_of(file, of_key)
    })?;
    PrivateKey::from_sections(&pem.sections).map_err(|problem| problem_of(file, problem))
}
