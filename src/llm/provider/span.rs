//! Spans of time as text: `23h47m36.648s`, `12ms`, `7.66`.
//!
//! It is written by hand, because the crates for it accept much more: `go-parse-duration` accepts
//! signs and units in any order, `humantime` accepts names of months and spaces. No crate accepts
//! `1d2h` and a bare `60` and only such spans.

use std::time::Duration;

/// The units in nanoseconds, longest first. The micro sign and the Greek letter are both in use.
const UNITS: [(&str, u128); 9] = [
    ("d", 86_400 * SECOND),
    ("h", 3_600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
    ("ms", MILLISECOND),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ns", 1),
];

const SECOND: u128 = 1_000_000_000;
const MILLISECOND: u128 = 1_000_000;

/// The digits of a fraction that are read. They distinguish the nanoseconds of a day, and `10^20`
/// days in nanoseconds are still below 128 bits.
const TELLING_DIGITS: usize = 20;

/// Reads a span, rounded up to 1 ns.
///
/// A span is a bare number of seconds, or numbers with units as Go prints them, with days as well.
/// Each unit is shorter than the one before, and only the last number may have a fraction. Any
/// other text, and a span that is too long for a [`Duration`], is `None`.
pub(super) fn span(text: &str) -> Option<Duration> {
    seconds(text).or_else(|| with_units(text))
}

/// Reads a bare number of seconds, rounded up to 1 ns.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    bare(text, SECOND)
}

/// Reads a bare number of milliseconds, rounded up to 1 ns.
pub(super) fn millis(text: &str) -> Option<Duration> {
    bare(text, MILLISECOND)
}

fn bare(text: &str, unit: u128) -> Option<Duration> {
    match Number::first_of(text)? {
        (number, "") => duration(number.times(unit)),
        _ => None,
    }
}

fn with_units(text: &str) -> Option<Duration> {
    let (mut rest, mut nanos, mut above) = (text, 0, u128::MAX);
    loop {
        let (number, behind) = Number::first_of(rest)?;
        let end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (name, behind) = behind.split_at(end);
        let (_, unit) = UNITS.into_iter().find(|(unit, _)| *unit == name)?;
        if unit >= above {
            return None;
        }
        // At most seven units, each below 2^64 days and a fraction: far below 128 bits.
        nanos += number.times(unit);
        match behind {
            "" => return duration(nanos),
            _ if !number.fraction.is_empty() => return None,
            _ => (rest, above) = (behind, unit),
        }
    }
}

fn duration(nanos: u128) -> Option<Duration> {
    let seconds = u64::try_from(nanos / SECOND).ok()?;
    let below = u32::try_from(nanos % SECOND).ok()?;
    Some(Duration::new(seconds, below))
}

/// A decimal number without a sign.
struct Number<'a> {
    whole: u64,
    /// The digits after the point; empty if there is no point.
    fraction: &'a str,
}

impl<'a> Number<'a> {
    /// Returns the number that the text begins with, and the text after it.
    fn first_of(text: &'a str) -> Option<(Self, &'a str)> {
        let (whole, behind) = digits(text);
        let (fraction, behind) = match behind.strip_prefix('.') {
            Some(behind) => Some(digits(behind)).filter(|(fraction, _)| !fraction.is_empty())?,
            None => ("", behind),
        };
        Some((Self { whole: whole.parse().ok()?, fraction }, behind))
    }

    /// Returns this number times `unit` nanoseconds, rounded up.
    fn times(&self, unit: u128) -> u128 {
        let (read, rest) = self.fraction.split_at(self.fraction.len().min(TELLING_DIGITS));
        let (part, of) =
            read.bytes().fold((0, 1), |(part, of), digit| (part * 10 + u128::from(digit - b'0'), of * 10_u128));
        let part = part + u128::from(rest.bytes().any(|digit| digit != b'0'));
        u128::from(self.whole) * unit + (part * unit).div_ceil(of)
    }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> Option<u128> {
        span(text).map(|span| span.as_nanos())
    }

    #[test]
    fn a_span_of_a_provider_is_read() {
        for (text, expected) in [
            ("6m0s", 360 * SECOND),
            ("1s", SECOND),
            ("12ms", 12 * MILLISECOND),
            ("23h47m36.648s", 85_656_648 * MILLISECOND),
            ("7.66s", 7_660 * MILLISECOND),
            ("2m59.56s", 179_560 * MILLISECOND),
            ("1d2h", 93_600 * SECOND),
            ("1h0m0s", 3_600 * SECOND),
            ("0s", 0),
            ("0", 0),
            ("60", 60 * SECOND),
            ("0.5", 500 * MILLISECOND),
            ("1m", 60 * SECOND),
            ("1m1ms", 60 * SECOND + MILLISECOND),
            ("315.5us", 315_500),
            ("315.5µs", 315_500),
            ("315.5μs", 315_500),
            ("1d1h1m1s1ms1us1ns", 90_061_001_001_001),
            ("34.074824224s", 34_074_824_224),
            ("000000000000000000000001s", SECOND),
        ] {
            assert_eq!(nanos(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_span_is_refused() {
        for text in [
            "", " ", "s", ".", ".5s", "5.s", "1.5.5s", "-1s", "+1s", "1 s", " 1s", "1s ", "1e3", "1e30", "inf", "NaN",
            "1s1m", "1s1s", "1us1µs", "1.5m3s", "1m30", "1x", "1S", "1min", "1y", "1_000", "1,000", "0x10", "١s",
            "1s\0", "1sm", "soon", "1h-2m",
        ] {
            assert_eq!(nanos(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_fraction_of_a_nanosecond_rounds_up() {
        assert_eq!(nanos("0.0000000001"), Some(1));
        assert_eq!(nanos("0.000000001"), Some(1));
        assert_eq!(nanos("0.0000000011"), Some(2));
        assert_eq!(nanos(&format!("0.{}1s", "0".repeat(1_000))), Some(1));
        assert_eq!(nanos(&format!("0.{}s", "0".repeat(1_000))), Some(0));
        assert_eq!(nanos(&format!("0.{}d", "9".repeat(1_000))), Some(86_400 * SECOND));
    }

    #[test]
    fn a_span_longer_than_a_duration_is_refused() {
        assert_eq!(span("18446744073709551615s"), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(span("18446744073709551615.999999999s"), Some(Duration::MAX));
        assert_eq!(span("18446744073709551615.9999999991s"), None);
        assert_eq!(span("18446744073709551616"), None);
        assert_eq!(span("18446744073709551615m"), None);
        let most = u64::MAX;
        assert_eq!(span(&format!("{most}d{most}h{most}m{most}s{most}ms{most}us{most}ns")), None);
        assert_eq!(millis("18446744073709551615"), Some(Duration::from_millis(u64::MAX)));
    }

    #[test]
    fn a_bare_number_with_a_unit_is_refused() {
        assert_eq!(seconds("2"), Some(Duration::from_secs(2)));
        assert_eq!(millis("353"), Some(Duration::from_millis(353)));
        assert_eq!(millis("353.5"), Some(Duration::from_micros(353_500)));
        assert_eq!(seconds("2s"), None);
        assert_eq!(millis("2ms"), None);
    }
}
