//! What a run costs: the real program, as its own process, against the loopback cloud.
//!
//! `benches/run` builds the program and starts this. Each figure is taken in a run of its
//! own, since the tools that count slow the program down or make it larger.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a bench may panic, and plays the operator"
)]

mod blob;
mod cost;
mod limits;
mod measure;
#[path = "../../tests/support/mod.rs"]
mod support;
mod traffic;

use std::process::ExitCode;

use measure::Binary;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` starts benches, too, but without this word.
    if !words.iter().any(|word| word == "--bench") {
        return ExitCode::SUCCESS;
    }
    let check = words.iter().any(|word| word == "--check");
    let repetitions = if check || words.iter().any(|word| word == "--quick") {
        5
    } else {
        15
    };
    let parts = values_of(&words, "--part");
    let wants = |part: &str| parts.is_empty() || parts.contains(&part);
    let mut broken = Vec::new();
    let binaries = values_of(&words, "--binary");
    let binaries: Vec<Binary> = binaries.into_iter().map(Binary::parse).collect();
    for binary in &binaries {
        if wants("cost") {
            broken.extend(cost::print(binary, repetitions));
        }
        if wants("blob") {
            broken.extend(blob::print(binary, repetitions));
        }
    }
    // The same for all of them.
    if let Some(binary) = binaries.last().filter(|_| wants("traffic")) {
        broken.extend(traffic::print(binary));
    }
    for sentence in &broken {
        eprintln!("over its limit: {sentence}");
    }
    if check && !broken.is_empty() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// What stands behind each `word`.
fn values_of<'a>(words: &'a [String], word: &str) -> Vec<&'a str> {
    let pairs = words.windows(2).filter(|pair| pair[0] == word);
    pairs.map(|pair| pair[1].as_str()).collect()
}
