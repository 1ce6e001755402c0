//! Dates as text, converted to the time until then.

use std::time::{Duration, SystemTime};

use chrono::DateTime;

/// Returns the time from `at` to an RFC 3339 date with any offset and fraction; 0 if the date has
/// passed.
pub(super) fn rfc3339(text: &str, at: SystemTime) -> Option<Duration> {
    let date = DateTime::parse_from_rfc3339(text).ok()?;
    let second = match u64::try_from(date.timestamp()) {
        Ok(after) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(after)),
        Err(_) => SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(date.timestamp().unsigned_abs())),
    };
    // In a leap second these are more than a second.
    let below = Duration::from_nanos(date.timestamp_subsec_nanos().into());
    Some(until(second?.checked_add(below)?, at))
}

/// Returns the time from `at` to a date in a format of HTTP; 0 if the date has passed.
pub(super) fn http(text: &str, at: SystemTime) -> Option<Duration> {
    httpdate::parse_http_date(text).ok().map(|date| until(date, at))
}

fn until(date: SystemTime, at: SystemTime) -> Duration {
    date.duration_since(at).unwrap_or(Duration::ZERO)
}
