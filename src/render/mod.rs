//! From what a vault gave to the bytes of a file. Pure: nothing is read or written here.
//!
//! Bytes in are bytes out unless the configuration says otherwise. What cannot be said in the
//! wanted form is an error that tells where, and never a part of the value.

mod certificate;
mod order;
mod public_key;
#[cfg(test)]
mod workshop;

pub use certificate::{is_pkcs12, Chain};
pub use public_key::public_key;
