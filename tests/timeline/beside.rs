//! Runs the limiter and the model, and compares their answers.

use std::time::Duration;

use limitor::{AcquireError, Denied, Grant, ManualClock, Quota, RateLimiter, Reason, Timestamp};
use limitor_model::{Charge, Limiter, Model, Refusal, Reserved, Standing};

use super::holders::{Held, Holders, Looked};
use super::time::Range;
use super::{Amount, Await, Op, Patience, Reading, SLACK, Step};

/// Runs the operations on a limiter beside the model, and asserts the bound on all grants.
pub(crate) fn run(built: Limiter, ops: impl IntoIterator<Item = Op>) {
    let Limiter { capacity, period_nanos, burst, initial, max_waiters, start } = built;
    let quota = Quota::new(capacity, Duration::from_nanos(period_nanos)).unwrap().with_burst(burst).unwrap();
    let clock = ManualClock::new();
    clock.set(Duration::from_nanos(start));
    let limiter = RateLimiter::builder(quota).clock(clock).initial(initial).max_waiters(max_waiters).build();
    let mut beside = Beside::new(&limiter, built);
    for (id, op) in ops.into_iter().enumerate() {
        beside.step(id, op);
        beside.compare(op);
    }
    beside.model.assert_bound();
}

pub(super) struct Beside<'a> {
    pub(super) limiter: &'a RateLimiter<ManualClock>,
    pub(super) model: Model,
    pub(super) built: Limiter,
    pub(super) held: Holders<'a>,
    range: Range,
    /// What the clock reads.
    pub(super) now: u64,
    /// The latest reading that was used.
    latest: u64,
    /// The distance to keep from boundaries; 0 if nothing rounds.
    pub(super) slack: u64,
}

/// Whether clock readings convert exactly.
fn is_exact(built: &Limiter) -> bool {
    let Limiter { capacity, period_nanos, .. } = *built;
    capacity % period_nanos == 0 || period_nanos % capacity == 0 && (period_nanos / capacity).is_power_of_two()
}

impl<'a> Beside<'a> {
    fn new(limiter: &'a RateLimiter<ManualClock>, built: Limiter) -> Self {
        Self {
            limiter,
            model: Model::new(built),
            held: Holders::default(),
            range: Range::from(built.start),
            now: built.start,
            latest: built.start,
            slack: if is_exact(&built) { 0 } else { SLACK },
            built,
        }
    }

