//! How a reply tells until when its token is good: the services differ, and so do their ages.

use crate::clock::moment;
use crate::machine::grant::Grant;
use crate::object::Object;

/// How a reply writes the end of its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// As the service does: IMDS and Arc write `expires_in` and `expires_on`, App Service and
    /// Azure ML `expires_on` alone, all as strings.
    Documented,
    /// `expires_in` alone.
    DurationOnly,
    /// The documented members are not there.
    Missing,
    /// The documented members as JSON numbers.
    Numbers,
    /// `expires_on` alone, as App Service on Linux wrote it in 2017: `06/20/2019 02:57:58 +00:00`.
    OldLinux,
    /// `expires_on` alone, as App Service on Windows wrote it in 2017:
    /// `1/16/2020 5:24:12 AM +00:00`.
    OldWindows,
}

/// The members that a service writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    Both,
    Moment,
}

/// Adds the members to a reply.
pub(crate) fn expiry(body: Object, grant: &Grant, expiry: Expiry, members: Members) -> Object {
    let duration = grant.expires_in.to_string();
    let moment = grant.expires_on.to_string();
    let both = members == Members::Both;
    match expiry {
        Expiry::Documented if both => body
            .text("expires_in", &duration)
            .text("expires_on", &moment),
        Expiry::Documented => body.text("expires_on", &moment),
        Expiry::DurationOnly => body.text("expires_in", &duration),
        Expiry::Missing => body,
        Expiry::Numbers if both => body.raw("expires_in", &duration).raw("expires_on", &moment),
        Expiry::Numbers => body.raw("expires_on", &moment),
        Expiry::OldLinux => body.text("expires_on", &linux_date(grant.expires_on)),
        Expiry::OldWindows => body.text("expires_on", &windows_date(grant.expires_on)),
    }
}

fn linux_date(seconds: i64) -> String {
    let date = moment(seconds);
    format!(
        "{:02}/{:02}/{:04} {:02}:{:02}:{:02} +00:00",
        u8::from(date.month()),
        date.day(),
        date.year(),
        date.hour(),
        date.minute(),
        date.second()
    )
}

fn windows_date(seconds: i64) -> String {
    let date = moment(seconds);
    let (hour, half) = match date.hour() {
        0 => (12, "AM"),
        hour @ 1..=11 => (hour, "AM"),
        12 => (12, "PM"),
        hour => (hour - 12, "PM"),
    };
    format!(
        "{}/{}/{:04} {hour}:{:02}:{:02} {half} +00:00",
        u8::from(date.month()),
        date.day(),
        date.year(),
        date.minute(),
        date.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dates_as_the_old_app_service_did() {
        assert_eq!(linux_date(1_560_999_478), "06/20/2019 02:57:58 +00:00");
        assert_eq!(windows_date(1_579_152_252), "1/16/2020 5:24:12 AM +00:00");
        let halves = [
            (0, "12:00:00 AM"),
            (43_199, "11:59:59 AM"),
            (43_200, "12:00:00 PM"),
            (46_800, "1:00:00 PM"),
        ];
        for (seconds, time) in halves {
            assert_eq!(windows_date(seconds), format!("1/1/1970 {time} +00:00"));
        }
    }
}
