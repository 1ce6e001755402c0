//! Quotas as text: `100000/s`, `100 per minute burst 20`, `5/2s`.

use core::fmt;
use core::str::FromStr;

use super::Quota;
use crate::error::QuotaError;

/// The units, longest first, each with its short name (which `Display` prints) and its English ones.
const UNITS: [(u64, &str, &[&str]); 7] = [
    (86_400_000_000_000, "d", &["day", "days"]),
    (3_600_000_000_000, "h", &["hour", "hours", "hr", "hrs"]),
    (60_000_000_000, "min", &["minute", "minutes", "mins"]),
    (1_000_000_000, "s", &["second", "seconds", "sec", "secs"]),
    (1_000_000, "ms", &["millisecond", "milliseconds", "msec", "msecs"]),
    (1_000, "us", &["microsecond", "microseconds", "usec", "usecs", "µs", "μs"]),
    (1, "ns", &["nanosecond", "nanoseconds", "nsec", "nsecs"]),
];

/// Prints the shortest form that parses back to the same quota: `5/2s`, `100/min burst 20`.
impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name, _) = UNITS
            .into_iter()
            .find(|(unit, ..)| self.period_nanos.is_multiple_of(*unit))
            .unwrap_or(UNITS[UNITS.len() - 1]);
        write!(f, "{}/", self.capacity)?;
        if self.period_nanos != unit {
            write!(f, "{}", self.period_nanos / unit)?;
        }
        f.write_str(name)?;
        if self.burst != self.capacity {
            write!(f, " burst {}", self.burst)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quota({self})")
    }
}

/// Parses `CAPACITY / [COUNT] UNIT [burst BURST]`, where `/` may be spelled `per`.
///
/// Units are `d`, `h`, `min`, `s`, `ms`, `us`, `ns` and their English names; a bare `m` is refused, because it could mean
/// minutes or milliseconds. Case and spaces do not matter; `_` may group digits.
///
/// # Examples
///
/// ```
/// use limitor::{Quota, QuotaError};
///
/// let quota: Quota = "5 per 2 seconds".parse()?;
/// assert_eq!(quota.to_string(), "5/2s");
/// assert!(matches!("5/m".parse::<Quota>(), Err(QuotaError::AmbiguousUnit)));
/// # Ok::<(), QuotaError>(())
/// ```
impl FromStr for Quota {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Self, QuotaError> {
        let mut rest = Scanner(text.trim());
        let capacity = rest.number()?;
        if !rest.eat("/") && !rest.word().eq_ignore_ascii_case("per") {
            return Err(QuotaError::MissingPeriod { text: text.into() });
        }
        let count = if rest.at_digit() { rest.number()? } else { 1 };
        let name = rest.word();
        let unit = unit(name)?;
        let period = count.checked_mul(unit).ok_or_else(|| QuotaError::BadNumber { text: text.into() })?;
        let burst = match rest.word() {
            "" => capacity,
            word if word.eq_ignore_ascii_case("burst") => rest.number()?,
            word => return Err(QuotaError::Unexpected { text: word.into() }),
        };
        if !rest.0.is_empty() {
            return Err(QuotaError::Unexpected { text: rest.0.into() });
        }
        Quota::from_nanos(capacity, period, burst)
    }
}

fn unit(name: &str) -> Result<u64, QuotaError> {
    if name.eq_ignore_ascii_case("m") {
        return Err(QuotaError::AmbiguousUnit);
    }
    UNITS
        .iter()
        .find(|(_, short, names)| {
            name.eq_ignore_ascii_case(short) || names.iter().any(|long| name.eq_ignore_ascii_case(long))
        })
        .map(|(nanos, ..)| *nanos)
        .ok_or_else(|| QuotaError::UnknownUnit { text: name.into() })
}

/// What is left of the text, without leading space.
struct Scanner<'a>(&'a str);

impl<'a> Scanner<'a> {
    /// Takes the longest prefix of characters that belong.
    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !belongs(c)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest.trim_start();
        token
    }

    fn word(&mut self) -> &'a str {
        self.take(|c| !c.is_whitespace() && !c.is_ascii_digit() && c != '/')
    }

    fn at_digit(&self) -> bool {
        self.0.starts_with(|c: char| c.is_ascii_digit())
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.0.strip_prefix(token);
        self.0 = found.unwrap_or(self.0).trim_start();
        found.is_some()
    }

    /// A whole number; `_` may group its digits, after the first.
    fn number(&mut self) -> Result<u64, QuotaError> {
        let whole = self.0;
        let digits = self.take(|c| c.is_ascii_digit() || c == '_');
        let value = digits
            .bytes()
            .filter(|b| *b != b'_')
            .try_fold(0_u64, |value, digit| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
        match value {
            Some(value) if digits.starts_with(|c: char| c.is_ascii_digit()) => Ok(value),
            Some(_) => Err(QuotaError::BadNumber { text: whole.into() }),
            None => Err(QuotaError::BadNumber { text: digits.into() }),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Quota {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Quota {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = Quota;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quota such as \"100/min burst 20\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Quota, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}
