//! Keys and certificates: read, matched, used to sign, written again.
//!
//! What is wrong with the device's own is found here, on the device, before anything is
//! sent; what is wrong with those of a vault, before anything is written. Only what a
//! sign-in and a chain need is read from X.509, and no signature is checked.

mod certificate;
mod der;
mod pem;
mod pkcs8;
mod private_key;
mod public_key;

pub use certificate::{Certificate, Link};
pub use der::without_zeros;
pub use pem::{is_flattened, write, Pem, Section};
pub use pkcs8::Pkcs8;
pub use private_key::{Algorithm, PrivateKey};
pub use public_key::{Curve, PublicKey};
