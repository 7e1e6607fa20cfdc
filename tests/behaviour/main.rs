//! The real program against the loopback cloud: what it says, what it leaves on disk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "a test may panic, and plays the operator"
)]

mod adfs;
mod arc;
mod authority;
mod blobs;
mod certificate_problems;
mod certificate_versions;
mod certificates;
mod change_check;
mod change_check_limits;
mod checks;
mod cloud_changes;
mod clouds;
mod command_line;
mod compose;
mod coverage;
mod credentials;
mod device_code;
mod disk;
mod doctor;
mod doctor_device;
mod doctor_network;
mod doctor_sources;
mod doctor_storage;
mod env_files;
mod environment;
mod expiry;
mod federated;
mod files;
mod golden;
mod hooks;
mod images;
mod keys;
mod main_job;
mod managed_identity;
mod missing;
mod namespace;
mod network;
mod orphans;
mod password;
mod past_2038;
mod provoked;
mod proxies;
mod purge;
mod quiet_runs;
mod redaction;
mod refusals;
mod select;
mod select_changes;
mod sets;
mod sign_in_refusals;
mod staleness;
mod status;
#[path = "../support/mod.rs"]
mod support;
mod texts;
mod tls;
mod token;
mod tokens;
