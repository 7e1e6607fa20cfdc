//! Counts what goes over the wire, and keeps to the budget of requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::failure::Failure;
use crate::error::Error;

/// What went over the wire in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections that were opened, their TLS handshakes completed.
    pub connections: u32,
    /// Attempts; each repetition counts.
    pub requests: u32,
    /// Bytes written to sockets, TLS and proxy requests included.
    pub sent: u64,
    /// Bytes read from sockets.
    pub received: u64,
}

/// The counters, shared by the client and its connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    traffic: Traffic,
    /// Requests that are no part of the budget.
    excused: u32,
}

impl Meter {
    /// The counts so far.
    pub(super) fn traffic(&self) -> Traffic {
        self.lock().traffic
    }

    /// Counts one attempt, or refuses it when `limit` of them were made. One without a limit
    /// is none of the budget's.
    pub(super) fn begin_request(&self, limit: Option<u32>) -> Result<(), Failure> {
        let Counts { traffic, excused } = &mut *self.lock();
        match limit {
            Some(limit) if traffic.requests >= limit.saturating_add(*excused) => {
                return Err(Failure::last(Error::RequestsSpent { limit }));
            }
            Some(_) => {}
            None => *excused = excused.saturating_add(1),
        }
        traffic.requests = traffic.requests.saturating_add(1);
        Ok(())
    }

    pub(super) fn connected(&self) {
        let traffic = &mut self.lock().traffic;
        traffic.connections = traffic.connections.saturating_add(1);
    }

    pub(super) fn sent(&self, bytes: usize) {
        let traffic = &mut self.lock().traffic;
        traffic.sent = traffic.sent.saturating_add(wide(bytes));
    }

    pub(super) fn received(&self, bytes: usize) {
        let traffic = &mut self.lock().traffic;
        traffic.received = traffic.received.saturating_add(wide(bytes));
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_exceeds_the_budget() {
        let meter = Meter::default();
        assert!(meter.begin_request(Some(2)).is_ok());
        assert!(meter.clone().begin_request(Some(2)).is_ok());
        let failure = meter.begin_request(Some(2)).unwrap_err();
        assert!(!failure.again);
        assert!(matches!(failure.error, Error::RequestsSpent { limit: 2 }));
        assert_eq!(meter.traffic().requests, 2);
        assert!(meter.begin_request(None).is_ok());
        assert!(meter.begin_request(Some(2)).is_err());
        assert_eq!(meter.traffic().requests, 3);
    }
}
