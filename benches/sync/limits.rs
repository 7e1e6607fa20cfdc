//! What a run may cost on x86_64 with glibc. Only time has slack: machines are noisy,
//! counts are not. Memory is that of the builds for devices; the plain release profile, of
//! which distributions make what they like, has more code to map.

use crate::cost::{Case, Roots, Source};
use crate::measure::{Binary, Figures, Traffic};
use crate::traffic;

/// A sentence for each limit that the `figures` of a run break.
pub fn broken(binary: &Binary, case: &Case, figures: &Figures) -> Vec<String> {
    if case.roots == Roots::System {
        return Vec::new();
    }
    let count = u64::try_from(case.count).unwrap();
    let pages = count.div_ceil(25);
    let of_objects = match case.source {
        Source::ListedSecrets if case.changed => pages + count,
        Source::ListedSecrets => pages,
        Source::SelectedSecrets => pages + count,
        _ => count,
    };
    let signing_in = u64::from(case.cold);
    let mut limits = vec![
        (
            "TLS connections",
            figures.traffic.connections,
            1 + signing_in,
        ),
        (
            "requests",
            figures.traffic.requests,
            of_objects + signing_in,
        ),
    ];
    let (heap, resident) = match case.source {
        Source::EnvFile => (HEAP + TEXT, RESIDENT + MORE),
        Source::ListedSecrets => (HEAP + LISTED, RESIDENT + 3 * MORE),
        Source::Secrets => (HEAP, RESIDENT),
        _ => (HEAP, RESIDENT + MORE),
    };
    let heap_peak = figures.heap.unwrap_or_default();
    limits.push(("heap peak in bytes", heap_peak, heap));
    if case.count <= 10 {
        limits.push(("instructions", figures.instructions, INSTRUCTIONS));
        limits.push(("CPU in ms", figures.processor, PROCESSOR * NOISE));
    }
    if binary.name != "release" {
        limits.push(("peak RSS in KiB", figures.resident, resident));
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

/// A sentence for each count of `traffic` that is not what it has to be.
pub fn broken_by_traffic(case: &traffic::Case, traffic: &Traffic) -> Vec<String> {
    let sent = HANDSHAKE + case.requests * REQUEST;
    // What TLS adds to a long reply is a hundredth at the most.
    let received = HANDSHAKE + case.requests * HEADERS + case.content / 100 * 101;
    let mut broken = Vec::new();
    if traffic.requests != case.requests {
        let (found, wanted) = (traffic.requests, case.requests);
        broken.push(format!("{}: {found} requests, not {wanted}", case.name));
    }
    for (what, found, limit) in [
        ("sent", traffic.sent, sent),
        ("received", traffic.received, received),
    ] {
        if found > limit {
            broken.push(format!("{}: {what}: {found}, at most {limit}", case.name));
        }
    }
    broken
}

/// A sentence if a large blob, which took `large` KiB, takes more memory than a `medium` one,
/// for which the same code runs.
pub fn broken_by_blob(binary: &Binary, medium: u64, large: u64) -> Option<String> {
    let more = large.saturating_sub(medium);
    (more > BLOB).then(|| {
        format!(
            "{} blob of 200 MB: {more} KiB more than one of 20 MB, at most {BLOB}",
            binary.name
        )
    })
}

/// KiB by which the peak RSS may grow with a blob's size: below 200 kB.
const BLOB: u64 = 195;
/// Bytes of a TLS handshake, in either direction.
const HANDSHAKE: u64 = 2500;
/// Bytes of a request with its token.
const REQUEST: u64 = 1600;
/// Bytes of a reply without its body.
const HEADERS: u64 = 800;
/// KiB, up to 50 secrets.
const RESIDENT: u64 = 4096;
/// KiB for the code and the values of other sources.
const MORE: u64 = 256;
/// Bytes, up to 50 objects.
const HEAP: u64 = 500_000;
/// Bytes of the buffer that an env file is written in. Untouched memory is not resident.
const TEXT: u64 = 1 << 20;
/// Bytes for 200 objects in place of 50.
const LISTED: u64 = 200_000;
/// Up to 10 secrets.
const INSTRUCTIONS: u64 = 30_000_000;
/// Milliseconds, up to 10 secrets.
const PROCESSOR: u64 = 10;
/// How many times slower than a quiet machine this one may be.
const NOISE: u64 = 3;
