//! The word together with what decisions about it need. It knows no clock and no waiters: time is passed in.

use core::mem::offset_of;

use crate::clock::{Tick, Timestamp};
use crate::error::{Denied, Reason, Refused};
use crate::gcra::{Gcra, Unit};
use crate::quota::Quota;
use crate::scale::Scale;
use crate::state::{Phase, Snapshot, State};

/// In this order, so that what a decision reads besides the word is on one cache line, which nobody ever writes, and the word on
/// the next: while that is on its way from another processor, the rest of the decision has been made.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Meter {
    /// The most permits that are granted without a look at the line: the burst, or none if the line is
    /// [strict](Self::is_strict).
    lock_free: u64,
    pub(crate) gcra: Gcra,
    pub(crate) scale: Scale,
    state: State,
    quota: Quota,
}

/// Of the processors that share words most.
const CACHE_LINE: usize = 64;

const _: () = {
    assert!(offset_of!(Meter, scale) + Scale::USUAL_PART <= CACHE_LINE);
    assert!(offset_of!(Meter, state) >= CACHE_LINE);
};

/// Whether a grant was taken from the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    /// Yes, so it can be settled.
    Counted,
    /// No: the limiter was breached.
    Free,
}

/// What the word said when permits were not to be had, and by how much they came too early if it is a TAT.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Short {
    seen: Snapshot,
    excess: u64,
}

impl Short {
    /// What it means that 1 to `burst` permits were not to be had.
    #[inline]
    pub(crate) fn meaning(self) -> Result<Charge, Refused> {
        let Self { seen, excess } = self;
        if seen.is_open() { Err(Refused { reason: Reason::NotYet, excess }) } else { Self::not_counting(seen) }
    }

    /// Of a limiter that is not counting.
    #[cold]
    fn not_counting(seen: Snapshot) -> Result<Charge, Refused> {
        match seen.phase() {
            Phase::Breached => Ok(Charge::Free),
            Phase::Closed => Err(Reason::Closed.into()),
            Phase::Open(_) | Phase::Saturated => Err(Reason::Saturated.into()),
        }
    }
}

impl Meter {
    /// A word that leaves `initial` permits (at most the burst) at `now`.
    pub(crate) fn new(quota: Quota, initial: u64, tick: Tick, now: Timestamp, strict: bool) -> Self {
        let gcra = Gcra::new(quota);
        let scale = Scale::new(Unit::of(quota), gcra.depth(), tick, now);
        Self {
            lock_free: if strict { 0 } else { gcra.burst() },
            state: State::new(Snapshot::open(gcra.leaving(scale.units(now), initial))),
            gcra,
            scale,
            quota,
        }
    }

    /// A word that stands at `tat` already, in time as `scale` has it.
    #[cfg(feature = "keyed")]
    pub(crate) fn resume(quota: Quota, gcra: Gcra, scale: Scale, tat: u64) -> Self {
        Self { lock_free: gcra.burst(), state: State::new(Snapshot::open(tat)), gcra, scale, quota }
    }

    pub(crate) fn quota(&self) -> Quota {
        self.quota
    }

