//! The real program against the loopback cloud: what it says, what it leaves on disk.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod main_job;
#[path = "../support/mod.rs"]
mod support;