    fn step(&mut self, id: usize, op: Op) {
        match op {
            Op::Move(step) => {
                let at = self.after(step);
                self.set_clock(at);
            }
            Op::Try(amount, reading) => {
                let Some((at, n)) = self.reading(amount, reading) else { return };
                let seen = match reading {
                    Reading::Clock => self.limiter.try_acquire(n),
                    Reading::Off(_) => self.limiter.try_acquire_at(at, n),
                };
                let expected = self.model.try_acquire(at.ticks(), n);
                self.decided(seen, expected.map(|charge| (n, charge)));
            }
            Op::UpTo(amount, reading) => {
                let Some((at, n)) = self.reading(amount, reading) else { return };
                let room = self.model.available(at.ticks(), 0);
                if self.is_close(at.ticks(), room) || self.is_close(at.ticks(), room + 1) {
                    return;
                }
                let seen = match reading {
                    Reading::Clock => self.limiter.try_acquire_up_to(n),
                    Reading::Off(_) => self.limiter.try_acquire_up_to_at(at, n),
                };
                let expected = self.model.try_acquire_up_to(at.ticks(), n);
                self.decided(seen, expected);
            }
            Op::Reserve(amount, reading) => self.reserve(id, amount, reading, None),
            Op::ReserveWithin(amount, reading, more) => self.reserve(id, amount, reading, Some(more)),
            Op::Acquire(amount, patience, how) => self.acquire(id, amount, patience, how),
            Op::Look(index, how) => {
                if let Some(id) = self.held.nth(index) {
                    self.look(id, how);
                }
            }
            Op::Cancel(index) => {
                if let Some(id) = self.held.nth(index) {
                    match self.held.places.remove(&id) {
                        Some(Held::Place(reservation)) => reservation.cancel(),
                        other => drop(other),
                    }
                    self.model.cancel(self.now, id);
                }
            }
            Op::Keep(index) => self.keep(index),
            Op::Reconcile(actual, estimated, reading) => {
                let Some((at, _)) = self.reading(Amount::Some(0), reading) else { return };
                let (actual, estimated) = (self.amount(actual, at.ticks()), self.amount(estimated, at.ticks()));
                self.settle(at, actual, estimated, |limiter| match reading {
                    Reading::Clock => limiter.reconcile(actual, estimated),
                    Reading::Off(_) => limiter.reconcile_at(at, actual, estimated),
                });
            }
            Op::Refund(amount) => {
                let n = self.amount(amount, self.now);
                self.settle(self.clock(), 0, n, |limiter| limiter.refund(n));
            }
            Op::Charge(amount) => {
                let n = self.amount(amount, self.now);
                self.settle(self.clock(), n, 0, |limiter| limiter.charge(n));
            }
            Op::Settle(index, actual) => {
                if let Some((grant, charge)) = self.held.grant(index) {
                    let actual = self.amount(actual, self.now);
                    self.settle_grant(grant, charge, actual, |grant| grant.reconcile(actual));
                }
            }
            Op::GiveBack(index) => {
                if let Some((grant, charge)) = self.held.grant(index) {
                    self.settle_grant(grant, charge, 0, Grant::refund);
                }
            }
            Op::CancelWaiters => {
                self.limiter.cancel_waiters();
                self.model.cancel_waiters(self.now);
            }
            Op::Reset => {
                self.limiter.reset();
                self.model.reset(self.now);
            }
            Op::Bypass => {
                self.limiter.bypass();
                self.model.bypass(self.now);
            }
            Op::Close => {
                self.limiter.close();
                self.model.close(self.now);
            }
        }
    }

    fn clock(&self) -> Timestamp {
        Timestamp::from_ticks(self.now)
    }

    fn after(&mut self, step: Step) -> u64 {
        let (model, held, now) = (&mut self.model, &self.held, self.now);
        self.range.after(now, step, &self.built, |nth| match model.standing(now, held.nth(nth)?) {
            Standing::Waits(wait) => Some(wait),
            _ => None,
        })
    }

    /// Sets the clock, past any boundary that is too close.
    pub(super) fn set_clock(&mut self, mut at: u64) {
        while self.is_close(at, 0) {
            at += SLACK + 1;
        }
        self.now = at;
        self.latest = self.latest.max(at);
        self.limiter.clock().set(Duration::from_nanos(at));
        // Both settle the queue, so that entries that are due at this reading are granted even if
        // the clock steps back after it.
        assert_eq!(self.limiter.waiters(), self.waiting());
    }

    fn is_close(&self, at: u64, n: u64) -> bool {
        self.slack > 0 && self.model.is_close(at, n, self.slack)
    }

    pub(super) fn waiting(&mut self) -> usize {
        self.model.look(self.now);
        self.model.waiting()
    }

    fn amount(&self, amount: Amount, at: u64) -> u64 {
        amount.of(&self.model, at, self.built.burst)
    }

    /// The reading to use, away from boundaries, and an amount there. `None` if the reading is
    /// ahead of a clock that rounds: a grant behind waiters begins at that reading, not where the
    /// waiters end.
    fn reading(&mut self, amount: Amount, reading: Reading) -> Option<(Timestamp, u64)> {
        let mut at = match reading {
            Reading::Clock => self.now,
            Reading::Off(step) => self.after(step),
        };
        if self.slack > 0 && at > self.now {
            return None;
        }
        let n = self.amount(amount, at);
        while self.is_close(at, n) {
            match reading {
                Reading::Clock => {
                    self.set_clock(at + SLACK + 1);
                    at = self.now;
                }
                Reading::Off(_) => at = at.checked_sub(SLACK + 1).filter(|at| *at >= self.range.first)?,
            }
        }
        self.latest = self.latest.max(at);
        Some((Timestamp::from_ticks(at), n))
    }

