//! What is asked: a row of the table.

use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use limitor_benches::Allowance;

/// What the answers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// All keys are known and busy, and have plenty.
    Granted,
    /// All keys are known and exhausted.
    Refused,
    /// No key is known; as many others are, and idle.
    Newcomer,
}

impl What {
    /// What each key is allowed.
    pub(crate) fn allowance(self) -> Allowance {
        let (capacity, period, burst) = match self {
            // Plenty for as often as the most popular of few keys is asked for, and all that was taken counts for long.
            Self::Granted => (1, Duration::from_secs(1), 500_000_000),
            Self::Refused => (1, Duration::from_secs(3_600), 1),
            // Idle again at once.
            Self::Newcomer => (1_000_000_000, Duration::from_secs(1), 1_000_000_000),
        };
        Allowance { capacity, period, burst }
    }

    /// Which keys are asked for.
    pub(crate) fn accesses(self) -> &'static [Access] {
        match self {
            Self::Granted => &[Access::Uniform, Access::Zipf],
            Self::Refused => &[Access::Uniform],
            Self::Newcomer => &[Access::Once],
        }
    }

    /// How many threads ask.
    pub(crate) fn threads(self) -> &'static [usize] {
        if self == Self::Granted { &THREADS } else { &[1] }
    }

    /// Permits taken of each key at first.
    pub(crate) fn taken(self) -> u32 {
        // So that nobody is idle again within an hour.
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
    /// Each once.
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
            Self::Newcomer => "newcomer",
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

/// How many keys, for people.
pub(crate) fn count(keys: u64) -> String {
    match keys {
        1_000_000.. => format!("{} M", keys / 1_000_000),
        1_000.. => format!("{},{:03}", keys / 1_000, keys % 1_000),
        _ => keys.to_string(),
    }
}
