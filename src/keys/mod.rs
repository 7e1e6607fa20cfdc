//! The device's own key and certificate: read, matched, used to sign.
//!
//! What is wrong with them is found here, on the device, before anything is sent. Only
//! what a sign-in needs is read from X.509: validity, subject name, public key.

mod certificate;
mod der;
mod pem;
mod private_key;

pub use certificate::Certificate;
pub use pem::{Pem, Section};
pub use private_key::{Algorithm, PrivateKey};
