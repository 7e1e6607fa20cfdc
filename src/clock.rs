//! Time as this program needs it: seconds since 1970 in 64 bit, whatever the platform's
//! own width, told in UTC.
//!
//! Devices of the field boot in 1970 and may jump; nothing here assumes that a later
//! reading is larger.

use std::time::Duration;

/// Seconds since 1970-01-01 UTC by the device's clock; negative before.
#[cfg(target_pointer_width = "64")]
pub fn now() -> i64 {
    use std::time::{SystemTime, UNIX_EPOCH};

    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs())
            .map_or(i64::MIN, |seconds| seconds.saturating_neg()),
    }
}

/// Seconds since 1970-01-01 UTC by the device's clock; negative before.
///
/// The kernel is asked itself: the standard library asks musl in 32 bit, and ends the program
/// once that is too narrow for the answer, in 2038.
#[cfg(target_pointer_width = "32")]
pub fn now() -> i64 {
    use rustix::time::{clock_gettime, ClockId};

    clock_gettime(ClockId::Realtime).tv_sec
}

/// Our reading `now`, unless a service's clock differs from it by minutes (`offset`, in
/// seconds): then the service's.
///
/// A device without a clock of its own boots in 1970; ages that count from there would be
/// decades when its clock is set.
pub fn corrected(now: i64, offset: Option<i64>) -> i64 {
    match offset {
        Some(offset) if offset.saturating_abs() > MUCH_SKEW => now.saturating_add(offset),
        _ => now,
    }
}

/// `2026-11-21T09:57:29Z`; years are proleptic Gregorian.
pub fn utc(seconds: i64) -> String {
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// How long ago, for people: `4 min`, `2 d 3 h`, `40 days`.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3599 => format!("{minutes} min"),
        3600..=86_399 => format!("{hours} h {} min", minutes % 60),
        86_400..=863_999 => format!("{days} d {} h", hours % 24),
        _ => format!("{days} days"),
    }
}

/// Time since `then`, or nothing when the clock stands before it.
pub fn since(then: i64, now: i64) -> Option<Duration> {
    u64::try_from(now.checked_sub(then)?)
        .ok()
        .map(Duration::from_secs)
}

/// Reads an HTTP date of RFC 9110 in its preferred form, `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let mut words = text.trim().split([' ', ':']);
    let _day_name = words.next()?.strip_suffix(',')?;
    let day = words.next()?.parse::<i64>().ok()?;
    let name = words.next()?;
    let month = i64::try_from(MONTHS.iter().position(|month| *month == name)?)
        .ok()?
        .checked_add(1)?;
    let year = words
        .next()?
        .parse::<i64>()
        .ok()
        .filter(|year| (1970..=9999).contains(year))?;
    let hour = words.next()?.parse::<i64>().ok()?;
    let minute = words.next()?.parse::<i64>().ok()?;
    let second = words.next()?.parse::<i64>().ok()?;
    let in_range = (1..=31).contains(&day)
        && (0..=23).contains(&hour)
        && (0..=59).contains(&minute)
        && (0..=60).contains(&second);
    let ends = words.next() == Some("GMT") && words.next().is_none();
    (in_range && ends).then(|| {
        date(
            year,
            month,
            day,
            hour.saturating_mul(3600)
                .saturating_add(minute.saturating_mul(60))
                .saturating_add(second),
        )
    })
}

/// Reads the dates of App Service's first protocol, month first: `06/20/2019 02:57:58 +00:00`
/// as Linux wrote it, `1/16/2020 5:24:12 AM +00:00` as Windows did (protocol notes 4.4).
pub fn parse_us_date(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split(' ').collect();
    let (day, time, half) = match words.as_slice() {
        [day, time, "+00:00"] => (*day, *time, None),
        [day, time, half @ ("AM" | "PM"), "+00:00"] => (*day, *time, Some(*half)),
        _ => return None,
    };
    let [month, day, year] = numbers(day, '/')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("PM") => hour.rem_euclid(12).saturating_add(12),
        Some(_) => hour.rem_euclid(12),
    };
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..=23).contains(&hour)
        && (0..=59).contains(&minute)
        && (0..=60).contains(&second);
    let of_day = hour
        .saturating_mul(3600)
        .saturating_add(minute.saturating_mul(60))
        .saturating_add(second);
    in_range.then(|| date(year, month, day, of_day))
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator).map(|part| part.parse().ok());
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}

/// Seconds since 1970 of a civil date and a second of that day.
pub fn date(year: i64, month: i64, day: i64, second_of_day: i64) -> i64 {
    days(year, month, day)
        .saturating_mul(86_400)
        .saturating_add(second_of_day)
}

/// Days since 1970 of a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms").
#[expect(
    clippy::arithmetic_side_effects,
    reason = "years are clamped to what cannot overflow"
)]
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year.clamp(-9999, 99_999) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = (month.clamp(1, 12) + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + day.clamp(1, 31) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a number of days since 1970 (the inverse of [`days`]).
#[expect(
    clippy::arithmetic_side_effects,
    reason = "days are clamped to what cannot overflow"
)]
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days.clamp(-4_000_000, 40_000_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Seconds that clocks may differ before one of them counts as wrong; Entra forgives 5 min.
const MUCH_SKEW: i64 = 120;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_utc_before_1970_and_past_2038() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (2_147_483_648, "2038-01-19T03:14:08Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }

    #[test]
    fn every_day_of_four_centuries_goes_round() {
        for day in -20_000..130_000 {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }

    #[test]
    fn reads_http_dates_and_refuses_others() {
        assert_eq!(
            parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(784_111_777)
        );
        for bad in [
            "",
            "Sun, 06 Nov 1994 08:49:37",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "x",
        ] {
            assert_eq!(parse_http_date(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn reads_both_dates_of_the_old_app_service() {
        for (text, wanted) in [
            ("06/20/2019 02:57:58 +00:00", Some(1_560_999_478)),
            ("1/16/2020 5:24:12 AM +00:00", Some(1_579_152_252)),
            ("1/1/1970 12:00:00 AM +00:00", Some(0)),
            ("1/1/1970 12:00:00 PM +00:00", Some(43_200)),
            ("1/1/1970 11:59:59 PM +00:00", Some(86_399)),
            ("12/31/2099 23:59:59 +00:00", Some(4_102_444_799)),
            ("", None),
            ("13/1/2020 00:00:00 +00:00", None),
            ("1/1/2020 24:00:00 +00:00", None),
            ("1/1/2020 0:00:00 AM +00:00", None),
            ("1/1/2020 13:00:00 PM +00:00", None),
            ("1/1/2020 1:00:00 +02:00", None),
            ("1/1/2020 1:00 +00:00", None),
            ("1/1/2020/1 1:00:00 +00:00", None),
            ("2020-01-01T00:00:00Z", None),
        ] {
            assert_eq!(parse_us_date(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_clock_that_is_minutes_off_is_corrected() {
        assert_eq!(corrected(100, Some(1_700_000_000)), 1_700_000_100);
        assert_eq!(corrected(100, Some(-120)), 100);
        assert_eq!(corrected(100, None), 100);
    }

    #[test]
    fn ages_read_like_a_person_says_them() {
        for (seconds, text) in [
            (4, "4 s"),
            (245, "4 min"),
            (7260, "2 h 1 min"),
            (183_600, "2 d 3 h"),
            (3_456_000, "40 days"),
        ] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_clock_that_went_back_gives_no_age() {
        assert_eq!(since(100, 99), None);
        assert_eq!(since(100, 103), Some(Duration::from_secs(3)));
    }
}
