//! What callers of the limiter hold: entries and pending futures, and grants that are not settled
//! yet.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use limitor::{Acquire, AcquireError, Grant, ManualClock, Reservation};
use limitor_model::Charge;

use super::Await;

type Granted<'a> = Result<Grant<'a, ManualClock>, AcquireError>;

/// An entry in the queue, as its holder sees it.
#[derive(Debug)]
pub(super) enum Held<'a> {
    Place(Reservation<'a, ManualClock>),
    Task(Acquire<'a, ManualClock>),
}

/// The result of a look.
#[derive(Debug)]
pub(super) enum Looked<'a> {
    Ended(Granted<'a>),
    Pending(Held<'a>),
}

impl<'a> Held<'a> {
    /// Polls it once, or waits for it.
    pub(super) fn look(mut self, how: Await) -> Looked<'a> {
        let cx = &mut Context::from_waker(Waker::noop());
        let polled = match (&mut self, how) {
            (_, Await::Block) => return Looked::Ended(self.wait()),
            (Self::Place(reservation), Await::Poll) => Pin::new(reservation).poll(cx),
            (Self::Task(acquire), Await::Poll) => Pin::new(acquire).poll(cx),
        };
        match polled {
            Poll::Ready(outcome) => Looked::Ended(outcome),
            Poll::Pending => Looked::Pending(self),
        }
    }

    fn wait(self) -> Granted<'a> {
        match self {
            Self::Place(reservation) => reservation.wait(),
            Self::Task(acquire) => acquire.wait(),
        }
    }
}

/// Everything that is held, in order.
#[derive(Default)]
pub(super) struct Holders<'a> {
    pub(super) places: BTreeMap<usize, Held<'a>>,
    grants: Vec<(Grant<'a, ManualClock>, Charge)>,
}

impl<'a> Holders<'a> {
    /// The id of one of those held.
    pub(super) fn nth(&self, index: usize) -> Option<usize> {
        self.places.keys().nth(index % self.places.len().max(1)).copied()
    }

    pub(super) fn hold(&mut self, grant: Grant<'a, ManualClock>, charge: Charge) {
        self.grants.push((grant, charge));
    }

    /// One of the grants, to be settled.
    pub(super) fn grant(&mut self, index: usize) -> Option<(Grant<'a, ManualClock>, Charge)> {
        (!self.grants.is_empty()).then(|| self.grants.swap_remove(index % self.grants.len()))
    }
}
