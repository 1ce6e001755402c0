//! How many permits a request takes.

use crate::clock::Timestamp;
use crate::error::Refused;
use crate::gcra::Gcra;
use crate::meter::{Charge, Meter};

/// How many permits a request takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Amount {
    Exactly(u64),
    /// As many as are available, at least 1.
    UpTo(u64),
}

impl Amount {
    /// The fewest permits that are granted.
    pub(super) fn least(self) -> u64 {
        match self {
            Self::Exactly(n) => n,
            Self::UpTo(n) => n.min(1),
        }
    }

    /// How many permits are taken from this TAT, and the TAT after them; or by how many units the
    /// request is too early. The least must be from 1 to the burst.
    pub(super) fn decide(self, gcra: &Gcra, tat: u64, now: u64) -> Result<(u64, u64), u64> {
        let least = self.least();
        let after = gcra.decide(tat, now, gcra.cost(least))?;
        let Self::UpTo(most) = self else { return Ok((least, after)) };
        let taken = least + gcra.available(after, now).min(most - least);
        gcra.decide(tat, now, gcra.cost(taken)).map(|after| (taken, after))
    }

    /// The same of a limiter's word. Gives how many permits were taken.
    pub(super) fn take(self, meter: &Meter, now: Timestamp) -> Result<(u64, Charge), Refused> {
        match self {
            Self::UpTo(most) if most > 1 => meter.take_with_extra(now, 1, |available| available.min(most - 1)),
            Self::Exactly(n) | Self::UpTo(n) => meter.take(now, n).map(|charge| (n, charge)),
        }
    }
}
