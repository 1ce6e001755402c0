//! The engine of a limiter: its word, its queue of waiters behind a lock, and the moves of the word
//! that concern the queue. Clock readings are passed in.
//!
//! # The argument
//!
//! *The key fact.* An entry that is not yet due ends past now + depth. The word is never before
//! the end of such an entry. So a word within the depth proves that no entry waits. Moves made from
//! such a word (tries, immediate grants) need only their own compare-and-swap: a new entry moves
//! the word, and then the compare-and-swap fails. Refunds and debts also check that the queue is
//! empty.
//!
//! *The lock.* Everything else is done under the lock of the queue: taking an entry that has to
//! wait, leaving it, keeping it, refunds that may move an entry, control verbs. Such a move is
//! still a compare-and-swap, because tries and immediate grants go on beside it. At the same clock
//! reading none of them can come in between, because the word is past the depth for as long as an
//! entry waits. One made at a later reading finds the entries due by that reading. It takes nothing
//! that belongs to them.
//!
//! *What a stale reading can do.* A clock reading from before another thread's finds entries not
//! yet due that are due by the later reading. If such an entry is cancelled or moved, at most the
//! staleness comes back, in units: a grant counts at the reading that its decision used. This does
//! not hold if the other thread took the entry as granted and then refunded something. Cancelling
//! the entry would then give it back a second time, and a waiter that entered behind it would lose
//! the refund. So refunds and debts take the lock if the queue has any entry, and first remove the
//! entries that are due by their reading. Whatever the reading, the word is then not before the end
//! of any entry in the queue.
//!
//! [`Queue::occupied`] is set before the word moves for an entry, so a thread that sees the entry
//! in the word also sees `occupied`. An entry taken between that look and the compare-and-swap
//! makes the compare-and-swap fail, unless the word has come back to the same value. In that case
//! the entry came due no later than the reading of the refund, which is older than the entry
//! itself. Only a clock that lags by longer than all of that took would still find the entry
//! waiting.
//!
//! *Waking.* A thread that moves entries under the lock collects the wakers to be called, and calls
//! them after it has unlocked. A thread that spins watches [`Queue::changes`] instead. The count is
//! raised under the lock after the entries have moved, so a spinning thread that sees the new count
//! finds the moves when it takes the lock.

use std::task::Waker;
use std::time::Duration;

use crossbeam_utils::CachePadded;

use super::entries::{Entries, Found};
use super::entry::EntryId;
use super::turn::{Entered, Look, Remaining, Turn};
use super::verdict::Verdict;
use crate::clock::Timestamp;
use crate::error::{AcquireError, Refused};
use crate::gcra::Unit;
use crate::meter::{Charge, Meter};
use crate::state::Snapshot;
use crate::sync::{AtomicU64, Lock, Locked, Ordering};
use crate::wake::wake_all;

/// An entry that has moved is announced to its waiter if it comes due within this time of the first
/// entry. The time is long enough to wake a thread or a task that then sets its timer again, and
/// short enough that a wake-up is seldom for nothing.
const ANNOUNCE_AHEAD: Duration = Duration::from_millis(2);

/// With more waiters than this, one of them is always due, however late each of them wakes.
const CROWD: usize = 8;

/// A word and its queue.
#[derive(Debug)]
pub(crate) struct Engine {
    /// The word and the constants of a decision. No other thread writes to its cache line.
    pub(crate) meter: CachePadded<Meter>,
    /// Touched only by requests that wait, and by moves that concern them.
    queue: CachePadded<Queue>,
}

/// The queue of waiters.
#[derive(Debug)]
struct Queue {
    entries: Lock<Entries>,
    /// Raised whenever entries have moved or waits have ended.
    changes: AtomicU64,
    /// 1 if the queue may have an entry; moved under the lock.
    occupied: AtomicU64,
    /// [`ANNOUNCE_AHEAD`] in units.
    announce_ahead: u64,
}

/// The lock of the queue. Collected wakers are called after it is released.
struct Guard<'a> {
    queue: &'a Queue,
    entries: Option<Locked<'a, Entries>>,
    at: Timestamp,
    /// The same in units.
    now: u64,
}

