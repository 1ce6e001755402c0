//! Dates as text, as the time that is left until then.

use std::time::{Duration, SystemTime};

use chrono::DateTime;

/// From `at` to an RFC 3339 date, with any offset and fraction; 0 if it has passed.
pub(super) fn rfc3339(text: &str, at: SystemTime) -> Option<Duration> {
    let date = DateTime::parse_from_rfc3339(text).ok()?;
    let second = match u64::try_from(date.timestamp()) {
        Ok(after) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(after)),
        Err(_) => SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(date.timestamp().unsigned_abs())),
    };
    // Over a second's worth of these in a leap second.
    let below = Duration::from_nanos(date.timestamp_subsec_nanos().into());
    Some(until(second?.checked_add(below)?, at))
}

/// From `at` to a date as HTTP has them; 0 if it has passed.
pub(super) fn http(text: &str, at: SystemTime) -> Option<Duration> {
    httpdate::parse_http_date(text).ok().map(|date| until(date, at))
}

fn until(date: SystemTime, at: SystemTime) -> Duration {
    date.duration_since(at).unwrap_or(Duration::ZERO)
}
