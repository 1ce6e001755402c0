//! A slot, or a place in the line for one.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::ConcurrentLimiter;
use super::slots::Ticket;
use crate::clock::Sleep;
use crate::clock::{Clock, Timestamp};
use crate::error::AcquireError;
use crate::held::Held;
use crate::sync::{park, thread_waker};

/// Dropped, it leaves the line or gives the slot back: so one that is held by whatever ends, ends with it.
pub(super) struct Seat<'a, C: Clock> {
    home: Held<'a, ConcurrentLimiter<C>>,
    /// The place in the line, for as long as there may be one.
    ticket: Option<Ticket>,
}

impl<'a, C: Clock> Seat<'a, C> {
    /// A slot, if one is free.
    pub(super) fn free(home: &Held<'a, ConcurrentLimiter<C>>) -> Option<Self> {
        home.slots.take().then(|| Self { home: home.clone(), ticket: None })
    }

    /// A slot if one is free, and a place in the line if not.
    pub(super) fn any(home: &Held<'a, ConcurrentLimiter<C>>) -> Self {
        Self { ticket: home.slots.line_up(), home: home.clone() }
    }

    /// Blocks this thread until there is a slot, at the latest until `by`.
    pub(super) fn wait(&mut self, by: Option<Timestamp>) -> Result<(), AcquireError> {
        let Some(ticket) = self.ticket else {
            return Ok(());
        };
        let (clock, waker) = (self.home.limiter.clock(), thread_waker());
        while !self.home.slots.is_handed(ticket, &waker) {
            self.home.check_open()?;
            match by {
                None => park(),
                Some(by) if clock.now() < by => clock.park_until(by),
                Some(_) => return Err(self.home.busy()),
            }
        }
        self.ticket = None;
        Ok(())
    }

    /// Suspends the task until there is a slot, at the latest until `by`, of which `alarm` is the timer.
    pub(super) fn poll(
        &mut self,
        by: Option<Timestamp>,
        alarm: &mut Option<Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), AcquireError>> {
        let Some(ticket) = self.ticket else {
            return Poll::Ready(Ok(()));
        };
        let clock = self.home.limiter.clock();
        while !self.home.slots.is_handed(ticket, cx.waker()) {
            self.home.check_open()?;
            let Some(by) = by else {
                return Poll::Pending;
            };
            if clock.now() >= by {
                return Poll::Ready(Err(self.home.busy()));
            }
            let sleep = alarm.get_or_insert_with(|| clock.sleep_until(by));
            ready!(Pin::new(sleep).poll(cx));
            // Timers may end early.
            *alarm = None;
        }
        self.ticket = None;
        Poll::Ready(Ok(()))
    }
}

impl<C: Clock> Drop for Seat<'_, C> {
    fn drop(&mut self) {
        match self.ticket {
            Some(ticket) => self.home.slots.leave(ticket),
            None => self.home.slots.free(),
        }
    }
}
