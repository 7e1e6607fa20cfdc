//! What can be wrong with a credential file, each with its own sentence.

use std::fmt;

use rustix::io::Errno;

/// Why a certificate, private key or client secret cannot be used. All of these are
/// found on the device, before any request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialProblem {
    /// The certificate's text is no X.509 certificate.
    BadCertificate,
    /// The key's text is no PKCS#8 or PKCS#1 key.
    BadKey,
    /// The file holds nothing.
    Empty,
    /// The private key is encrypted.
    EncryptedKey,
    /// The private key is an elliptic-curve key; Entra takes RSA only (AADSTS5002738).
    EllipticKey,
    /// The private key belongs to another certificate.
    KeyOfAnotherCertificate,
    /// Not all of the variables are set, or one of them is no such value; says which.
    Incomplete(String),
    /// The RSA key is not of 2048 to 4096 bit.
    KeySize,
    /// No such file, credential or variable.
    Missing,
    /// The PEM holds no certificate.
    NoCertificate,
    /// The PEM holds no private key.
    NoKey,
    /// Not a signed token (JWT).
    NoToken,
    /// Not a regular file.
    NotAFile,
    /// The environment names an authority of another cloud than the configuration.
    OtherAuthority {
        /// Its host, escaped.
        authority: String,
    },
    /// Owned by somebody else than root or the running user.
    OtherOwner {
        /// The owner's user id.
        owner: u32,
    },
    /// Group or others may read or write it.
    ReadableByOthers {
        /// The file's mode.
        mode: u32,
    },
    /// The token is signed with something else than RSA, which is all that Entra takes
    /// (AADSTS5002738).
    TokenAlgorithm {
        /// What it is signed with, escaped.
        algorithm: String,
    },
    /// The token's time is over.
    TokenExpired {
        /// Since when, in UTC.
        expired: String,
    },
    /// Longer than a credential can be.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The system would not let us read it.
    Unreadable(Errno),
}

impl fmt::Display for CredentialProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadCertificate => f.write_str("is not an X.509 certificate in PEM"),
            Self::BadKey => f.write_str("is not a PKCS#8 or PKCS#1 private key in PEM"),
            Self::Empty => f.write_str("is empty"),
            Self::EncryptedKey => f.write_str(
                "holds an encrypted private key, and nobody is there to type the passphrase",
            ),
            Self::EllipticKey => f.write_str(
                "holds an elliptic-curve key; Microsoft Entra accepts only RSA keys for sign-in",
            ),
            Self::Incomplete(lacking) => write!(f, "cannot be used: {lacking}"),
            Self::KeyOfAnotherCertificate => {
                f.write_str("holds a private key that is not the certificate's")
            }
            Self::KeySize => f.write_str("holds an RSA key that is not of 2048 to 4096 bit"),
            Self::Missing => f.write_str("does not exist"),
            Self::NoCertificate => f.write_str("holds no certificate"),
            Self::NoKey => f.write_str("holds no private key"),
            Self::NoToken => f.write_str("holds no signed token (JWT)"),
            Self::NotAFile => f.write_str("is not a regular file"),
            Self::OtherAuthority { authority } => write!(
                f,
                "names the authority {authority} (AZURE_AUTHORITY_HOST), which is not this cloud's"
            ),
            Self::OtherOwner { owner } => write!(
                f,
                "belongs to user {owner}, not to root or the user that runs this"
            ),
            Self::ReadableByOthers { mode } => write!(
                f,
                "may be read or written by others (mode {:04o})",
                mode & 0o7777
            ),
            Self::TokenAlgorithm { algorithm } => write!(
                f,
                "holds a token signed with {algorithm}; Microsoft Entra accepts only RS256 and PS256"
            ),
            Self::TokenExpired { expired } => write!(f, "holds a token that expired on {expired}"),
            Self::TooLong { limit } => write!(f, "is longer than {limit} bytes"),
            Self::Unreadable(errno) => write!(f, "cannot be read: {errno}"),
        }
    }
}

impl CredentialProblem {
    /// The operator's next step for the credential at `source`.
    pub fn advice(&self, source: &str) -> String {
        match self {
            Self::BadCertificate | Self::NoCertificate => {
                format!("put the device's certificate into {source}, as PEM (-----BEGIN CERTIFICATE-----)")
            }
            Self::BadKey | Self::NoKey => {
                "name the key's file as \"private_key\", or append the key (PKCS#8 or PKCS#1 PEM) to the certificate's file".to_owned()
            }
            Self::Empty | Self::Missing => format!("provision {source}, or correct its name in the identity"),
            Self::EncryptedKey => "store it without passphrase (openssl pkey -in KEY -out PLAIN) and protect the file by its mode".to_owned(),
            Self::EllipticKey => "make an RSA key of 2048 bit or more for this device and register its certificate".to_owned(),
            Self::Incomplete(_) => "set AZURE_TENANT_ID, AZURE_CLIENT_ID and one credential for the process (EnvironmentFile= of the unit), or use another type of identity".to_owned(),
            Self::KeyOfAnotherCertificate => "deliver key and certificate of one pair".to_owned(),
            Self::KeySize => "make an RSA key of 2048, 3072 or 4096 bit".to_owned(),
            Self::NoToken => format!("let the token's issuer write its token into {source}"),
            Self::NotAFile | Self::TooLong { .. } => format!("point the identity at the credential itself, not at {source}"),
            Self::OtherAuthority { .. } => "set \"cloud\" to the cloud that is meant, or correct AZURE_AUTHORITY_HOST".to_owned(),
            Self::OtherOwner { .. } => format!("chown root {source}"),
            Self::ReadableByOthers { .. } => format!("chmod 0600 {source}; if others could read it for a while, replace the credential"),
            Self::TokenAlgorithm { .. } => "let the issuer sign with an RSA key".to_owned(),
            Self::TokenExpired { .. } => format!("look why nobody renews {source}, and at this device's clock"),
            Self::Unreadable(_) => format!("let the user that runs keyferry read {source}"),
        }
    }
}
