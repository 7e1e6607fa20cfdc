//! One file a verb. Each gives the exit code; what went wrong was told before.

pub mod accept;
pub mod check;
pub mod clouds;
pub mod doctor;
pub mod load;
pub mod purge;
pub mod status;
pub mod sync;
pub mod token;
