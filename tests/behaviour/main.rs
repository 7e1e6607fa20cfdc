//! The real program against the loopback cloud: what it says, what it leaves on disk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test may panic"
)]

mod files;
mod golden;
mod hooks;
mod main_job;
mod missing;
mod quiet_runs;
mod refusals;
mod sets;
mod sign_in_refusals;
mod staleness;
#[path = "../support/mod.rs"]
mod support;
