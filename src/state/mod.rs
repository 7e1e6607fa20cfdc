//! What a run leaves for the next one and for people to read.
//!
//! [`Memory`] (`state.json`) outlives a boot and lies on flash, so it is written rarely;
//! [`Status`] (`status.json`) lies on tmpfs and is written by every run. Neither holds
//! anything secret; [`Seen`] (`seen.json`, beside it) has digests and is private. All are
//! input when read again and checked as such.

mod delivered;
mod memory;
mod seen;
mod status;

pub use delivered::Delivered;
pub use memory::{Memory, SetMemory};
pub use seen::{Seen, SeenFile};
pub use status::{Chosen, FileStatus, Run, SetState, SetStatus, Status};
