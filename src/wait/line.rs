//! The line of waiters behind its lock, and the moves of the word that concern them.
//!
//! # The argument
//!
//! *The key fact.* A place that has yet to come due ends past now + depth, and the word never lies before the end of such
//! a place. So a word within the depth proves that nobody waits, and moves made from such a word (tries, immediate
//! grants) need only their own exchange: whoever comes to wait moves the word, and the exchange fails. Refunds and debts look
//! whether the line is empty, too.
//!
//! *The lock.* All else is done under the lock of the line: taking a place that leaves a wait, leaving it, keeping it,
//! refunds that may move somebody, control verbs. Such a move still goes by exchange, because tries and immediate grants
//! go on beside it. They cannot come in between at the same clock reading (the word is past the depth for as long as
//! somebody waits); one made at a later reading finds those who wait due by that reading, which grants to nobody what is
//! another's.
//!
//! *What a stale reading can do.* A reading from before another thread's finds places not yet due that are. Cancelling or
//! moving such a place returns at most the staleness, in units: a grant counts at the reading its decision used. But not if
//! that other thread took the place for granted and gave something back: then cancelling it would give it back a second time,
//! and whoever lined up behind it would lose what came back. So refunds and debts take the lock if anything stands in the
//! line, and take out what is due by their reading: by whatever reading, the word lies before no end of a place in the line.
//! [`Line::occupied`] is set before the word is moved for a place, so whoever sees the place in the word sees it. What is taken
//! between that look and the exchange fails the exchange, unless the word has come back to the very value: and then the
//! place came due no later than the reading of the refund, which is older than the place itself, so only a clock that lags behind by
//! longer than all that took would still find it waiting.
//!
//! *Waking.* Whoever moves places under the lock collects the wakers of those to be told and calls them after unlocking.
//! A spinning thread watches [`Line::changes`] instead: it is raised under the lock after the places have moved, so a
//! spinner that sees the new count finds the moves when it takes the lock.

use std::task::Waker;
use std::time::Duration;

use super::places::{Found, Places, Ticket};
use crate::clock::{Clock, Timestamp};
use crate::error::{AcquireError, Reason, Refused};
use crate::limiter::RateLimiter;
use crate::meter::{Charge, Meter};
use crate::state::Snapshot;
use crate::sync::{AtomicU64, Lock, Locked, Ordering};
use crate::verdict::Verdict;
use crate::wake::wake_all;

/// Those who have moved are told of it when they come due within this time of the first in line: long enough to wake a
/// thread or a task and set its timer again, short enough that it seldom is for nothing.
pub(crate) const TELL_AHEAD: Duration = Duration::from_millis(2);

/// With more than this many waiting there is always one who is due, however late each of them is woken.
const CROWD: usize = 8;

/// The line of waiters.
#[derive(Debug)]
pub(crate) struct Line {
    places: Lock<Places>,
    /// Raised whenever places have moved or waits were ended.
    changes: AtomicU64,
    /// 1 if anything may stand in the line; moved under the lock.
    occupied: AtomicU64,
    tell_ahead: u64,
}

impl Line {
    pub(crate) fn new(tell_ahead: u64) -> Self {
        let (places, changes, occupied) = (Lock::new(Places::default()), AtomicU64::new(0), AtomicU64::new(0));
        Self { places, changes, occupied, tell_ahead }
    }
}

/// What came of taking a place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Joined {
    /// Nothing to wait for.
    Granted(Charge),
    /// A place to wait for.
    Waiting(Turn),
}

/// A place in the line as its holder last saw it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(super) ticket: Ticket,
    /// The permits waited for.
    pub(super) n: u64,
    /// The clock reading at which it comes due.
    pub(super) due: Timestamp,
    /// The count of changes at that time: if there have been none since, it is still due then.
    pub(super) changes: u64,
    /// Whether many wait, so that the rate no longer hangs on each being on time.
    pub(super) crowded: bool,
}