    #[track_caller]
    fn decided(&mut self, seen: Result<Grant<'a, ManualClock>, Denied>, expected: Result<(u64, Charge), Refusal>) {
        match (seen, expected) {
            (Ok(grant), Ok((n, charge))) => {
                assert_eq!(grant.amount(), n);
                self.held.hold(grant, charge);
            }
            (Err(denied), Err(expected)) => self.assert_denied(denied, expected),
            (seen, expected) => panic!("{seen:?}, expected {expected:?}"),
        }
    }

    /// The wait that would be needed, in ns; `None` if the result does not depend on it.
    fn wait_needed(&self, at: u64, n: u64) -> Option<u128> {
        match self.model.clone().reserve(at, n, Some(0), usize::MAX) {
            Err(Refusal::TooLong(wait)) => Some(wait),
            _ => None,
        }
    }

    /// A limit that is `more` ns longer than the wait that is needed; clearly longer or clearly
    /// shorter if the wait rounds.
    fn limit(&self, at: u64, n: u64, more: i8) -> u64 {
        let more = match self.slack {
            0 => i64::from(more),
            slack => i64::from(if more < 0 { -1_i8 } else { 1 }) * i64::try_from(slack + 1).expect("small"),
        };
        let wait = u64::try_from(self.wait_needed(at, n).unwrap_or(0)).expect("decades");
        wait.saturating_add_signed(more)
    }

    fn reserve(&mut self, id: usize, amount: Amount, reading: Reading, more: Option<i8>) {
        let Some((at, n)) = self.reading(amount, reading) else { return };
        if !self.model.counts_entry(at.ticks(), n) {
            return;
        }
        let within = more.map(|more| self.limit(at.ticks(), n, more));
        let max_wait = within.map(Duration::from_nanos);
        let seen = match (max_wait, reading) {
            (None, Reading::Clock) => self.limiter.reserve(n),
            (None, Reading::Off(_)) => self.limiter.reserve_at(at, n),
            (Some(max_wait), Reading::Clock) => self.limiter.reserve_within(n, max_wait),
            (Some(max_wait), Reading::Off(_)) => self.limiter.reserve_within_at(at, n, max_wait),
        };
        let expected = self.model.reserve(at.ticks(), n, within, id);
        match (seen, expected) {
            (Ok(reservation), Ok(Reserved::Granted(charge))) => {
                assert_eq!((reservation.amount(), reservation.wait_time()), (n, Duration::ZERO));
                let grant = reservation.wait().expect("granted without a wait");
                self.held.hold(grant, charge);
            }
            (Ok(reservation), Ok(Reserved::Waits(_))) => {
                assert_eq!(reservation.amount(), n);
                self.held.places.insert(id, Held::Place(reservation));
            }
            (Err(denied), Err(expected)) => self.assert_denied(denied, expected),
            (seen, expected) => panic!("{seen:?}, expected {expected:?}"),
        }
    }

