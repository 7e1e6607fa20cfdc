//! The service's view of time, and the ways it writes time on the wire.
//!
//! A test moves it with an offset; nothing here ever waits.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// The machine's clock plus an offset in seconds.
#[derive(Default)]
pub(crate) struct Clock {
    offset: AtomicI64,
}

impl Clock {
    /// Seconds since the epoch, as the service sees them.
    pub fn now(&self) -> i64 {
        let machine = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        i64::try_from(machine).unwrap_or(i64::MAX) + self.offset.load(Ordering::SeqCst)
    }

    pub fn set_offset(&self, seconds: i64) {
        self.offset.store(seconds, Ordering::SeqCst);
    }
}

/// A `Date` header: `Sat, 21 Nov 2026 10:05:05 GMT`.
pub(crate) fn http_date(seconds: i64) -> String {
    let date = moment(seconds);
    let weekday = date.weekday().to_string();
    let month = date.month().to_string();
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        &weekday[..3],
        date.day(),
        &month[..3],
        date.year(),
        date.hour(),
        date.minute(),
        date.second()
    )
}

/// Entra's way: `2026-11-21 10:05:05Z`.
pub(crate) fn timestamp(seconds: i64) -> String {
    let date = moment(seconds);
    format!(
        "{}-{:02}-{:02} {:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        date.hour(),
        date.minute(),
        date.second()
    )
}

/// The calendar's view of a time.
pub(crate) fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates_as_the_services_do() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(timestamp(784_111_777), "1994-11-06 08:49:37Z");
    }
}