/// What a waiter finds when it looks.
#[derive(Debug)]
pub(crate) enum Standing {
    /// Its time has come.
    Granted(Charge),
    /// Not yet.
    Waiting(Turn),
    /// The wait was ended.
    Refused(AcquireError),
}

/// The lock of the line, with who is to be woken after it is given back.
struct Guard<'a> {
    line: &'a Line,
    places: Option<Locked<'a, Places>>,
    at: Timestamp,
    /// The same in units.
    now: u64,
}

impl Guard<'_> {
    fn places(&mut self) -> &mut Places {
        self.places.as_mut().expect("locked until dropped")
    }

    fn changed(&self) {
        self.line.changes.fetch_add(1, Ordering::Release);
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let Some(mut places) = self.places.take() else { return };
        places.tell(self.line.tell_ahead);
        if places.is_empty() && self.line.occupied.load(Ordering::Relaxed) != 0 {
            self.line.occupied.store(0, Ordering::Relaxed);
        }
        let outgoing = places.outgoing();
        drop(places);
        wake_all(outgoing.wake);
    }
}

impl<C: Clock> RateLimiter<C> {
    /// Locks the line and takes out those whose time has come.
    fn lock(&self, now: Option<Timestamp>) -> Guard<'_> {
        let mut places = self.line.places.lock();
        // Read under the lock, the time is not before that of whoever held it last, clocks permitting.
        let at = now.unwrap_or_else(|| self.clock().now());
        let now = self.meter.scale.units(at);
        let due_end = now.saturating_add(self.meter.gcra.depth());
        places.settle(due_end, !self.meter.is_strict());
        Guard { line: &self.line, places: Some(places), at, now }
    }

    /// The reading at which a place that ends at `end` comes due.
    fn due(&self, end: u64) -> Timestamp {
        self.meter.scale.reading(end.saturating_sub(self.meter.gcra.depth()))
    }

    fn turn(&self, places: &Places, ticket: Ticket, n: u64, end: u64) -> Turn {
        Turn {
            ticket,
            n,
            due: self.due(end),
            changes: self.changes(),
            crowded: places.waiting() > CROWD,
        }
    }

    /// How often places have moved.
    pub(super) fn changes(&self) -> u64 {
        self.line.changes.load(Ordering::Acquire)
    }

    /// Takes `n` permits or a place for them, if it comes due by the reading `by`.
    pub(crate) fn join(&self, now: Timestamp, n: u64, by: Option<Timestamp>) -> Result<Joined, Refused> {
        match self.meter.take(now, n) {
            Ok(charge) => Ok(Joined::Granted(charge)),
            Err(refused) if refused.reason != Reason::NotYet => Err(refused),
            Err(_) => self.line_up(now, n, by),
        }
    }

    #[cold]
    fn line_up(&self, now: Timestamp, n: u64, by: Option<Timestamp>) -> Result<Joined, Refused> {
        let mut line = self.lock(Some(now));
        // The word may have been lowered, breached or closed since.
        match self.take_in_line(&mut line, n) {
            Ok(charge) => return Ok(Joined::Granted(charge)),
            Err(refused) if refused.reason != Reason::NotYet => return Err(refused),
            Err(_) => {}
        }
        if line.places().waiting() >= self.max_waiters() {
            return Err(Reason::QueueFull.into());
        }
        let by = by.map(|by| self.meter.scale.units(by));
        // Published by the exchange that takes the place.
        self.line.occupied.store(1, Ordering::Relaxed);
        let end = self.meter.place(line.now, n, by)?;
        if !self.meter.gcra.may_wait(end, line.now) && !self.must_wait(&mut line) {
            return Ok(Joined::Granted(Charge::Counted));
        }
        let ticket = line.places().push_waiting(end, self.meter.gcra.cost(n));
        Ok(Joined::Waiting(self.turn(line.places(), ticket, n, end)))
    }

    /// Whether whoever comes must wait because somebody who is due has yet to leave.
    fn must_wait(&self, line: &mut Guard<'_>) -> bool {
        self.meter.is_strict() && line.places().waiting() > 0
    }

    /// Takes 1 to `burst` permits, unless somebody must leave first.
    fn take_in_line(&self, line: &mut Guard<'_>, n: u64) -> Result<Charge, Refused> {
        if !self.must_wait(line) {
            return self.meter.take_some(line.at, n);
        }
        self.meter.take(line.at, n).map_err(|refused| match refused.reason {
            Reason::NotYet => {
                // At the earliest T after the last of them, if none is late, and T after now in any case.
                let ahead = self.meter.load().tat().saturating_sub(line.now);
                Refused { reason: Reason::NotYet, excess: ahead.max(self.meter.gcra.cost(n)) }
            }
            _ => refused,
        })
    }

    /// Takes `n` permits of a strict limiter if they are to be had now.
    #[cold]
    pub(crate) fn try_in_line(&self, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        self.take_in_line(&mut self.lock(Some(now)), n)
    }

    /// Looks how a place stands; from then on `waker` is told when it moves.
    pub(super) fn look(&self, turn: Turn, now: Timestamp, waker: Option<Waker>) -> Standing {
        let Turn { ticket, n, .. } = turn;
        let mut line = self.lock(Some(now));
        let end = match line.places().find(ticket) {
            Found::Nothing => return Standing::Granted(Charge::Counted),
            Found::Place(end) => end,
            Found::Verdict(verdict) => {
                line.places().forget(ticket);
                return match verdict {
                    Verdict::Passed => Standing::Granted(Charge::Free),
                    Verdict::Cancelled => Standing::Refused(AcquireError::Cancelled),
                    Verdict::Closed => Standing::Refused(AcquireError::Closed),
                };
            }
        };
        let mut turn = self.turn(line.places(), ticket, n, end);
        if turn.due <= line.at {
            // Strict: whoever is due has still to leave, one at a time.
            if self.leave(&mut line, ticket) {
                return Standing::Granted(Charge::Counted);
            }
            let next = line.now.saturating_add(self.meter.gcra.depth());
            turn.due = self.meter.scale.reading(next);
        }
        line.places().listen(ticket, waker);
        Standing::Waiting(turn)
    }

    /// The turn, unless it has been put off to after `latest`: then the place is given up. Lateness in waking does not put
    /// it off.
    pub(super) fn still_in_time(&self, turn: Turn, latest: Option<Timestamp>) -> Result<Turn, AcquireError> {
        if latest.is_none_or(|latest| turn.due <= latest) {
            return Ok(turn);
        }
        let (requested, wait) = (turn.n, self.clock().between(self.clock().now(), turn.due));
        self.abandon(turn.ticket);
        Err(AcquireError::TooLong { requested, wait })
    }

    /// Lets who is first and due leave; however late that is, the next comes due T after it.
    fn leave(&self, line: &mut Guard<'_>, ticket: Ticket) -> bool {
        let due_end = line.now.saturating_add(self.meter.gcra.depth());
        let Some(end) = line.places().leave(ticket, due_end) else { return false };
        self.meter.raise(end);
        line.changed();
        true
    }

    /// How long a place has still to wait; [`Duration::MAX`] if that has been ended.
    pub(super) fn time_left(&self, ticket: Ticket) -> Duration {
        let mut line = self.lock(None);
        self.left(&mut line, ticket)
    }

    fn left(&self, line: &mut Guard<'_>, ticket: Ticket) -> Duration {
        match line.places().find(ticket) {
            Found::Place(end) => self.clock().between(line.at, self.due(end)),
            Found::Verdict(Verdict::Cancelled | Verdict::Closed) => Duration::MAX,
            Found::Verdict(Verdict::Passed) | Found::Nothing => Duration::ZERO,
        }
    }

    /// Fixes a place where it is now. How long its holder has to wait for it.
    pub(super) fn fix(&self, ticket: Ticket) -> Duration {
        let mut line = self.lock(None);
        let left = self.left(&mut line, ticket);
        line.places().forget(ticket);
        line.places().keep(ticket);
        left
    }

    /// Gives a place back, if its time has not come; those behind it move up.
    pub(super) fn abandon(&self, ticket: Ticket) {
        let mut line = self.lock(None);
        line.places().forget(ticket);
        if let Some(off_word) = line.places().cancel(ticket) {
            line.changed();
            self.meter.lower(line.now, off_word);
        }
    }

    /// Gives `n` permits back while somebody may be waiting.
    #[cold]
    pub(crate) fn refund_waiting(&self, now: Option<Timestamp>, n: u64) {
        let amount = self.meter.gcra.amount(n);
        let mut line = self.lock(now);
        let now = line.now;
        if let Some(off_word) = line.places().give_back(now, amount) {
            line.changed();
            self.meter.lower(now, off_word);
        } else {
            let floor = line.places().last_kept_end().map_or(now, |end| end.max(now));
            self.meter.lower(floor, amount);
        }
    }

    /// Adds a debt of `n` permits while somebody may be waiting.
    #[cold]
    pub(crate) fn charge_waiting(&self, now: Option<Timestamp>, n: u64) {
        let amount = self.meter.gcra.amount(n);
        let mut line = self.lock(now);
        if let Some(end) = self.meter.charge(line.now, amount) {
            line.places().push_debt(end, amount);
        }
    }

    /// The word, if the line is empty, so that it is all there is to the limiter.
    #[cfg(feature = "keyed")]
    pub(crate) fn at_rest(&self) -> Option<u64> {
        self.lock(None).places().is_empty().then(|| self.meter.last().tat())
    }

    /// Whether nothing stands in the line, for whoever has looked at the word before.
    pub(crate) fn line_is_empty(&self) -> bool {
        self.line.occupied.load(Ordering::Relaxed) == 0
    }

    /// How many wait.
    pub(crate) fn count_waiting(&self) -> usize {
        self.lock(None).places().waiting()
    }

    /// Ends all waits; kept places and debts stay.
    pub(crate) fn refuse_waiting(&self) {
        let mut line = self.lock(None);
        let off_word = line.places().refuse_all(Verdict::Cancelled);
        line.changed();
        self.meter.lower(line.now, off_word);
    }

    /// Closes the word; those in the line keep their places, which it does not hold.
    pub(crate) fn refuse_newcomers(&self) {
        let _line = self.lock(None);
        self.meter.set(Snapshot::CLOSED);
    }

    /// Ends all waits, forgets the line, and sets the word to what `word` makes of the time, unless that is nothing.
    pub(crate) fn restart(&self, verdict: Verdict, word: impl FnOnce(&Meter, u64) -> Option<Snapshot>) {
        let mut line = self.lock(None);
        if let Some(word) = word(&self.meter, line.now) {
            line.places().clear(verdict);
            line.changed();
            self.meter.set(word);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use crate::{ManualClock, Quota, RateLimiter};

    /// With the lock of the line held by another, all that need not wait goes on.
    #[test]
    fn who_need_not_wait_takes_no_lock() {
        let clock = ManualClock::new();
        let limiter = RateLimiter::with_clock(Quota::per_second(100).unwrap(), clock.clone());
        // Nor does it once somebody has waited.
        limiter.try_acquire(100).unwrap();
        let waited = limiter.reserve(100).unwrap();
        clock.advance(Duration::from_secs(2));
        assert!(waited.wait().is_ok());
        let held = limiter.line.places.lock();
        let (done, finished) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                limiter.try_acquire(50).unwrap().reconcile(40);
                limiter.acquire(10).wait().unwrap().refund();
                drop(limiter.reserve(10).unwrap());
                limiter.charge(40);
                limiter.refund(1);
                assert!(limiter.try_acquire(60).is_err());
                let _ = (limiter.available(), limiter.capacity_info(1), limiter.is_closed());
                done.send(()).unwrap();
            });
            let outcome = finished.recv_timeout(Duration::from_secs(20));
            drop(held);
            assert_eq!(outcome, Ok(()), "somebody took the lock");
        });
    }
}
