//! Devices: keys and certificates as provisioning would put them on one, good and bad.
//!
//! Devices that ask for an RSA key of the same size and number share it. Certificates are new each
//! time.

use std::sync::Arc;

use base64::prelude::{Engine, BASE64_STANDARD};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::RsaPrivateKey;
use time::{Duration, OffsetDateTime};

use crate::random;
use crate::rsa_keys::rsa_key;

/// A device's key and certificate, in all forms a test needs.
#[derive(Clone, Debug)]
pub struct Device {
    /// The certificate, followed by its issuer's if it has one.
    pub certificate_pem: String,
    /// The certificate alone.
    pub certificate_der: Vec<u8>,
    /// The key, PKCS#8.
    pub private_key_pem: String,
    /// The key, PKCS#1; nothing for an elliptic key.
    pub private_key_pkcs1_pem: Option<String>,
    /// Key and certificates in one text, the key first.
    pub combined_pem: String,
    /// The issuer's certificate, if it has one.
    pub issuer_der: Option<Vec<u8>>,
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Ended yesterday.
    Expired,
    /// From last month for ten years.
    Far,
    /// Begins tomorrow.
    NotYet,
    /// Ends in three days.
    Soon,
}

impl Device {
    /// A device with RSA-2048 key number 0 and a self-signed certificate valid for years.
    pub fn new(common_name: &str) -> Device {
        Device::builder(common_name).build()
    }

    /// A device with settings of one's own.
    pub fn builder(common_name: &str) -> DeviceBuilder {
        DeviceBuilder {
            common_name: common_name.to_owned(),
            kind: KeyKind::Rsa {
                bits: 2048,
                number: 0,
            },
            validity: Validity::Far,
            issuer: None,
        }
    }

    /// A PEM with the label `ENCRYPTED PRIVATE KEY`: the right structure around random bytes, for
    /// readers that have to refuse it. No password opens it.
    pub fn encrypted_private_key_pem() -> String {
        // PBES2 with PBKDF2 (HMAC-SHA-256, 2048 rounds) and AES-256-CBC, RFC 8018.
        let salt = tagged(0x04, &random::bytes::<8>());
        let hmac = tagged(0x30, &[HMAC_SHA256, &[0x05, 0x00]].concat());
        let parameters = tagged(
            0x30,
            &[&salt[..], &[0x02, 0x02, 0x08, 0x00], &hmac].concat(),
        );
        let derivation = tagged(0x30, &[PBKDF2, &parameters].concat());
        let vector = tagged(0x04, &random::bytes::<16>());
        let cipher = tagged(0x30, &[AES_256_CBC, &vector].concat());
        let schemes = tagged(0x30, &[derivation, cipher].concat());
        let algorithm = tagged(0x30, &[PBES2, &schemes].concat());
        let data = tagged(0x04, &random::bytes::<1232>());
        let whole = tagged(0x30, &[algorithm, data].concat());
        pem("ENCRYPTED PRIVATE KEY", &whole)
    }
}

/// Settings for a device.
pub struct DeviceBuilder {
    common_name: String,
    kind: KeyKind,
    validity: Validity,
    issuer: Option<DeviceAuthority>,
}

#[derive(Clone, Copy)]
enum KeyKind {
    Elliptic,
    Rsa { bits: usize, number: usize },
}

impl DeviceBuilder {
    /// An RSA key of this size.
    pub fn bits(mut self, bits: usize) -> DeviceBuilder {
        self.kind = KeyKind::Rsa { bits, number: 0 };
        self
    }

    /// The RSA-2048 key of this number: devices with different numbers have different keys.
    pub fn key(mut self, number: usize) -> DeviceBuilder {
        self.kind = KeyKind::Rsa { bits: 2048, number };
        self
    }

    /// A P-256 key, which Entra does not take.
    pub fn elliptic(mut self) -> DeviceBuilder {
        self.kind = KeyKind::Elliptic;
        self
    }

    /// When the certificate is valid.
    pub fn validity(mut self, validity: Validity) -> DeviceBuilder {
        self.validity = validity;
        self
    }

    /// Who signs the certificate in place of the device itself.
    pub fn issued_by(mut self, authority: &DeviceAuthority) -> DeviceBuilder {
        self.issuer = Some(authority.clone());
        self
    }

