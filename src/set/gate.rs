//! The limits of a set as what its waiters wait for.

use std::time::Duration;

use super::members::{Charges, Member, Members, due};
use super::shape::Shape;
use crate::clock::{Clock, Timestamp};
use crate::error::{AcquireError, LimitError, Refused};
use crate::state::Phase;
use crate::turnstile::Gate;

/// The TATs of a set as they will be. `None` for a limit that is closed or saturated.
pub(crate) struct Words<S: Shape>(S::Each<Option<u64>>);

fn error<C: Clock>(member: &Member<C>, cost: u64, refused: Refused) -> LimitError {
    LimitError::new(Some(member.name), member.limiter.denied(cost, refused).into())
}

impl<S: Shape, C: Clock> Gate for Members<S, C> {
    type Request = S::Each<u64>;
    type Taken = Charges<S>;
    type Refusal = LimitError;
    type Forecast = Words<S>;

    fn due(&self, costs: &S::Each<u64>) -> Result<Option<Timestamp>, LimitError> {
        let mut at = Timestamp::default();
        for (member, cost) in self.iter().zip(costs.as_ref()).filter(|(_, cost)| **cost != 0) {
            let rate = &member.limiter.meter().rate;
            let due = due(member.limiter.meter(), *cost).map_err(|refused| error(member, *cost, refused))?;
            let reading = rate.reading(due);
            if rate.units(reading) < due {
                // Not before time ends.
                return Ok(None);
            }
            at = at.max(reading);
        }
        Ok(Some(at))
    }

    /// At the reading at which the request came due, however late a caller notices.
    fn take(&mut self, costs: &S::Each<u64>, due: Timestamp, now: Timestamp) -> Option<Charges<S>> {
        self.take_due(due, costs.as_ref(), now).ok()
    }

    fn abandon(&mut self, _charges: Charges<S>, _now: Timestamp) {
        // As with a single limiter: after the request was due, its permits are spent.
    }

    fn forecast(&self) -> Words<S> {
        Words(self.map(|limiter, _| match limiter.meter().load().phase() {
            Phase::Open(tat) => Some(tat),
            Phase::Bypassed => Some(0),
            Phase::Closed | Phase::Saturated => None,
        }))
    }

    fn foresee(&self, words: &mut Words<S>, costs: &S::Each<u64>, at: Timestamp) -> Option<Timestamp> {
        let (words, costs) = (words.0.as_mut(), costs.as_ref());
        let asked = || self.iter().enumerate().filter(|(index, _)| costs[*index] != 0);
        let mut granted = at;
        for (index, member) in asked() {
            let rate = &member.limiter.meter().rate;
            granted = granted.max(rate.reading(rate.due_behind(words[index]?, costs[index])));
        }
        for (index, member) in asked() {
            let (rate, tat) = (&member.limiter.meter().rate, words[index]?);
            let begin = tat.max(rate.moment(tat, costs[index], granted));
            words[index] = Some(begin.saturating_add(rate.gcra.amount(costs[index])));
        }
        Some(granted)
    }

    fn too_long(&self, costs: &S::Each<u64>, wait: Option<Duration>) -> LimitError {
        let denied = self.denied(self.clock().now(), costs.as_ref(), None);
        let (requested, wait) = (denied.requested(), wait.unwrap_or(Duration::MAX));
        LimitError::new(Some(denied.limit()), AcquireError::TooLong { requested, wait })
    }

    fn full(&self) -> LimitError {
        LimitError::new(None, AcquireError::QueueFull)
    }

    fn closed(&self) -> LimitError {
        LimitError::new(None, AcquireError::Closed)
    }
}
