//! A Microsoft cloud on loopback: the services of one national cloud over TLS, and the token
//! endpoints of a machine in it ([`MachineEndpoint`]).
//!
//! keyferry's tests and its demo run against it. It is an oracle: it shares no type and no parser
//! with the product, checks every request as strictly as the real services or more, logs all of
//! them, and says which ones no well-behaved client would have made ([`Cloud::unexpected`]).
//! Replies have the shapes and headers of the real ones. It listens on loopback and knows no
//! secrets but those that a test puts in.
//!
//! ```no_run
//! use cloud::{Cloud, National};
//!
//! let cloud = Cloud::start(National::UsGov)?;
//! let app = cloud.add_app();
//! cloud.add_secret_credential(&app, "correct horse");
//! cloud.vault("factory7-edge").set("mqtt-password", "battery staple");
//! // ... run the client with cloud.address() and cloud.ca_pem() ...
//! assert!(cloud.unexpected().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

mod adfs;
mod administration;
mod assertion;
mod blob;
mod blob_data;
mod blob_read;
mod body;
mod certificate;
mod client_credential;
mod clock;
mod cloud;
mod connection;
mod contents;
mod delivery;
mod device;
mod device_code;
mod directory;
mod discovery;
mod entra;
mod facts;
mod fault;
mod federation;
mod filling;
mod form;
mod grants;
mod graph;
mod hook;
mod http;
mod key;
mod keyvault;
mod log;
mod machine;
mod md5;
mod metadata;
mod metadata_document;
mod national;
mod object;
mod objects;
mod page;
mod properties;
mod proxy;
mod random;
mod refusal;
mod resource_manager;
mod rsa_keys;
mod secret;
mod server;
mod signer;
mod storage;
mod subscriptions;
mod tenancy;
mod tls;
mod token;
mod token_reply;
mod token_request;
mod user_grants;
mod users;
mod vault;
mod view;

pub use crate::cloud::{Builder, Cloud};
pub use certificate::Certificate;
pub use device::{Device, DeviceAuthority, DeviceBuilder, Validity};
pub use device_code::{DeviceAnswer, DeviceCodeForm, DeviceCodePolicy};
pub use directory::App;
pub use fault::{Action, Fault, Match};
pub use federation::TokenIssuer;
pub use key::Key;
pub use log::Logged;
pub use machine::{ArcAgent, ArcChallenge, Expiry, MachineEndpoint, Stranger};
pub use metadata::Metadata;
pub use national::National;
pub use properties::Properties;
pub use proxy::{Connect, ForwardProxy, ProxyMode};
pub use random::guid;
pub use rsa_keys::give_rsa_keys;
pub use secret::Secret;
pub use storage::{Blob, StorageAccount};
pub use tls::ServerCertificate;
pub use token_reply::TokenShape;
pub use vault::{Denial, Scope, Vault};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; a test that panicked elsewhere does not matter here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
