//! The cases: a row of the table each.

use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use limitor_benches::Allowance;

/// The kind of decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// All keys are known and busy, and have enough permits.
    Granted,
    /// All keys are known and exhausted.
    Refused,
    /// No key is known. As many others are known, and idle.
    NewKey,
}

impl What {
    /// The quota of each key.
    pub(crate) fn allowance(self) -> Allowance {
        let (capacity, period, burst) = match self {
            // The burst is enough for the most frequent of few keys, and what was taken counts for
            // a long time.
            Self::Granted => (1, Duration::from_secs(1), 500_000_000),
            Self::Refused => (1, Duration::from_secs(3_600), 1),
            // A key is idle again immediately.
            Self::NewKey => (1_000_000_000, Duration::from_secs(1), 1_000_000_000),
        };
        Allowance { capacity, period, burst }
    }

    /// The order of the keys.
    pub(crate) fn accesses(self) -> &'static [Access] {
        match self {
            Self::Granted => &[Access::Uniform, Access::Zipf],
            Self::Refused => &[Access::Uniform],
            Self::NewKey => &[Access::Once],
        }
    }

    /// The numbers of threads.
    pub(crate) fn threads(self) -> &'static [usize] {
        if self == Self::Granted { &THREADS } else { &[1] }
    }

    /// Permits taken of each key before the measurement.
    pub(crate) fn taken(self) -> u32 {
        // No key is idle again within an hour.
        if self == Self::Granted { 3_600 } else { 1 }
    }
}

/// Threads on one limiter.
const THREADS: [usize; 3] = [1, 2, 8];

/// Which keys are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Uniform,
    Zipf,
    /// Each key once.
    Once,
}

/// The same work for each contender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) what: What,
    pub(crate) keys: u64,
    pub(crate) kind: &'static str,
    pub(crate) access: Access,
    pub(crate) threads: usize,
}

impl Display for What {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::NewKey => "new key",
        })
    }
}

impl Display for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}, {} {}", self.what, count(self.keys), self.kind)?;
        f.write_str(match self.access {
            Access::Uniform | Access::Once => "",
            Access::Zipf => ", Zipf",
        })?;
        if self.threads > 1 { write!(f, ", {} threads", self.threads) } else { Ok(()) }
    }
}

/// A number of keys, for people.
pub(crate) fn count(keys: u64) -> String {
    match keys {
        1_000_000.. => format!("{} M", keys / 1_000_000),
        1_000.. => format!("{},{:03}", keys / 1_000, keys % 1_000),
        _ => keys.to_string(),
    }
}
