//! Quotas as text: `100000/s`, `100 per minute burst 20`, `5/2s`.

use core::fmt;
use core::str::FromStr;

use super::error::QuotaError;
use super::grammar::{Flaw, UNITS, parse};
use super::quota::Quota;

/// Prints the shortest form that parses back to the same quota: `5/2s`, `100/min burst 20`.
///
/// # Examples
///
/// ```
/// use limitor::Quota;
/// use std::time::Duration;
///
/// let quota = Quota::new(5, Duration::from_secs(2))?;
/// assert_eq!(quota.to_string(), "5/2s");
/// assert_eq!(quota.to_string().parse(), Ok(quota));
/// # Ok::<(), limitor::QuotaError>(())
/// ```
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
/// Units are `d`, `h`, `min`, `s`, `ms`, `us`, `ns` and their English names. A bare `m` is an
/// error, because it could mean minutes or milliseconds. Case and spaces do not matter; `_` may
/// group digits.
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
        parse(text.trim()).map_err(QuotaError::from)
    }
}

impl From<Flaw<'_>> for QuotaError {
    fn from(flaw: Flaw<'_>) -> Self {
        match flaw {
            Flaw::MissingPeriod(text) => Self::MissingPeriod { text: text.into() },
            Flaw::BadNumber(text) => Self::BadNumber { text: text.into() },
            Flaw::AmbiguousUnit => Self::AmbiguousUnit,
            Flaw::UnknownUnit(text) => Self::UnknownUnit { text: text.into() },
            Flaw::Unexpected(text) => Self::Unexpected { text: text.into() },
            Flaw::OutOfRange(why) => why.into(),
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
