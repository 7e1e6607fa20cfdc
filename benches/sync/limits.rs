//! What a run may cost on x86_64 with glibc. Only time has slack: machines are noisy,
//! counts are not. Memory is that of the builds for devices; the plain release profile, of
//! which distributions make what they like, has more code to map.

use crate::measure::{Binary, Figures};
use crate::{Case, Roots};

/// A sentence for each limit that `figures` break.
pub fn broken(binary: &Binary, case: &Case, figures: &Figures) -> Vec<String> {
    if case.roots == Roots::System {
        return Vec::new();
    }
    let count = u64::try_from(case.count).unwrap();
    let (connections, requests) = if case.cold {
        (2, count + 1)
    } else {
        (1, count)
    };
    let mut limits = vec![
        ("heap peak in bytes", figures.heap.unwrap_or_default(), HEAP),
        ("TLS connections", figures.connections, connections),
        ("requests", figures.requests, requests),
    ];
    if case.count <= 10 {
        limits.push(("instructions", figures.instructions, INSTRUCTIONS));
        limits.push(("CPU in ms", figures.processor, PROCESSOR * NOISE));
    }
    if binary.name != "release" {
        limits.push(("peak RSS in KiB", figures.resident, RESIDENT));
    }
    let over = limits
        .iter()
        .filter(|(_, measured, limit)| measured > limit);
    over.map(|(what, measured, limit)| {
        format!(
            "{} {}: {what}: {measured}, at most {limit}",
            binary.name,
            case.name()
        )
    })
    .collect()
}

/// KiB, up to 50 secrets.
const RESIDENT: u64 = 4096;
/// Bytes, up to 50 secrets.
const HEAP: u64 = 500_000;
/// Up to 10 secrets.
const INSTRUCTIONS: u64 = 30_000_000;
/// Milliseconds, up to 10 secrets.
const PROCESSOR: u64 = 10;
/// How many times slower than a quiet machine this one may be.
const NOISE: u64 = 3;
