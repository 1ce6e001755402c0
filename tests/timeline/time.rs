//! How clocks move, and which readings are used.

/// An interval of time, forward or back, in terms with which every quota meets its own boundaries.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Nanos(i16),
    /// Halves of T, and 1 ns more if odd: so that boundaries are hit, and missed.
    Halves(i16),
    /// Eighths of burst · T.
    Depth(i8),
    /// Years, and a little more.
    Years(i8),
    /// To so many ns after the time at which an entry that is held, counted from the front, comes
    /// due.
    Due(usize, i8),
}

/// The reading that an operation uses.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reading {
    Clock,
    /// This far from the clock's own reading.
    Off(Step),
}

const YEAR: u64 = 31_557_600_000_000_000;

/// The readings that a timeline may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Range {
    /// From the beginning of the limiter's time to the time that every word lasts for. The time of
    /// a limiter that is built late begins there; see `Scale`.
    pub(super) fn from(start: u64) -> Self {
        Self { first: if start > 8 * YEAR { start } else { 0 }, last: start + 20 * YEAR }
    }

    fn clamp(self, at: i128) -> u64 {
        u64::try_from(at.clamp(self.first.into(), self.last.into())).expect("between two ticks")
    }

    /// `nth_wait` returns the wait of an entry.
    pub(super) fn after(
        self,
        now: u64,
        step: Step,
        built: &limitor_model::Limiter,
        nth_wait: impl FnOnce(usize) -> Option<u128>,
    ) -> u64 {
        let period = i128::from(built.period_nanos);
        let capacity = i128::from(built.capacity);
        let by = match step {
            Step::Nanos(nanos) => nanos.into(),
            Step::Halves(halves) => {
                let halves = i128::from(halves);
                halves * period / (2 * capacity) + halves % 2
            }
            Step::Depth(eighths) => i128::from(built.burst) * period / capacity / 8 * i128::from(eighths),
            Step::Years(years) => i128::from(years) * i128::from(YEAR) + i128::from(years % 3),
            Step::Due(nth, more) => {
                nth_wait(nth).map_or(0, |wait| i128::try_from(wait).expect("decades") + i128::from(more))
            }
        };
        self.clamp(i128::from(now) + by)
    }
}
