//! keyferry carries secrets from Azure Key Vault into protected files on small devices.
//!
//! The modules are the rooms of a house: each uses only those of lower rows, and
//! `tests/house.rs` holds the table.

pub mod blob;
pub mod cli;
pub mod clock;
pub mod cloud;
pub mod command;
pub mod config;
pub mod discovery;
pub mod disk;
pub mod error;
pub mod harden;
pub mod hook;
pub mod http;
pub mod identity;
pub mod json;
pub mod keys;
pub mod log;
pub mod name;
pub mod render;
pub mod report;
pub mod retry;
pub mod secret;
pub mod state;
pub mod store;
pub mod sync;
pub mod vault;
