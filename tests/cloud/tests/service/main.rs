//! The loopback cloud as a client sees it, spoken to by hand: no code of the product, and none of
//! the cloud's own parsers.

mod adfs;
mod app_service;
mod arc;
mod authority;
mod blobs;
mod certificates;
mod client;
mod device_codes;
mod faults;
mod federated;
mod imds;
mod keys;
mod lists;
mod machine;
mod metadata;
mod passwords;
mod probes;
mod token_shapes;
mod transport;
mod vaults;
