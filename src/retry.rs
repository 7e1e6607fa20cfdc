//! When to try again, and how long to wait before.
//!
//! Exponential pauses of 1, 2, 4 seconds with full jitter: each is drawn evenly from
//! zero to its cap, so that a fleet whose timers fire together does not come back
//! together (lessons 33 and 37). Pure functions; randomness and time are arguments.

use std::time::Duration;

/// How often one request is sent at most, the first time included.
pub const ATTEMPTS: u32 = 4;

/// Whether a reply of this HTTP status may turn out better when asked again.
///
/// 408, 429 and the 5xx that services use for "not now" (protocol notes 3.11).
pub fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// The pause after the failed attempt number `attempt`, counted from 1.
///
/// `random` is any evenly drawn number; equal numbers give equal pauses.
pub fn delay(attempt: u32, random: u64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(LAST_DOUBLING);
    let cap = 1000_u64 << doublings;
    Duration::from_millis(random.checked_rem(cap.saturating_add(1)).unwrap_or(0))
}

/// The pause before the next attempt, or nothing when there shall be none.
///
/// `asked` is what the server wanted in `Retry-After`: it is waited for in full, and the
/// jitter comes on top. There is no next attempt after [`ATTEMPTS`], and none whose pause
/// would not end within `left`.
pub fn pause(
    attempt: u32,
    random: u64,
    asked: Option<Duration>,
    left: Duration,
) -> Option<Duration> {
    let pause = asked
        .unwrap_or_default()
        .saturating_add(delay(attempt, random));
    (attempt < ATTEMPTS && pause < left).then_some(pause)
}

/// The cap is doubled this often: 1, 2, 4 seconds.
const LAST_DOUBLING: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_under_caps_that_double_up_to_four_seconds() {
        for (attempt, cap) in [(0, 1000), (1, 1000), (2, 2000), (3, 4000), (9, 4000)] {
            assert_eq!(delay(attempt, 0), Duration::ZERO);
            assert_eq!(delay(attempt, cap), Duration::from_millis(cap));
            assert_eq!(delay(attempt, cap + 1), Duration::ZERO);
            assert!(delay(attempt, u64::MAX) <= Duration::from_millis(cap));
        }
    }

    #[test]
    fn gives_up_after_four_attempts_or_at_the_deadline() {
        let second = Duration::from_secs(1);
        for (attempt, asked, left, wanted) in [
            (1, None, 10, Some(second)),
            (3, None, 10, Some(second)),
            (4, None, 10, None),
            (1, None, 1, None),
            (1, Some(5), 10, Some(second * 6)),
            (1, Some(5), 6, None),
            (1, Some(u64::MAX), 10, None),
        ] {
            let asked = asked.map(Duration::from_secs);
            let pause = pause(attempt, 1000, asked, Duration::from_secs(left));
            assert_eq!(pause, wanted, "{attempt} {asked:?} {left}");
        }
    }

    #[test]
    fn only_statuses_that_mean_not_now_may_pass() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(may_pass(status), "{status}");
        }
        for status in [200, 301, 400, 401, 403, 404, 409, 501, 505] {
            assert!(!may_pass(status), "{status}");
        }
    }
}
