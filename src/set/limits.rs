//! Several limits with the queue of their waiters: what all kinds of sets share.

use std::sync::Arc;

use super::members::{Charges, Member, Members, Missed};
use super::shape::Shape;
use crate::clock::{Clock, Timestamp};
use crate::error::{AcquireError, BuildError, LimitDenied, LimitError, Refused};
use crate::limiter::{Capacity, RateLimiter, Standing};
use crate::pace::Strategy;
use crate::turnstile::{Ahead, Turnstile};

/// Several limits with the queue of their waiters.
pub(crate) struct Limits<S: Shape, C: Clock> {
    members: Members<S, C>,
    turnstile: Turnstile<Members<S, C>>,
}

/// What a set is built from, besides its limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) strategy: Strategy,
    pub(super) max_waiters: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { strategy: Strategy::default(), max_waiters: usize::MAX }
    }
}

/// A limit with its name, as callers give it.
pub(super) type Named<C> = (&'static str, Arc<RateLimiter<C>>);

/// Checks that there is a limit and that none is there twice.
fn check<C: Clock>(limits: &[Named<C>]) -> Result<(), BuildError> {
    if limits.is_empty() {
        return Err(BuildError::NoLimits);
    }
    for (index, (name, limit)) in limits.iter().enumerate() {
        if limits[..index].iter().any(|(_, other)| Arc::ptr_eq(limit, other)) {
            return Err(BuildError::LimitTwice { name });
        }
    }
    Ok(())
}

impl<S: Shape, C: Clock> Limits<S, C> {
    pub(super) fn new(limits: &[Named<C>], options: Options) -> Result<Self, BuildError> {
        check(limits)?;
        let member = |index: usize| Member { name: limits[index].0, limiter: Arc::clone(&limits[index].1) };
        let members = Members::new(S::each(limits.len(), member));
        let turnstile = Turnstile::new(members.clone(), options.strategy, options.max_waiters);
        Ok(Self { members, turnstile })
    }

    #[inline]
    pub(super) fn clock(&self) -> &C {
        self.members.clock()
    }

    pub(super) fn turnstile(&self) -> &Turnstile<Members<S, C>> {
        &self.turnstile
    }

    /// The limits with their names, in order.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &Arc<RateLimiter<C>>)> {
        self.members.iter().map(|member| (member.name, &member.limiter))
    }

    /// What `look` gives for each limit.
    pub(super) fn map<T: Clone>(&self, look: impl Fn(&RateLimiter<C>, usize) -> T) -> S::Each<T> {
        self.members.map(look)
    }

    /// Takes all costs if no request waits and the set is open. `None` decides nothing.
    #[inline]
    pub(super) fn take_ordinary(&self, costs: &[u64]) -> Option<Charges<S>> {
        if !self.is_count(costs) || !self.turnstile.is_clear() {
            return None;
        }
        self.members.take_all(self.clock().now(), costs).ok()
    }

    /// Takes all costs if they are available now.
    pub(super) fn take(&self, now: Timestamp, costs: &[u64]) -> Result<Charges<S>, LimitDenied> {
        self.check_count(costs)?;
        if !self.turnstile.is_clear() {
            // A waiter may be due and not know it yet, or have been leaked.
            match self.turnstile.ahead(self.clock()) {
                Ahead::Nothing => {}
                Ahead::Waiter(first) => return Err(self.members.denied(now, costs, Some(first.as_ref()))),
                Ahead::Closed => return Err(self.members.refusal_of_all(costs[0], Refused::Closed)),
            }
        }
        self.members.take_all(now, costs).map_err(|missed| {
            if missed == Missed::GivenBack {
                // A waiter that has come meanwhile may have found less than there is.
                self.notify();
            }
            self.members.denied(now, costs, None)
        })
    }

    #[inline]
    fn is_count(&self, costs: &[u64]) -> bool {
        costs.len() == self.members.as_slice().len()
    }

    /// Checks that there is a cost for each limit.
    #[inline]
    pub(super) fn check_count(&self, costs: &[u64]) -> Result<(), LimitDenied> {
        if self.is_count(costs) { Ok(()) } else { Err(self.wrong_count(costs)) }
    }

    #[cold]
    fn wrong_count(&self, costs: &[u64]) -> LimitDenied {
        let limits = self.members.as_slice().len() as u64;
        self.members.refusal_of_all(costs.len() as u64, Refused::CostCount(limits))
    }

    /// Panics unless there is a figure for each limit.
    #[inline]
    #[track_caller]
    pub(super) fn assert_count(&self, figures: &[u64]) {
        let (given, limits) = (figures.len(), self.members.as_slice().len());
        assert!(given == limits, "{given} costs given, but the set has {limits} limits");
    }

    /// Settles work after the fact, at a clock reading if one is given.
    pub(super) fn reconcile(&self, at: Option<Timestamp>, actual: &[u64], estimated: &[u64]) {
        for ((member, actual), estimated) in self.members.iter().zip(actual).zip(estimated) {
            match at {
                Some(at) => member.limiter.reconcile_at(at, *actual, *estimated),
                None => member.limiter.reconcile(*actual, *estimated),
            }
        }
        self.notify();
    }

    /// Settles a grant.
    pub(super) fn settle(&self, costs: &[u64], charges: &Charges<S>, actual: &[u64]) {
        self.members.settle(costs, charges.as_ref(), actual);
        self.notify();
    }

    pub(super) fn available(&self, now: Timestamp) -> S::Each<u64> {
        self.map(|limiter, _| limiter.available_at(now))
    }

    pub(super) fn capacity_info(&self, now: Timestamp, costs: &[u64]) -> S::Each<Capacity> {
        self.map(|limiter, index| limiter.capacity_info_at(now, costs[index]))
    }

    pub(super) fn standing(&self, now: Timestamp) -> S::Each<Standing> {
        self.map(|limiter, _| limiter.standing_at(now))
    }

    /// Makes the waiters look again.
    pub(super) fn notify(&self) {
        if self.turnstile.is_waited_for() {
            self.turnstile.update(self.clock(), |_, _| ());
        }
    }

    pub(super) fn cancel_waiters(&self) {
        self.turnstile.refuse_all(cancelled);
    }

    pub(super) fn close(&self) {
        self.turnstile.close(self.clock());
    }

    pub(super) fn reset(&self) {
        self.turnstile.restart(self.clock(), cancelled, |_, _| ());
    }
}

fn cancelled() -> LimitError {
    LimitError::new(None, AcquireError::Cancelled)
}
