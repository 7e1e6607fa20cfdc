//! What can be wrong with a certificate or key of a vault, each with its own sentence.

use std::fmt;

/// Why nothing can be delivered of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateProblem {
    /// It came as PKCS#12 although PEM was asked for.
    Pkcs12,
}

impl CertificateProblem {
    /// The operator's next step.
    pub(super) fn advice(&self, object: &str) -> String {
        match self {
            Self::Pkcs12 => format!("set the content type in the policy of {object} to application/x-pem-file and renew it, or deliver \"part\": \"pfx\""),
        }
    }
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs12 => "came as PKCS#12, which this vault does not convert to PEM",
        })
    }
}