impl Guard<'_> {
    fn entries(&mut self) -> &mut Entries {
        self.entries.as_mut().expect("locked until dropped")
    }

    fn changed(&self) {
        self.queue.changes.fetch_add(1, Ordering::Release);
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let Some(mut entries) = self.entries.take() else { return };
        entries.announce(self.queue.announce_ahead);
        if entries.is_empty() && self.queue.occupied.load(Ordering::Relaxed) != 0 {
            self.queue.occupied.store(0, Ordering::Relaxed);
        }
        let outgoing = entries.outgoing();
        drop(entries);
        wake_all(outgoing.wake);
    }
}

impl Engine {
    pub(crate) fn new(meter: Meter) -> Self {
        let queue = Queue {
            entries: Lock::new(Entries::default()),
            changes: AtomicU64::new(0),
            occupied: AtomicU64::new(0),
            announce_ahead: Unit::of(meter.rate.quota()).units_in(ANNOUNCE_AHEAD),
        };
        Self { meter: CachePadded::new(meter), queue: CachePadded::new(queue) }
    }

    /// Locks the queue and removes the entries that are due.
    fn lock(&self, now: impl FnOnce() -> Timestamp) -> Guard<'_> {
        let mut entries = self.queue.entries.lock();
        // A clock that is read under the lock is not behind the last reading under it, unless the
        // clock itself steps back.
        let at = now();
        let now = self.meter.rate.units(at);
        let due_end = now.saturating_add(self.meter.rate.gcra.depth());
        entries.settle(due_end, !self.meter.is_strict());
        Guard { queue: &self.queue, entries: Some(entries), at, now }
    }

    /// The clock reading at which an entry that ends at `end` comes due.
    fn due(&self, end: u64) -> Timestamp {
        self.meter.rate.reading(self.meter.rate.due(end))
    }

    fn turn(&self, entries: &Entries, id: EntryId, n: u64, end: u64) -> Turn {
        Turn { id, n, due: self.due(end), changes: self.changes(), crowded: entries.waiting() > CROWD }
    }

    /// How often entries have moved.
    pub(crate) fn changes(&self) -> u64 {
        self.queue.changes.load(Ordering::Acquire)
    }

    /// Takes `n` permits, or an entry for them if it comes due by the reading `by` and fewer than
    /// `max_waiters` wait.
    pub(crate) fn enter(
        &self,
        now: Timestamp,
        n: u64,
        by: Option<Timestamp>,
        max_waiters: usize,
    ) -> Result<Entered, Refused> {
        match self.meter.take(now, n) {
            Ok(charge) => Ok(Entered::Granted(charge)),
            Err(Refused::NotYet(_)) => self.enter_queue(now, n, by, max_waiters),
            Err(refused) => Err(refused),
        }
    }

    #[cold]
    fn enter_queue(
        &self,
        now: Timestamp,
        n: u64,
        by: Option<Timestamp>,
        max_waiters: usize,
    ) -> Result<Entered, Refused> {
        let mut queue = self.lock(|| now);
        // The word may have been lowered, bypassed or closed since.
        match self.take_from_queue(&mut queue, n) {
            Ok(charge) => return Ok(Entered::Granted(charge)),
            Err(Refused::NotYet(_)) => {}
            Err(refused) => return Err(refused),
        }
        if queue.entries().waiting() >= max_waiters {
            return Err(Refused::QueueFull);
        }
        let by = by.map(|by| self.meter.rate.units(by));
        // Published by the compare-and-swap that takes the entry.
        self.queue.occupied.store(1, Ordering::Relaxed);
        let end = self.meter.enter(queue.now, n, by)?;
        if !self.meter.rate.gcra.may_wait(end, queue.now) && !self.must_wait(&mut queue) {
            return Ok(Entered::Granted(Charge::Counted { ahead: end - queue.now.min(end) }));
        }
        let id = queue.entries().push_waiting(end, self.meter.rate.gcra.cost(n));
        Ok(Entered::Waiting(self.turn(queue.entries(), id, n, end)))
    }

    /// Whether a later request must wait because a waiter that is due has yet to leave.
    fn must_wait(&self, queue: &mut Guard<'_>) -> bool {
        self.meter.is_strict() && queue.entries().waiting() > 0
    }

    /// Takes 1 to `burst` permits, unless a waiter must leave first.
    fn take_from_queue(&self, queue: &mut Guard<'_>, n: u64) -> Result<Charge, Refused> {
        if !self.must_wait(queue) {
            return self.meter.take_some(queue.at, n);
        }
        self.meter.take(queue.at, n).map_err(|refused| match refused {
            Refused::NotYet(_) => {
                // If no waiter is late, T after the last of them; in any case T after now.
                let ahead = self.meter.load().tat().saturating_sub(queue.now);
                Refused::NotYet(ahead.max(self.meter.rate.gcra.cost(n)))
            }
            _ => refused,
        })
    }

    /// Takes `n` permits of a strict limiter if they are available now.
    #[cold]
    pub(crate) fn try_strict(&self, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        self.take_from_queue(&mut self.lock(|| now), n)
    }

    /// Looks at an entry. From then on `waker` is called when the entry moves.
    pub(crate) fn look(&self, turn: Turn, now: Timestamp, waker: Option<Waker>) -> Look {
        let Turn { id, n, .. } = turn;
        let mut queue = self.lock(|| now);
        let end = match queue.entries().find(id) {
            Found::Nothing => return Look::Granted(Charge::WAITED),
            Found::Entry(end) => end,
            Found::Verdict(verdict) => {
                queue.entries().forget(id);
                return match verdict {
                    Verdict::Passed => Look::Granted(Charge::Free),
                    Verdict::Cancelled => Look::Refused(AcquireError::Cancelled),
                    Verdict::Closed => Look::Refused(AcquireError::Closed),
                };
            }
        };
        let mut turn = self.turn(queue.entries(), id, n, end);
        if turn.due <= queue.at {
            // Strict: waiters that are due still have to leave, one at a time.
            if self.leave(&mut queue, id) {
                return Look::Granted(Charge::WAITED);
            }
            let next = queue.now.saturating_add(self.meter.rate.gcra.depth());
            turn.due = self.meter.rate.reading(next);
        }
        queue.entries().listen(id, waker);
        Look::Waiting(turn)
    }

    /// Lets the first waiter leave if it is due. However late that is, the next comes due T after
    /// it.
    fn leave(&self, queue: &mut Guard<'_>, id: EntryId) -> bool {
        let due_end = queue.now.saturating_add(self.meter.rate.gcra.depth());
        let Some(end) = queue.entries().leave(id, due_end) else { return false };
        self.meter.raise(end);
        queue.changed();
        true
    }

    /// How long an entry still has to wait.
    pub(crate) fn remaining(&self, id: EntryId, now: impl FnOnce() -> Timestamp) -> Remaining {
        let mut queue = self.lock(now);
        self.remaining_of(&mut queue, id)
    }

    fn remaining_of(&self, queue: &mut Guard<'_>, id: EntryId) -> Remaining {
        match queue.entries().find(id) {
            Found::Entry(end) => Remaining::Between(queue.at, self.due(end)),
            Found::Verdict(Verdict::Cancelled | Verdict::Closed) => Remaining::Ended,
            Found::Verdict(Verdict::Passed) | Found::Nothing => Remaining::Nothing,
        }
    }

    /// Fixes an entry where it is now. Gives how long its holder has to wait for it.
    pub(crate) fn keep(&self, id: EntryId, now: impl FnOnce() -> Timestamp) -> Remaining {
        let mut queue = self.lock(now);
        let remaining = self.remaining_of(&mut queue, id);
        queue.entries().forget(id);
        queue.entries().keep(id);
        remaining
    }

    /// Cancels an entry that is not due. The entries behind it move forward.
    pub(crate) fn cancel(&self, id: EntryId, now: impl FnOnce() -> Timestamp) {
        let mut queue = self.lock(now);
        queue.entries().forget(id);
        if let Some(off_word) = queue.entries().cancel(id) {
            queue.changed();
            self.meter.lower(queue.now, off_word);
        }
    }

    /// Refunds `n` permits while an entry may wait.
    #[cold]
    pub(crate) fn refund_waiting(&self, n: u64, now: impl FnOnce() -> Timestamp) {
        let amount = self.meter.rate.gcra.amount(n);
        let mut queue = self.lock(now);
        let now = queue.now;
        if let Some(off_word) = queue.entries().give_back(now, amount) {
            queue.changed();
            self.meter.lower(now, off_word);
        } else {
            let floor = queue.entries().last_kept_end().map_or(now, |end| end.max(now));
            self.meter.lower(floor, amount);
        }
    }

    /// Adds a debt of `n` permits while an entry may wait.
    #[cold]
    pub(crate) fn charge_waiting(&self, n: u64, now: impl FnOnce() -> Timestamp) {
        let amount = self.meter.rate.gcra.amount(n);
        let mut queue = self.lock(now);
        if let Some(end) = self.meter.charge(queue.now, amount) {
            queue.entries().push_debt(end, amount);
        }
    }

    /// The word, if the queue is empty, so that the word is the whole state.
    #[cfg(feature = "keyed")]
    pub(crate) fn at_rest(&self, now: impl FnOnce() -> Timestamp) -> Option<u64> {
        self.lock(now).entries().is_empty().then(|| self.meter.last().tat())
    }

    /// Whether the queue has no entry, for a caller that has read the word before.
    pub(crate) fn queue_is_empty(&self) -> bool {
        self.queue.occupied.load(Ordering::Relaxed) == 0
    }

    /// How many entries wait.
    pub(crate) fn waiters(&self, now: impl FnOnce() -> Timestamp) -> usize {
        self.lock(now).entries().waiting()
    }

    /// Cancels all waiters. Kept entries and debts stay.
    pub(crate) fn cancel_waiters(&self, now: impl FnOnce() -> Timestamp) {
        let mut queue = self.lock(now);
        let off_word = queue.entries().refuse_all(Verdict::Cancelled);
        queue.changed();
        self.meter.lower(queue.now, off_word);
    }

    /// Closes the word. Waiters keep their entries.
    pub(crate) fn refuse_later_requests(&self, now: impl FnOnce() -> Timestamp) {
        let _queue = self.lock(now);
        self.meter.set(Snapshot::CLOSED);
    }

    /// Sets the word to `word(meter, now)`, ends all waits and empties the queue. If `word` gives
    /// `None`, nothing changes.
    pub(crate) fn restart(
        &self,
        verdict: Verdict,
        now: impl FnOnce() -> Timestamp,
        word: impl FnOnce(&Meter, u64) -> Option<Snapshot>,
    ) {
        let mut queue = self.lock(now);
        if let Some(word) = word(&self.meter, queue.now) {
            queue.entries().clear(verdict);
            queue.changed();
            self.meter.set(word);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::clock::{Clock, ManualClock};
    use crate::quota::Quota;
    use crate::rate::Rate;

    /// The word and all that a decision reads besides the clock share one pair of cache lines, and
    /// nothing else that is written is on it: the lock of the queue has its own. (128 bytes,
    /// because processors fetch lines in pairs.)
    #[test]
    fn the_word_shares_its_lines_with_nothing_written() {
        use core::mem::{align_of, offset_of, size_of};
        let line = align_of::<CachePadded<u8>>();
        let meter = offset_of!(Engine, meter);
        assert_eq!(meter % line, 0);
        assert!(size_of::<Meter>() <= line, "{} bytes", size_of::<Meter>());
        assert_eq!(size_of::<CachePadded<Meter>>(), line);
        assert!(offset_of!(Engine, queue).abs_diff(meter) >= line);
        assert_eq!(offset_of!(Engine, queue) % line, 0);
    }

    /// While another thread holds the lock of the queue, everything that need not wait goes on.
    #[test]
    fn a_request_that_need_not_wait_takes_no_lock() {
        let clock = ManualClock::new();
        let rate = Rate::new(Quota::per_second(100).unwrap(), clock.tick(), clock.now());
        let engine = Engine::new(Meter::new(rate, 100, clock.now(), false));
        let enter = |n| engine.enter(clock.now(), n, None, usize::MAX).unwrap();
        // The same holds after a request has waited.
        assert!(matches!(enter(100), Entered::Granted(_)));
        let Entered::Waiting(turn) = enter(100) else { panic!("nothing is left") };
        clock.advance(Duration::from_secs(2));
        assert!(matches!(engine.look(turn, clock.now(), None), Look::Granted(_)));
        let held = engine.queue.entries.lock();
        let (done, finished) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let (meter, now) = (&engine.meter, clock.now());
                let empty = || engine.queue_is_empty();
                assert!(meter.take(now, 50).is_ok());
                assert!(meter.refund_idle(meter.rate.units(now), 10, empty));
                assert!(matches!(enter(10), Entered::Granted(_)));
                assert!(meter.charge_idle(meter.rate.units(now), 40, empty));
                assert!(meter.refund_idle(meter.rate.units(now), 1, empty));
                assert!(meter.take(now, 60).is_err());
                done.send(()).unwrap();
            });
            let outcome = finished.recv_timeout(Duration::from_secs(20));
            drop(held);
            assert_eq!(outcome, Ok(()), "a thread took the lock");
        });
    }
}
