//! Keys in a vault, of which only the public half is ever seen.

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};
use x509_cert::der::asn1::{ObjectIdentifier, SequenceOf, UintRef};
use x509_cert::der::Decode;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::object::Object;
use crate::properties::Properties;

/// What a new version of a key is.
#[derive(Clone, Debug)]
pub struct Key {
    pub(crate) public: PublicKey,
    pub(crate) properties: Properties,
}

impl Key {
    /// The key of a SubjectPublicKeyInfo (DER): RSA, or an elliptic curve of Key Vault's.
    pub fn from_spki(der: &[u8]) -> Key {
        let public = PublicKey::read(der);
        Key::new(
            public
                .expect("neither an RSA key nor one on a curve that Key Vault has")
                .material,
        )
    }

    /// An RSA key of this modulus and exponent, big-endian, sent as they are.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Key {
        Key::new(Material::Rsa {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        })
    }

    /// A key on this curve (`P-256`, `P-384`, `P-521`, `P-256K`, or what there is not), its
    /// coordinates sent as they are.
    pub fn ec(curve: &str, x: &[u8], y: &[u8]) -> Key {
        Key::new(Material::Elliptic {
            curve: curve.to_owned(),
            x: x.to_vec(),
            y: y.to_vec(),
        })
    }

    /// A symmetric key, which only an HSM has (`oct-HSM`): there is no public half to be seen.
    pub fn symmetric() -> Key {
        Key::new(Material::Symmetric).in_hsm()
    }

    /// Kept in an HSM: `RSA-HSM`, `EC-HSM`.
    pub fn in_hsm(mut self) -> Key {
        self.public.hsm = true;
        self
    }

    /// Attributes and tags.
    pub fn with(mut self, properties: Properties) -> Key {
        self.properties = properties;
        self
    }

    fn new(material: Material) -> Key {
        Key {
            public: PublicKey {
                material,
                hsm: false,
            },
            properties: Properties::new(),
        }
    }
}

/// The public half, as a JSON Web Key shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub material: Material,
    pub hsm: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    Elliptic {
        curve: String,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    Symmetric,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo.
    pub fn read(der: &[u8]) -> Option<PublicKey> {
        let info = SubjectPublicKeyInfoRef::from_der(der).ok()?;
        let bits = info.subject_public_key.as_bytes()?;
        let material = match info.algorithm.oid {
            RSA => {
                let numbers = SequenceOf::<UintRef<'_>, 2>::from_der(bits).ok()?;
                Material::Rsa {
                    modulus: numbers.get(0)?.as_bytes().to_vec(),
                    exponent: numbers.get(1)?.as_bytes().to_vec(),
                }
            }
            ELLIPTIC => {
                let oid = info.algorithm.parameters_oid().ok()?;
                let (_, curve) = CURVES.into_iter().find(|(known, _)| *known == oid)?;
                // Uncompressed points only: RFC 5480 2.2.
                let point = bits.strip_prefix(&[4])?;
                let (x, y) = point.split_at(point.len() / 2);
                Material::Elliptic {
                    curve: curve.to_owned(),
                    x: x.to_vec(),
                    y: y.to_vec(),
                }
            }
            _ => return None,
        };
        Some(PublicKey {
            material,
            hsm: false,
        })
    }

    /// `kty`.
    pub fn kind(&self) -> &'static str {
        match (&self.material, self.hsm) {
            (Material::Elliptic { .. }, false) => "EC",
            (Material::Elliptic { .. }, true) => "EC-HSM",
            (Material::Rsa { .. }, false) => "RSA",
            (Material::Rsa { .. }, true) => "RSA-HSM",
            (Material::Symmetric, _) => "oct-HSM",
        }
    }

    /// The `key` of a bundle.
    pub fn jwk(&self, id: &str) -> String {
        let operations: &[&str] = match &self.material {
            Material::Elliptic { .. } => &["sign", "verify"],
            Material::Rsa { .. } => &[
                "encrypt",
                "decrypt",
                "sign",
                "verify",
                "wrapKey",
                "unwrapKey",
            ],
            Material::Symmetric => &["encrypt", "decrypt", "wrapKey", "unwrapKey"],
        };
        let jwk = Object::new()
            .text("kid", id)
            .text("kty", self.kind())
            .texts("key_ops", operations);
        let number = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        match &self.material {
            Material::Elliptic { curve, x, y } => jwk
                .text("crv", curve)
                .text("x", &number(x))
                .text("y", &number(y)),
            Material::Rsa { modulus, exponent } => {
                jwk.text("n", &number(modulus)).text("e", &number(exponent))
            }
            Material::Symmetric => jwk,
        }
        .finish()
    }
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

const CURVES: [(ObjectIdentifier, &str); 4] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), "P-256"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), "P-384"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), "P-521"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "P-256K"),
];
