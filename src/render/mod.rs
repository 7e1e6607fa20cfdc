//! From what a vault gave to the bytes of a file. Pure: nothing is read or written here.
//!
//! Bytes in are bytes out unless the configuration says otherwise. What cannot be said in the
//! wanted form is an error that tells where, and never a part of the value. Values are secret
//! throughout: whatever is made on the way is wiped.

mod base64;
mod certificate;
mod compose;
mod env_file;
mod hex;
mod order;
mod pointer;
mod public_key;
mod text;
#[cfg(test)]
mod workshop;

pub use base64::base64_bytes;
pub use certificate::{is_pkcs12, Chain};
pub use compose::compose;
pub use env_file::env_file;
pub use public_key::public_key;
pub use text::text;

use crate::error::ContentProblem;
use crate::secret::Secret;

/// Appends `bytes` to what is being made.
fn push(made: &mut Secret, bytes: &[u8]) -> Result<(), ContentProblem> {
    let outcome = made.push(bytes);
    outcome.map_err(|too_long| ContentProblem::TooLong {
        limit: too_long.limit,
    })
}

/// Bytes of what is put together from several values. A value has at most 25 kB.
const LIMIT: usize = 1024 * 1024;
