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

/// Whether a token endpoint of the machine that answers with this status may do better when
/// asked again: besides what [`may_pass`] says it may be starting up (404) or be updated
/// (410), protocol notes 4.2.
pub fn may_pass_here(status: u16) -> bool {
    may_pass(status) || matches!(status, 404 | 410)
}

/// Why a request to an endpoint of the machine was in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// No connection, or no whole reply.
    NoReply,
    /// A status that may pass.
    Status(u16),
}

/// What one request to an endpoint of the machine met so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Misses {
    updating: usize,
    other: usize,
}

impl Misses {
    /// The pause after one more miss, or nothing when it was the last one or the pause would
    /// not end within `left`.
    ///
    /// An update (410) takes up to 70 seconds and is waited for that long. `asked` is the
    /// reply's `Retry-After`, before which there is no other attempt. Up to a second of jitter,
    /// drawn from `random`, comes on top.
    pub fn pause(
        &mut self,
        miss: Miss,
        random: u64,
        asked: Option<Duration>,
        left: Duration,
    ) -> Option<Duration> {
        let (count, pauses) = match miss {
            Miss::Status(410) => (&mut self.updating, UPDATING),
            _ => (&mut self.other, STARTING),
        };
        let planned = Duration::from_secs(*pauses.get(*count)?);
        *count = count.saturating_add(1);
        let pause = asked
            .unwrap_or_default()
            .max(planned)
            .saturating_add(delay(1, random));
        (pause < left).then_some(pause)
    }
}

/// Seconds after each miss; five attempts in all.
const STARTING: [u64; 4] = [1, 2, 4, 8];
/// The same while the endpoint is updated: 75 seconds in all.
const UPDATING: [u64; 4] = [5, 10, 20, 40];
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

    fn pauses(miss: Miss) -> Vec<u64> {
        let (mut misses, left) = (Misses::default(), Duration::from_secs(300));
        let next = || Some(misses.pause(miss, 0, None, left)?.as_secs());
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_machines_endpoint_is_waited_for_as_its_status_says() {
        for status in [404, 408, 429, 503] {
            assert_eq!(pauses(Miss::Status(status)), [1, 2, 4, 8], "{status}");
        }
        assert_eq!(pauses(Miss::NoReply), [1, 2, 4, 8]);
        assert_eq!(pauses(Miss::Status(410)), [5, 10, 20, 40]);
        let mut mixed = Misses::default();
        for (miss, random, asked, left, wanted) in [
            (Miss::Status(404), 0, None, 300, Some(1000)),
            (Miss::Status(410), 1000, None, 300, Some(6000)),
            (Miss::Status(429), 1001, Some(30), 300, Some(30_000)),
            (Miss::Status(410), 0, Some(1), 300, Some(10_000)),
            (Miss::NoReply, 7, None, 4, None),
            (Miss::Status(503), 7, Some(u64::MAX), 300, None),
        ] {
            let (asked, left) = (asked.map(Duration::from_secs), Duration::from_secs(left));
            let pause = mixed.pause(miss, random, asked, left);
            assert_eq!(pause, wanted.map(Duration::from_millis), "{miss:?}");
        }
    }

    #[test]
    fn an_endpoint_of_the_machine_may_be_missing_for_a_while() {
        for status in [404, 408, 410, 429, 500, 502, 503, 504] {
            assert!(may_pass_here(status), "{status}");
        }
        for status in [200, 301, 400, 401, 403, 405, 501, 505] {
            assert!(!may_pass_here(status), "{status}");
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