    /// Makes key and certificate.
    pub fn build(self) -> Device {
        let key = Key::of(self.kind);
        let mut params = params(&self.common_name, self.validity);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let certificate = match &self.issuer {
            Some(authority) => {
                let issuer = Issuer::from_params(&authority.inner.params, &authority.inner.pair);
                params.signed_by(&key.pair, &issuer)
            }
            None => params.self_signed(&key.pair),
        };
        let certificate = certificate.expect("the parameters are sound");
        let mut chain = certificate.pem();
        if let Some(authority) = &self.issuer {
            chain.push_str(&authority.certificate_pem());
        }
        Device {
            combined_pem: format!("{}{chain}", key.pkcs8),
            certificate_pem: chain,
            certificate_der: certificate.der().to_vec(),
            private_key_pem: key.pkcs8,
            private_key_pkcs1_pem: key.pkcs1,
            issuer_der: self.issuer.map(|authority| authority.certificate_der()),
        }
    }
}

/// A small authority that issues device certificates, with an RSA key of its own.
#[derive(Clone)]
pub struct DeviceAuthority {
    inner: Arc<AuthorityParts>,
}

struct AuthorityParts {
    params: CertificateParams,
    pair: KeyPair,
    certificate: Certificate,
}

impl DeviceAuthority {
    /// An authority of this name. All share one key: only the names differ.
    pub fn new(common_name: &str) -> DeviceAuthority {
        DeviceAuthority::with_key(common_name, AUTHORITY_KEY)
    }

    /// An authority with the RSA-2048 key of this number, to make one that only looks right.
    pub fn with_key(common_name: &str, number: usize) -> DeviceAuthority {
        let pair = Key::of(KeyKind::Rsa { bits: 2048, number }).pair;
        let mut params = params(common_name, Validity::Far);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&pair).expect("the parameters are sound");
        DeviceAuthority {
            inner: Arc::new(AuthorityParts {
                params,
                pair,
                certificate,
            }),
        }
    }

    /// Its own certificate.
    pub fn certificate_der(&self) -> Vec<u8> {
        self.inner.certificate.der().to_vec()
    }

    /// Its own certificate.
    pub fn certificate_pem(&self) -> String {
        self.inner.certificate.pem()
    }
}

struct Key {
    pair: KeyPair,
    pkcs8: String,
    pkcs1: Option<String>,
}

impl Key {
    fn of(kind: KeyKind) -> Key {
        let KeyKind::Rsa { bits, number } = kind else {
            let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("P-256 is known");
            let pkcs8 = pair.serialize_pem();
            return Key {
                pair,
                pkcs8,
                pkcs1: None,
            };
        };
        let key = rsa_key(bits, number);
        let pkcs8 = key
            .to_pkcs8_pem(LineEnding::LF)
            .expect("a made key is sound");
        let pkcs1 = key
            .to_pkcs1_pem(LineEnding::LF)
            .expect("a made key is sound");
        let pair = KeyPair::from_pkcs8_pem_and_sign_algo(&pkcs8, &PKCS_RSA_SHA256);
        Key {
            pair: pair.expect("ring takes RSA keys of 2048 to 4096 bits"),
            pkcs8: pkcs8.to_string(),
            pkcs1: Some(pkcs1.to_string()),
        }
    }
}

/// A key for the TLS of this cloud: RSA-2048, as Azure's own certificates have it. What a
/// client pays for a handshake depends on it.
pub(crate) fn server_key(number: usize) -> KeyPair {
    let kind = KeyKind::Rsa {
        bits: 2048,
        number: SERVER_KEYS + number,
    };
    Key::of(kind).pair
}

/// A key for somebody else's identity provider.
pub(crate) fn issuer_key(number: usize) -> RsaPrivateKey {
    rsa_key(2048, ISSUER_KEYS + number)
}

fn params(common_name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let mut serial = random::bytes::<16>();
    serial[0] = serial[0] & 0x3f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(30);
    params.not_after = now + Duration::days(3650);
    match validity {
        Validity::Expired => params.not_after = now - Duration::days(1),
        Validity::Far => {}
        Validity::NotYet => params.not_before = now + Duration::days(1),
        Validity::Soon => params.not_after = now + Duration::days(3),
    }
    params
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut der = match u8::try_from(length) {
        Ok(short) if short < 0x80 => vec![tag, short],
        _ => {
            let long = u16::try_from(length).expect("nothing here is longer than 64 KiB");
            [vec![tag, 0x82], long.to_be_bytes().to_vec()].concat()
        }
    };
    der.extend_from_slice(content);
    der
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}

/// Numbers that no test would choose.
const AUTHORITY_KEY: usize = 1_000;
const SERVER_KEYS: usize = 2_000;
const ISSUER_KEYS: usize = 3_000;

const PBES2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
const PBKDF2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
const HMAC_SHA256: &[u8] = b"\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09";
const AES_256_CBC: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
