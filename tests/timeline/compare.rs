//! What must be equal for both.

use std::time::Duration;

use limitor::{AcquireError, Denied, Reason};
use limitor_model::{Refusal, Standing};

use super::Op;
use super::beside::Beside;
use super::holders::Held;

impl Beside<'_> {
    /// Compares two intervals of time, the model's in ns.
    #[track_caller]
    pub(super) fn assert_near(&self, seen: Duration, expected: u128) {
        assert!(seen.as_nanos().abs_diff(expected) <= self.slack.into(), "{} ns, expected {expected}", seen.as_nanos());
    }

    #[track_caller]
    pub(super) fn assert_denied(&self, denied: Denied, expected: Refusal) {
        let (reason, retry_after) = match expected {
            Refusal::NotYet(wait) => (Reason::NotYet, Some(wait)),
            Refusal::TooLong(wait) => (Reason::TooLong, Some(wait)),
            Refusal::ExceedsBurst => (Reason::ExceedsBurst, None),
            Refusal::QueueFull => (Reason::QueueFull, None),
            Refusal::Closed => (Reason::Closed, None),
            Refusal::Saturated => (Reason::Saturated, None),
        };
        assert_eq!(denied.reason(), reason);
        assert_eq!(denied.retry_after().is_some(), retry_after.is_some(), "{denied}");
        if let (Some(seen), Some(expected)) = (denied.retry_after(), retry_after) {
            self.assert_near(seen, expected);
        }
    }

    #[track_caller]
    pub(super) fn assert_error(&self, error: AcquireError, n: u64, expected: Refusal) {
        match (error, expected) {
            (AcquireError::TooLong { requested, wait, .. }, Refusal::TooLong(expected)) if requested == n => {
                self.assert_near(wait, expected);
            }
            (AcquireError::ExceedsBurst { requested, burst, .. }, Refusal::ExceedsBurst) => {
                assert_eq!((requested, burst), (n, self.built.burst));
            }
            (AcquireError::QueueFull, Refusal::QueueFull)
            | (AcquireError::Closed, Refusal::Closed)
            | (AcquireError::Saturated, Refusal::Saturated) => {}
            (seen, expected) => panic!("{seen:?}, expected {expected:?}"),
        }
    }

    #[track_caller]
    pub(super) fn assert_left(&self, seen: Duration, expected: Standing) {
        match expected {
            Standing::Waits(wait) => self.assert_near(seen, wait),
            Standing::Granted(_) => assert_eq!(seen, Duration::ZERO),
            Standing::Cancelled | Standing::Closed => assert_eq!(seen, Duration::MAX),
        }
    }

    /// Compares everything that is visible.
    pub(super) fn compare(&mut self, op: Op) {
        // Entries may have moved to the current time.
        self.set_clock(self.now);
        assert_eq!(self.limiter.waiters(), self.waiting(), "waiters after {op:?}");
        assert_eq!(self.limiter.is_closed(), self.model.is_closed(), "after {op:?}");
        let slack = i64::try_from(self.slack).expect("small");
        let available = self.limiter.available();
        let (least, most) = (self.model.available(self.now, -slack), self.model.available(self.now, slack));
        assert!((least..=most).contains(&available), "{available} available after {op:?}, expected {least} to {most}");
        for n in [0, 1, 3, self.built.burst] {
            let info = self.limiter.capacity_info(n);
            assert_eq!(info.has_capacity, info.needed <= 0);
            match (self.model.needed(self.now, slack, n), self.model.needed(self.now, -slack, n)) {
                (Some(least), Some(most)) => {
                    assert!(
                        (least..=most).contains(&info.needed),
                        "{info:?} for {n} after {op:?}, expected {least} to {most}"
                    );
                }
                _ => assert!(!info.has_capacity || n == 0 && !self.model.is_closed(), "{info:?} for {n} after {op:?}"),
            }
        }
        let held = self.held.places.iter();
        let places = held.filter_map(|(id, held)| match held {
            Held::Place(reservation) => Some((*id, reservation.wait_time())),
            Held::Task(_) => None,
        });
        for (id, seen) in places.collect::<Vec<_>>() {
            let expected = self.model.standing(self.now, id);
            self.assert_left(seen, expected);
        }
    }
}
