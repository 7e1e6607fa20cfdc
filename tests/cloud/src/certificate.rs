//! Certificates in a vault: each is three objects of one name, the certificate itself, a key and
//! the secret that holds all of it.

use std::sync::Arc;

use base64::prelude::{Engine, BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::CertificateDer;
use sha1::{Digest, Sha1};
use x509_cert::der::{Decode, Encode};

use crate::contents::{Content, Kind, Version};
use crate::key::PublicKey;
use crate::properties::Properties;

/// What a new version of a certificate is: what its secret's value is, and what is said about it.
#[derive(Clone, Debug)]
pub struct Certificate {
    value: String,
    content_type: &'static str,
    converted: Option<String>,
    leaf: Option<Vec<u8>>,
    properties: Properties,
}

impl Certificate {
    /// The secret's value is this text as it stands, its type `application/x-pem-file`. The leaf is
    /// the text's first certificate, if no other is named.
    pub fn pem(text: impl Into<String>) -> Certificate {
        let text = text.into();
        Certificate {
            leaf: first_of(&text),
            value: text,
            content_type: PEM,
            converted: None,
            properties: Properties::new(),
        }
    }

    /// The secret's value is this PFX in base64, its type `application/x-pkcs12`. A client that
    /// asks for `outContentType=application/x-pem-file` is given `converted_pem`; the leaf is that
    /// text's first certificate, if no other is named.
    pub fn pfx(pfx_der: Vec<u8>, converted_pem: impl Into<String>) -> Certificate {
        let converted = converted_pem.into();
        Certificate {
            leaf: first_of(&converted),
            value: BASE64_STANDARD.encode(pfx_der),
            content_type: PKCS12,
            converted: Some(converted),
            properties: Properties::new(),
        }
    }

    /// The certificate that `cer`, `x5t` and the key come from (DER, sent as it is): for texts that
    /// do not begin with it, or have none.
    pub fn leaf(mut self, der: &[u8]) -> Certificate {
        self.leaf = Some(der.to_vec());
        self
    }

    /// Attributes and tags. `nbf` and `exp` are those of the leaf if they are not set.
    pub fn with(mut self, properties: Properties) -> Certificate {
        self.properties = properties;
        self
    }

    /// The objects it makes, all of one version. Without a key if the leaf's cannot be read.
    pub(crate) fn versions(self, id: &str, now: i64) -> Vec<(Kind, Version)> {
        let leaf = self
            .leaf
            .expect("no certificate in the text: name the leaf");
        let leaf = Leaf::new(leaf, self.content_type);
        let mut properties = self.properties;
        properties.not_before = properties.not_before.or(leaf.not_before);
        properties.expires = properties.expires.or(leaf.expires);
        let mut contents = vec![(
            Kind::Secret,
            Content::Secret {
                value: self.value,
                content_type: Some(self.content_type.to_owned()),
                converted: self.converted,
            },
        )];
        if let Some(key) = leaf.key.clone() {
            contents.push((Kind::Key, Content::Key(key)));
        }
        contents.push((Kind::Certificate, Content::Certificate(Arc::new(leaf))));
        let version = |(kind, content)| {
            let version = Version {
                managed: true,
                ..Version::new(id, properties.clone(), content, now)
            };
            (kind, version)
        };
        contents.into_iter().map(version).collect()
    }
}

/// What is told about a certificate.
pub(crate) struct Leaf {
    pub der: Vec<u8>,
    /// Of the secret.
    pub content_type: &'static str,
    /// As in `CN=broker`.
    pub subject: String,
    pub key: Option<PublicKey>,
    not_before: Option<i64>,
    expires: Option<i64>,
}

impl Leaf {
    /// Whatever can be read of it is told; `der` may be anything.
    fn new(der: Vec<u8>, content_type: &'static str) -> Leaf {
        let mut leaf = Leaf {
            der,
            content_type,
            subject: String::new(),
            key: None,
            not_before: None,
            expires: None,
        };
        if let Ok(parsed) = x509_cert::Certificate::from_der(&leaf.der) {
            let parsed = parsed.tbs_certificate;
            let seconds =
                |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).ok();
            leaf.subject = parsed.subject.to_string();
            leaf.not_before = seconds(parsed.validity.not_before);
            leaf.expires = seconds(parsed.validity.not_after);
            let key = parsed.subject_public_key_info.to_der();
            leaf.key = key.ok().and_then(|key| PublicKey::read(&key));
        }
        leaf
    }

    /// `cer`.
    pub fn cer(&self) -> String {
        BASE64_STANDARD.encode(&self.der)
    }

    /// `x5t`: SHA-1 to this day.
    pub fn thumbprint(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(Sha1::digest(&self.der))
    }
}

/// The first certificate of a PEM text, as its bytes are.
fn first_of(text: &str) -> Option<Vec<u8>> {
    let found = CertificateDer::from_pem_slice(text.as_bytes());
    found.ok().map(|der| der.to_vec())
}

/// The type of a secret that is a PEM text.
pub(crate) const PEM: &str = "application/x-pem-file";

/// The type of a secret that is a PFX in base64.
pub(crate) const PKCS12: &str = "application/x-pkcs12";
