//! How long a wait may be.

use std::time::{Duration, Instant};

use crate::clock::{Clock, Timestamp};

/// The latest time at which a grant is still wanted: a reading of the limiter's clock, or an
/// [`Instant`].
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

/// When the wait begins, the time left until the instant becomes a reading of the limiter's clock.
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

/// How long a caller is willing to wait: without a limit, for a time, or until a deadline.
///
/// [`Admit::admit`](crate::Admit::admit) takes one. The verbs of each limiter have
/// `timeout` and `deadline` of their own.
///
/// # Examples
///
/// ```
/// use limitor::wait::Patience;
/// use std::time::Duration;
///
/// let brief = Patience::unlimited().timeout(Duration::from_millis(50));
/// assert_ne!(brief, Patience::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Patience {
    timeout: Option<Duration>,
    deadline: Option<Deadline>,
}

impl Patience {
    /// Waits for as long as it takes. The same as the default.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self { timeout: None, deadline: None }
    }

    /// Waits no longer than `timeout`, counted from when the wait begins. A timeout of zero means
    /// now or never.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Waits no longer than until `deadline`. With a timeout as well, the earlier of the two holds.
    #[must_use]
    pub fn deadline(mut self, deadline: impl Into<Deadline>) -> Self {
        self.deadline = Some(deadline.into());
        self
    }

    /// The latest reading at which a grant is wanted, if the wait begins at `now`.
    pub(crate) fn until(self, now: Timestamp, clock: &impl Clock) -> Option<Timestamp> {
        let timeout = self.timeout.map(|timeout| clock.tick().later(now, timeout));
        let deadline = self.deadline.map(|deadline| deadline.reading(clock));
        timeout.into_iter().chain(deadline).min()
    }

    /// The same for a wait that begins now. Without limits the clock is not read.
    pub(crate) fn begin(self, clock: &impl Clock) -> Option<Timestamp> {
        if self == Self::unlimited() { None } else { self.until(clock.now(), clock) }
    }
}