    /// Whether all that is granted goes through the line, because that must know when each really left.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn is_strict(&self) -> bool {
        self.lock_free == 0
    }

    pub(crate) fn load(&self) -> Snapshot {
        self.state.load()
    }

    /// The word after all moves so far, which a [`load`](Self::load) need not find.
    #[cfg(feature = "keyed")]
    pub(crate) fn last(&self) -> Snapshot {
        match self.state.update(Some) {
            Ok(seen) | Err(seen) => seen,
        }
    }

    /// Takes `n` permits if they are to be had now. From a strict limiter nothing is to be had so.
    #[inline]
    pub(crate) fn take(&self, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        if self.is_ordinary(n) { self.take_some(now, n) } else { self.take_odd(n) }
    }

    /// Takes 1 to `burst` permits.
    #[inline]
    pub(crate) fn take_some(&self, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        let now = self.scale.units(now);
        match self.grant(now, n) {
            Ok(()) => Ok(Charge::Counted),
            Err(short) => short.meaning(),
        }
    }

    /// Takes 1 to `burst` permits if they are to be had now.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn grant_ordinary(&self, now: Timestamp, n: u64) -> bool {
        self.is_ordinary(n) && self.grant(self.scale.units(now), n).is_ok()
    }

    /// Whether 1 to `burst` permits are to be had now, or the limiter is breached. Of a strict one, that is for the line to say.
    #[cfg(feature = "std")]
    pub(crate) fn has(&self, at: Timestamp, n: u64) -> bool {
        let seen = self.load();
        let enough = || self.gcra.decide(seen.tat(), self.scale.units(at), self.gcra.cost(n)).is_ok();
        n <= self.gcra.burst() && (seen.phase() == Phase::Breached || enough())
    }

    /// Whether `n` is from 1 to [`lock_free`](Self::lock_free), in one comparison.
    #[inline]
    pub(crate) fn is_ordinary(&self, n: u64) -> bool {
        n.wrapping_sub(1) < self.lock_free
    }

    /// Takes 1 to `burst` permits, or says what the word said when they were not to be had.
    ///
    /// All that is on the path of a grant. Keep it small: it is inlined where it is asked for.
    #[inline]
    pub(crate) fn grant(&self, now: u64, n: u64) -> Result<(), Short> {
        // By value: the compiler reads it again after each exchange otherwise.
        let gcra = self.gcra;
        let cost = gcra.cost(n);
        let mut seen = self.state.load();
        loop {
            match gcra.decide(seen.tat(), now, cost) {
                Ok(tat) => match self.state.exchange(seen, Snapshot::granted(tat)) {
                    Ok(()) => return Ok(()),
                    Err(current) => seen = current,
                },
                Err(excess) => return Err(Short { seen, excess }),
            }
        }
    }

    /// Takes `n` permits, at least 1, and as many more as `extra` says of what is left then. How many were taken; of a
    /// breached limiter just `n`.
    pub(crate) fn take_with_extra(
        &self,
        now: Timestamp,
        n: u64,
        extra: impl Fn(u64) -> u64,
    ) -> Result<(u64, Charge), Refused> {
        // Beside the whole burst there is nothing.
        if n >= self.lock_free {
            return self.take(now, n).map(|charge| (n, charge));
        }
        let now = self.scale.units(now);
        let mut seen = self.state.load();
        loop {
            let taken = match self.gcra.decide(seen.tat(), now, self.gcra.cost(n)) {
                Ok(tat) => n + extra(self.gcra.available(tat, now)),
                Err(excess) => return Short { seen, excess }.meaning().map(|charge| (n, charge)),
            };
            let Ok(tat) = self.gcra.decide(seen.tat(), now, self.gcra.cost(taken)) else {
                unreachable!("extra asks for no more than there is")
            };
            match self.state.exchange(seen, Snapshot::granted(tat)) {
                Ok(()) => return Ok((taken, Charge::Counted)),
                Err(current) => seen = current,
            }
        }
    }

    /// Nothing, or more than there can be.
    #[cold]
    fn take_odd(&self, n: u64) -> Result<Charge, Refused> {
        match self.state.load().phase() {
            _ if n > self.gcra.burst() => Err(Reason::ExceedsBurst.into()),
            Phase::Closed => Err(Reason::Closed.into()),
            Phase::Breached => Ok(Charge::Free),
            Phase::Open(_) | Phase::Saturated if n == 0 => Ok(Charge::Counted),
            Phase::Open(_) => Err(Reason::NotYet.into()),
            Phase::Saturated => Err(Reason::Saturated.into()),
        }
    }

    /// The refusal of a request for `n`, as callers see it.
    #[inline]
    pub(crate) fn denied(&self, n: u64, refused: Refused) -> Denied {
        Denied::new(n, self.quota, refused)
    }

    /// Gives `n` permits back if it is certain that nobody waits and the line is `empty`. `false`: somebody may, and nothing was
    /// done.
    pub(crate) fn refund_idle(&self, now: u64, n: u64, empty: impl Fn() -> bool) -> bool {
        let amount = self.gcra.amount(n);
        self.move_idle(now, empty, |tat| Gcra::refund(tat, now, amount))
    }

    /// Adds a debt of `n` permits, likewise.
    pub(crate) fn charge_idle(&self, now: u64, n: u64, empty: impl Fn() -> bool) -> bool {
        let amount = self.gcra.amount(n);
        self.move_idle(now, empty, |tat| tat.max(now).saturating_add(amount))
    }

    /// A TAT within the depth proves that nobody waits (unless who is due may still have to leave); the exchange proves that nobody has come since.
    ///
    /// By an earlier reading than `now` somebody may still wait: so the line is to be `empty` too, which is asked after the word.
    fn move_idle(&self, now: u64, empty: impl Fn() -> bool, next: impl Fn(u64) -> u64) -> bool {
        let idle = |seen: Snapshot| self.lock_free > 0 && !self.gcra.may_wait(seen.tat(), now) && empty();
        self.state.update(|seen| idle(seen).then(|| Snapshot::open(next(seen.tat())))).is_ok()
    }
}

