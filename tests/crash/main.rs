//! Crash proofs: the real program is killed, or failed, at every single call by which it
//! changes a file, and watched call by call. Needs strace, and root, which sees through a
//! program that is not dumpable.
//!
//! A kill keeps the page cache, so a missing fsync cannot be found by killing; the order of
//! the calls is checked for that. That the proofs would notice is proven in turn: mutants of
//! the program, which write in a wrong order, must fail them.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic, and plays the operator"
)]

#[allow(dead_code, reason = "some of it is for other tests")]
#[path = "../behaviour/authority.rs"]
mod authority;
mod cut;
mod damaged;
mod driver;
mod failures;
mod forms;
mod kill;
mod mutants;
#[allow(dead_code, reason = "some of it is for other tests")]
#[path = "../behaviour/namespace.rs"]
mod namespace;
mod order;
mod pieces;
mod points;
mod purge;
mod readable;
mod resumed;
mod rotation;
mod small;
#[path = "../support/mod.rs"]
mod support;
mod trace;
mod unchanged;
mod verdict;
mod version;

/// Whether calls can be watched here; says that the test is skipped where not.
fn can_trace() -> bool {
    support::has_tool("strace") && support::is_root()
}
