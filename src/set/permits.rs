//! Permits of several limits: asked for, waited for, and granted.

use std::fmt;
use std::task::{Context, Poll};

use super::limits::Limits;
use super::members::{Charges, Members};
use super::shape::Shape;
use crate::ask::{Ask, Entered};
use crate::clock::Clock;
use crate::error::LimitError;
use crate::held::Held;
use crate::meter::Charge;
use crate::pace::Patience;
use crate::turnstile::{Entry, Host, Turnstile};

/// A public type that is made of [`Limits`].
pub(crate) trait Set {
    type Shape: Shape;
    type Clock: Clock;

    fn inner(&self) -> &Limits<Self::Shape, Self::Clock>;
}

impl<O: Set> Host for O {
    type Gate = Members<O::Shape, O::Clock>;
    type Clock = O::Clock;

    fn turnstile(&self) -> &Turnstile<Self::Gate> {
        self.inner().turnstile()
    }

    fn clock(&self) -> &O::Clock {
        self.inner().clock()
    }
}

/// One cost for each limit.
pub(super) type Costs<O> = <<O as Set>::Shape as Shape>::Each<u64>;

/// Permits of a set that are asked for.
pub(super) struct Permits<'a, O: Set> {
    set: Held<'a, O>,
    costs: Costs<O>,
}

/// Permits of a set that were granted.
pub(super) struct Granted<'a, O: Set> {
    set: Held<'a, O>,
    costs: Costs<O>,
    charges: Charges<O::Shape>,
}

impl<O: Set> Clone for Permits<'_, O> {
    fn clone(&self) -> Self {
        Self { set: self.set.clone(), costs: self.costs.clone() }
    }
}

impl<O: Set> fmt::Debug for Permits<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits").field("costs", &self.costs()).finish_non_exhaustive()
    }
}

impl<'a, O: Set> Permits<'a, O> {
    pub(super) fn new(set: Held<'a, O>, costs: Costs<O>) -> Self {
        Self { set, costs }
    }

    pub(super) fn costs(&self) -> &[u64] {
        self.costs.as_ref()
    }
}

impl<'a, O: Set> Ask for Permits<'a, O> {
    type Taken = Charges<O::Shape>;
    type Entry = Entry<'a, O>;
    type Grant = Granted<'a, O>;
    type Error = LimitError;

    #[inline]
    fn take(&self) -> Option<Self::Taken> {
        self.set.inner().take_ordinary(self.costs())
    }

    fn enter(&self, patience: Patience) -> Result<Entered<Self::Taken, Self::Entry>, LimitError> {
        self.set.inner().check_count(self.costs())?;
        Entry::enter(&self.set, &self.costs, patience)
    }

    fn block(&self, entry: Self::Entry) -> Result<Self::Taken, LimitError> {
        entry.block()
    }

    fn poll(&self, entry: &mut Self::Entry, cx: &mut Context<'_>) -> Poll<Result<Self::Taken, LimitError>> {
        entry.poll(cx)
    }

    #[inline]
    fn grant(self, charges: Self::Taken) -> Self::Grant {
        Granted::new(self.set, self.costs, charges)
    }
}

impl<'a, O: Set> Granted<'a, O> {
    #[inline]
    pub(super) fn new(set: Held<'a, O>, costs: Costs<O>, charges: Charges<O::Shape>) -> Self {
        Self { set, costs, charges }
    }

    pub(super) fn costs(&self) -> &Costs<O> {
        &self.costs
    }

    pub(super) fn remaining(&self) -> Costs<O> {
        let charges: &[Charge] = self.charges.as_ref();
        self.set.inner().map(|limiter, index| charges[index].remaining(&limiter.meter().rate.gcra))
    }

    #[track_caller]
    pub(super) fn reconcile(self, actual: &[u64]) {
        let limits = self.set.inner();
        limits.assert_count(actual);
        limits.settle(self.costs.as_ref(), &self.charges, actual);
    }

    pub(super) fn refund(self) {
        let nothing = O::Shape::each(self.costs.as_ref().len(), |_| 0);
        self.reconcile(nothing.as_ref());
    }

    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name).field("costs", &self.costs.as_ref()).finish_non_exhaustive()
    }
}