    fn acquire(&mut self, id: usize, amount: Amount, patience: Patience, how: Await) {
        let Some((_, n)) = self.reading(amount, Reading::Clock) else { return };
        if !self.model.counts_entry(self.now, n) {
            return;
        }
        let (timeout, deadline) = match patience {
            Patience::Endless => (None, None),
            Patience::Timeout(more) => (Some(self.limit(self.now, n, more)), None),
            Patience::Deadline(more) => (None, Some(self.limit(self.now, n, more))),
        };
        let acquire = || {
            let mut acquire = self.limiter.acquire(n);
            if let Some(within) = timeout {
                acquire = acquire.timeout(Duration::from_nanos(within));
            }
            if let Some(within) = deadline {
                acquire = acquire.deadline(Timestamp::from_ticks(self.now + within));
            }
            Held::Task(acquire)
        };
        let expected = self.model.reserve(self.now, n, timeout.or(deadline), id);
        // The clock does not move during a blocking wait. So the wait blocks only if there is
        // certainly nothing to wait for.
        let how = match expected {
            Ok(Reserved::Waits(_)) => Await::Poll,
            Ok(Reserved::Granted(_)) => {
                assert!(self.limiter.capacity_info(n).has_capacity);
                how
            }
            Err(expected) => match acquire().look(Await::Poll) {
                Looked::Ended(Err(error)) => {
                    self.assert_error(error, n, expected);
                    how
                }
                seen => panic!("{seen:?}, expected {expected:?}"),
            },
        };
        match (acquire().look(how), expected) {
            (Looked::Ended(Ok(grant)), Ok(Reserved::Granted(charge))) => {
                assert_eq!(grant.amount(), n);
                self.held.hold(grant, charge);
            }
            (Looked::Ended(Err(error)), Err(expected)) => self.assert_error(error, n, expected),
            (Looked::Pending(task), Ok(Reserved::Waits(_))) => {
                self.held.places.insert(id, task);
            }
            (seen, expected) => panic!("{seen:?}, expected {expected:?}"),
        }
    }

    fn look(&mut self, id: usize, how: Await) {
        let Some(held) = self.held.places.remove(&id) else { return };
        let expected = self.model.standing(self.now, id);
        let how = if matches!(expected, Standing::Waits(_)) { Await::Poll } else { how };
        match (held.look(how), expected) {
            (Looked::Ended(Ok(grant)), Standing::Granted(charge)) => self.held.hold(grant, charge),
            (Looked::Ended(Err(AcquireError::Cancelled)), Standing::Cancelled)
            | (Looked::Ended(Err(AcquireError::Closed)), Standing::Closed) => {}
            (Looked::Pending(held), Standing::Waits(_)) => {
                self.held.places.insert(id, held);
            }
            // An entry that was due at a later reading may be seen as due only when the clock
            // reaches its time.
            (Looked::Pending(held), Standing::Granted(Charge::Counted)) if self.now < self.latest => {
                self.held.places.insert(id, held);
            }
            (seen, expected) => panic!("{seen:?}, expected {expected:?}"),
        }
    }

    fn keep(&mut self, index: usize) {
        let Some(id) = self.held.nth(index) else { return };
        if self.slack > 0 && self.model.debts() > 0 {
            return;
        }
        let Some(Held::Place(reservation)) = self.held.places.remove(&id) else {
            // A future is dropped instead, which returns its permits.
            self.model.cancel(self.now, id);
            return;
        };
        let (seen, expected) = (reservation.keep(), self.model.standing(self.now, id));
        self.model.keep(self.now, id);
        self.assert_left(seen, expected);
    }

    fn settle_grant(
        &mut self,
        grant: Grant<'a, ManualClock>,
        charge: Charge,
        actual: u64,
        act: impl FnOnce(Grant<'a, ManualClock>),
    ) {
        match charge {
            Charge::Counted => {
                let estimated = grant.amount();
                self.settle(self.clock(), actual, estimated, |_| act(grant));
            }
            Charge::Free => act(grant),
        }
    }

    fn settle(&mut self, at: Timestamp, actual: u64, estimated: u64, act: impl FnOnce(&'a RateLimiter<ManualClock>)) {
        if self.slack > 0 && actual > estimated && self.model.kept() > 0 {
            return;
        }
        act(self.limiter);
        let counted = match actual.checked_sub(estimated) {
            Some(debt) => self.model.counts(at.ticks(), debt).unwrap_or_else(|| {
                let denied = self.limiter.try_acquire_at(at, 1).expect_err("decades ahead");
                denied.reason() != Reason::Saturated
            }),
            None => true,
        };
        self.model.reconcile(at.ticks(), actual, estimated, counted);
    }
}
