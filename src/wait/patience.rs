//! How long a wait may be.

use std::time::{Duration, Instant};

use crate::clock::{Clock, Timestamp};

/// The latest time at which a grant is still wanted: a reading of the limiter's clock, or an [`Instant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(At);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Reading(Timestamp),
    Instant(Instant),
}

impl From<Timestamp> for Deadline {
    fn from(reading: Timestamp) -> Self {
        Self(At::Reading(reading))
    }
}

/// Taken as the time that is left until then when the wait begins, on whatever clock the limiter has.
impl From<Instant> for Deadline {
    fn from(instant: Instant) -> Self {
        Self(At::Instant(instant))
    }
}

impl Deadline {
    fn reading(self, clock: &impl Clock) -> Timestamp {
        match self.0 {
            At::Reading(reading) => reading,
            At::Instant(instant) => clock.after(instant.saturating_duration_since(Instant::now())),
        }
    }
}

/// The limits set on a wait that has not begun.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Patience {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Deadline>,
}

impl Patience {
    /// The latest reading at which a grant is wanted, if the wait begins at `now`.
    pub(crate) fn until(self, now: Timestamp, clock: &impl Clock) -> Option<Timestamp> {
        let timeout = self.timeout.map(|timeout| clock.tick().later(now, timeout));
        let deadline = self.deadline.map(|deadline| deadline.reading(clock));
        timeout.into_iter().chain(deadline).min()
    }

    /// The same for a wait that begins now. Without limits the clock is not read.
    pub(crate) fn begin(self, clock: &impl Clock) -> Option<Timestamp> {
        if self.timeout.is_none() && self.deadline.is_none() { None } else { self.until(clock.now(), clock) }
    }
}
