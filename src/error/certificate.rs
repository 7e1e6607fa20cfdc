//! What can be wrong with a certificate or key of a vault, each with its own sentence.

use std::fmt;

/// Why nothing can be delivered of a certificate or key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateProblem {
    /// One of its certificates is no X.509 certificate, or its PEM breaks off.
    BadCertificate,
    /// Its private key is no PKCS#8, PKCS#1 or SEC1 key.
    BadKey,
    /// The public key that the vault sent cannot be read.
    BadPublicKey,
    /// Its private key is encrypted.
    EncryptedKey,
    /// Its PEM lost its line breaks.
    FlattenedPem,
    /// Its private key is neither RSA nor elliptic-curve.
    KeyAlgorithm,
    /// The public part of a key is of a kind that is not delivered.
    KeyKind {
        /// Its type or curve, escaped: `oct-HSM`, `P-256K`.
        kind: String,
    },
    /// The private key belongs to none of the certificates.
    KeyOfAnotherCertificate,
    /// The private key does not say which public key is its own.
    KeyWithoutPublicPart,
    /// There is no certificate.
    NoCertificate,
    /// There is no certificate above the leaf.
    NoIssuer,
    /// There is no private key.
    NoKey,
    /// It came as PEM although PKCS#12 was asked for.
    Pem,
    /// It came as PKCS#12 although PEM was asked for.
    Pkcs12,
    /// Two private keys have a certificate each.
    SeveralKeys,
    /// Without a private key, which certificate is the leaf cannot be told.
    SeveralLeaves,
}

impl CertificateProblem {
    /// The operator's next step.
    pub(super) fn advice(&self, object: &str) -> String {
        match self {
            Self::BadCertificate | Self::BadKey | Self::NoCertificate => {
                format!("import {object} again (az keyvault certificate import)")
            }
            Self::BadPublicKey => format!("look at {object}, or make a new version of it"),
            Self::EncryptedKey => format!("import {object} again with a key that has no passphrase of its own"),
            Self::FlattenedPem => format!("import {object} again from a file, not through a form of one line"),
            Self::KeyAlgorithm => format!("make {object} with an RSA or elliptic-curve key"),
            Self::KeyKind { .. } => format!("make {object} as RSA, or as EC on P-256, P-384 or P-521"),
            Self::KeyOfAnotherCertificate => format!("import {object} again with key and certificate of one pair"),
            Self::KeyWithoutPublicPart => format!("import {object} again with a key that holds it (openssl ec -in KEY | openssl pkey)"),
            Self::NoIssuer => format!("import or merge {object} together with the certificates above it"),
            Self::NoKey => format!("make the key exportable in the policy of {object} and renew it, or deliver \"cert\", \"chain\" or \"ca\" only"),
            Self::Pem => format!("set the content type in the policy of {object} to application/x-pkcs12 and renew it, or deliver another part"),
            Self::Pkcs12 => format!("set the content type in the policy of {object} to application/x-pem-file and renew it, or deliver \"part\": \"pfx\""),
            Self::SeveralKeys => "import each pair of key and certificate under a name of its own".to_owned(),
            Self::SeveralLeaves => format!("import {object} again with one leaf and what is above it"),
        }
    }
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadCertificate => "holds what is not an X.509 certificate in PEM",
            Self::BadKey => "holds a private key that cannot be read",
            Self::BadPublicKey => "came with a public key that cannot be read",
            Self::EncryptedKey => "holds an encrypted private key",
            Self::FlattenedPem => "holds PEM that has lost its line breaks",
            Self::KeyAlgorithm => "holds a private key that is neither RSA nor elliptic-curve",
            Self::KeyKind { kind } => {
                return write!(
                    f,
                    "is of kind {kind}, which is not delivered as a public key"
                )
            }
            Self::KeyOfAnotherCertificate => {
                "holds a private key that belongs to none of its certificates"
            }
            Self::KeyWithoutPublicPart => {
                "holds a private key without its public part, by which its certificate is found"
            }
            Self::NoCertificate => "holds no certificate",
            Self::NoIssuer => "holds no certificate above its leaf",
            Self::NoKey => "holds no private key, as when its policy says not exportable",
            Self::Pem => "came as PEM, of which no PKCS#12 is made",
            Self::Pkcs12 => "came as PKCS#12, which this vault does not convert to PEM",
            Self::SeveralKeys => "holds several private keys that have a certificate",
            Self::SeveralLeaves => {
                "holds no private key and several certificates, any of which may be the leaf"
            }
        })
    }
}