/// Places are taken under the lock of the line, beside tries and immediate grants that go on without it.
#[cfg(feature = "std")]
impl Meter {
    /// Takes a place of `n` permits behind all others, if it comes due by the reading `by`; the TAT after it, which is where it
    /// ends.
    pub(crate) fn place(&self, now: u64, n: u64, by: Option<u64>) -> Result<u64, Refused> {
        let cost = self.gcra.cost(n);
        let due = |tat: u64| tat - self.gcra.depth().min(tat);
        let next = |seen: Snapshot| match seen.phase() {
            Phase::Open(tat) => Gcra::place(tat, now, cost).filter(|tat| by.is_none_or(|by| due(*tat) <= by)),
            _ => None,
        };
        match self.state.update(|seen| next(seen).map(Snapshot::open)) {
            Ok(placed) => Ok(placed.tat()),
            Err(seen) => Err(match seen.phase() {
                Phase::Open(tat) => match Gcra::place(tat, now, cost) {
                    Some(tat) => Refused { reason: Reason::TooLong, excess: due(tat).saturating_sub(now) },
                    None => Reason::Saturated.into(),
                },
                Phase::Saturated => Reason::Saturated.into(),
                Phase::Closed | Phase::Breached => Reason::Closed.into(),
            }),
        }
    }
}

/// Moves that leave closed, breached and saturated words as they are.
impl Meter {
    /// Raises the word to `end`, if it is before that.
    #[cfg(feature = "std")]
    pub(crate) fn raise(&self, end: u64) {
        self.move_open(|tat| tat.max(end));
    }

    /// Adds a debt; where it ends, if it can be counted.
    pub(crate) fn charge(&self, now: u64, amount: u64) -> Option<u64> {
        self.move_open(|tat| tat.max(now).saturating_add(amount)).and_then(|word| match word.phase() {
            Phase::Open(tat) => Some(tat),
            _ => None,
        })
    }

    /// Takes `amount` off the word, not below `floor`, and never raises it.
    pub(crate) fn lower(&self, floor: u64, amount: u64) {
        self.move_open(|tat| Gcra::refund(tat, floor, amount));
    }

    fn move_open(&self, next: impl Fn(u64) -> u64) -> Option<Snapshot> {
        let open = |seen: Snapshot| match seen.phase() {
            Phase::Open(tat) => Some(Snapshot::open(next(tat))),
            _ => None,
        };
        self.state.update(open).ok()
    }
}

/// Moves of a control verb, whatever the word says.
impl Meter {
    pub(crate) fn set(&self, word: Snapshot) {
        let _ = self.state.update(|_| Some(word));
    }

    /// The word as it is when `permits` (at most the burst) are to be had at `now`.
    pub(crate) fn leaving(&self, now: u64, permits: u64) -> Snapshot {
        Snapshot::open(self.gcra.leaving(now, permits))
    }
}
