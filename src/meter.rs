//! The word together with the rate that decisions about it need. Time is passed in; this file knows
//! neither clocks nor waiters.

use core::mem::offset_of;

use crate::clock::Timestamp;
use crate::error::Refused;
use crate::gcra::Gcra;
use crate::rate::Rate;
use crate::state::{Phase, Snapshot, State};

/// What a decision needs.
///
/// What a decision reads besides the word is on one cache line, which no thread writes. The word is
/// on the next line. While the word's line travels from another
/// processor, the rest of the decision goes on.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Meter {
    /// The most permits that are granted without a look at the queue: the burst, or 0 if the queue
    /// is [strict](Self::is_strict).
    lock_free: u64,
    pub(crate) rate: Rate,
    state: State,
}

/// The cache line of the processors that share words most.
const CACHE_LINE: usize = 64;

const _: () = {
    assert!(offset_of!(Meter, rate) + Rate::USUAL_PART <= CACHE_LINE);
    assert!(offset_of!(Meter, state) >= CACHE_LINE);
};

/// How a grant was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    /// The permits came off the word, so the grant can be settled. The TAT was `ahead` of the clock
    /// after it, in units.
    Counted { ahead: u64 },
    /// The limiter was bypassed: nothing was charged.
    Free,
}

impl Charge {
    /// The charge of an entry that was waited for. It came due when the TAT was one depth ahead, so
    /// nothing was available after it.
    #[cfg(feature = "std")]
    pub(crate) const WAITED: Self = Self::Counted { ahead: u64::MAX };

    /// Whether the permits came off the word.
    pub(crate) fn is_counted(self) -> bool {
        matches!(self, Self::Counted { .. })
    }

    /// Whole permits that were available after the grant.
    pub(crate) fn remaining(self, gcra: &Gcra) -> u64 {
        match self {
            Self::Counted { ahead } => gcra.available(ahead, 0),
            Self::Free => gcra.burst(),
        }
    }
}

/// Why 1 to `burst` permits were not granted: the word, and how much too early the request was if
/// the word is a TAT.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Short {
    seen: Snapshot,
    excess: u64,
}

impl Short {
    /// What the word means for the request.
    #[inline]
    pub(crate) fn meaning(self) -> Result<Charge, Refused> {
        let Self { seen, excess } = self;
        if seen.is_open() { Err(Refused::NotYet(excess)) } else { Self::not_counting(seen) }
    }

    /// The answer of a limiter that is not counting.
    #[cold]
    fn not_counting(seen: Snapshot) -> Result<Charge, Refused> {
        match seen.phase() {
            Phase::Bypassed => Ok(Charge::Free),
            Phase::Closed => Err(Refused::Closed),
            Phase::Open(_) | Phase::Saturated => Err(Refused::Saturated),
        }
    }
}

impl Meter {
    /// A word that leaves `initial` permits (at most the burst) available at `now`.
    pub(crate) fn new(rate: Rate, initial: u64, now: Timestamp, strict: bool) -> Self {
        let tat = rate.gcra.leaving(rate.units(now), initial);
        Self { lock_free: if strict { 0 } else { rate.gcra.burst() }, state: State::new(Snapshot::open(tat)), rate }
    }

    /// A word that is at `tat` already.
    #[cfg(feature = "keyed")]
    pub(crate) fn resume(rate: Rate, tat: u64) -> Self {
        Self { lock_free: rate.gcra.burst(), state: State::new(Snapshot::open(tat)), rate }
    }

    /// Whether every grant goes through the queue, because the queue must know when each waiter
    /// left.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn is_strict(&self) -> bool {
        self.lock_free == 0
    }

    pub(crate) fn load(&self) -> Snapshot {
        self.state.load()
    }

    /// The TAT and the time in units. A bypassed limiter counts as full.
    pub(crate) fn peek(&self, now: Timestamp) -> (u64, u64) {
        let seen = self.load();
        let tat = if seen.phase() == Phase::Bypassed { 0 } else { seen.tat() };
        (tat, self.rate.units(now))
    }

    /// The word after all moves so far, which a [`load`](Self::load) need not find.
    #[cfg(feature = "keyed")]
    pub(crate) fn last(&self) -> Snapshot {
        match self.state.update(Some) {
            Ok(seen) | Err(seen) => seen,
        }
    }

    /// Takes `n` permits if they are available now. A strict limiter grants none this way.
    #[inline]
    pub(crate) fn take(&self, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        if self.is_ordinary(n) { self.take_some(now, n) } else { self.take_odd(now, n) }
    }

    /// Takes 1 to `burst` permits if they are available now.
    #[inline]
    pub(crate) fn take_some(&self, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        match self.grant(self.rate.units(now), n) {
            Ok(ahead) => Ok(Charge::Counted { ahead }),
            Err(short) => short.meaning(),
        }
    }

    /// Takes 1 to `burst` permits if they are available now and no special case applies.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn take_ordinary(&self, now: Timestamp, n: u64) -> Option<Charge> {
        if !self.is_ordinary(n) {
            return None;
        }
        self.grant(self.rate.units(now), n).ok().map(|ahead| Charge::Counted { ahead })
    }

    /// Whether 1 to `burst` permits are available now, or the limiter is bypassed. For a strict
    /// limiter the queue decides.
    #[cfg(feature = "std")]
    pub(crate) fn has(&self, at: Timestamp, n: u64) -> bool {
        let (seen, gcra) = (self.load(), &self.rate.gcra);
        let enough = || gcra.decide(seen.tat(), self.rate.units(at), gcra.cost(n)).is_ok();
        n <= gcra.burst() && (seen.phase() == Phase::Bypassed || enough())
    }

    /// Whether `n` is from 1 to [`lock_free`](Self::lock_free), in one comparison.
    #[inline]
    pub(crate) fn is_ordinary(&self, n: u64) -> bool {
        n.wrapping_sub(1) < self.lock_free
    }

    /// Takes 1 to `burst` permits. Gives how far the TAT is ahead of the clock then, or the word
    /// that refused them.
    ///
    /// This is all that is on the path of a grant. Keep it small: it is inlined into its callers.
    #[inline]
    pub(crate) fn grant(&self, now: u64, n: u64) -> Result<u64, Short> {
        // By value: otherwise the compiler reads it again after each compare-and-swap.
        let gcra = self.rate.gcra;
        let cost = gcra.cost(n);
        let mut seen = self.state.load();
        loop {
            match gcra.decide(seen.tat(), now, cost) {
                Ok(tat) => match self.state.compare_and_swap(seen, Snapshot::granted(tat)) {
                    Ok(()) => return Ok(tat - now),
                    Err(current) => seen = current,
                },
                Err(excess) => return Err(Short { seen, excess }),
            }
        }
    }

    /// Takes `n` permits, at least 1, and `extra(available)` more, where `available` is what is
    /// left after the `n`. Gives how many were taken; a bypassed limiter grants exactly `n`.
    pub(crate) fn take_with_extra(
        &self,
        now: Timestamp,
        n: u64,
        extra: impl Fn(u64) -> u64,
    ) -> Result<(u64, Charge), Refused> {
        // Nothing is left beside the whole burst.
        if n >= self.lock_free {
            return self.take(now, n).map(|charge| (n, charge));
        }
        let (now, gcra) = (self.rate.units(now), &self.rate.gcra);
        let mut seen = self.state.load();
        loop {
            let taken = match gcra.decide(seen.tat(), now, gcra.cost(n)) {
                Ok(tat) => n + extra(gcra.available(tat, now)),
                Err(excess) => return Short { seen, excess }.meaning().map(|charge| (n, charge)),
            };
            let Ok(tat) = gcra.decide(seen.tat(), now, gcra.cost(taken)) else {
                unreachable!("extra asks for no more than is available")
            };
            match self.state.compare_and_swap(seen, Snapshot::granted(tat)) {
                Ok(()) => return Ok((taken, Charge::Counted { ahead: tat - now })),
                Err(current) => seen = current,
            }
        }
    }

    /// Takes 0 permits, or refuses more than the burst.
    #[cold]
    fn take_odd(&self, now: Timestamp, n: u64) -> Result<Charge, Refused> {
        let (seen, gcra) = (self.load(), &self.rate.gcra);
        let ahead = seen.tat().saturating_sub(self.rate.units(now));
        match seen.phase() {
            Phase::Bypassed if n > gcra.burst() => Err(Refused::ExceedsBurst(gcra.burst())),
            _ if n > gcra.burst() => Err(Refused::ExceedsBurst(gcra.available(ahead, 0))),
            Phase::Closed => Err(Refused::Closed),
            Phase::Bypassed => Ok(Charge::Free),
            Phase::Open(_) | Phase::Saturated if n == 0 => Ok(Charge::Counted { ahead }),
            // Only a strict limiter comes here with 1 to `burst` permits.
            Phase::Open(_) => Err(Refused::NotYet(0)),
            Phase::Saturated => Err(Refused::Saturated),
        }
    }

    /// Refunds `n` permits if no entry can be in the queue and `empty` agrees. Gives `false`, with
    /// nothing done, if an entry may be there.
    pub(crate) fn refund_idle(&self, now: u64, n: u64, empty: impl Fn() -> bool) -> bool {
        let amount = self.rate.gcra.amount(n);
        self.move_idle(now, empty, |tat| Gcra::refund(tat, now, amount))
    }

    /// Adds a debt of `n` permits under the same condition.
    pub(crate) fn charge_idle(&self, now: u64, n: u64, empty: impl Fn() -> bool) -> bool {
        let amount = self.rate.gcra.amount(n);
        self.move_idle(now, empty, |tat| tat.max(now).saturating_add(amount))
    }

    /// A TAT within the depth proves that no entry waits, unless a waiter that is due has yet to
    /// leave a strict queue. The compare-and-swap proves that none has come since.
    ///
    /// By a clock reading before `now` an entry may still wait. So the queue must be `empty` too,
    /// and that is asked after the word is read.
    fn move_idle(&self, now: u64, empty: impl Fn() -> bool, next: impl Fn(u64) -> u64) -> bool {
        let idle = |seen: Snapshot| self.lock_free > 0 && !self.rate.gcra.may_wait(seen.tat(), now) && empty();
        self.state.update(|seen| idle(seen).then(|| Snapshot::open(next(seen.tat())))).is_ok()
    }
}

/// Entries are taken under the lock of the queue. Tries and immediate grants go on without it.
#[cfg(feature = "std")]
impl Meter {
    /// Takes an entry of `n` permits behind all others, if the entry comes due by the reading `by`.
    /// Gives the TAT after it, which is where the entry ends.
    pub(crate) fn enter(&self, now: u64, n: u64, by: Option<u64>) -> Result<u64, Refused> {
        let cost = self.rate.gcra.cost(n);
        let due = |tat: u64| self.rate.due(tat);
        let next = |seen: Snapshot| match seen.phase() {
            Phase::Open(tat) => Gcra::enter(tat, now, cost).filter(|tat| by.is_none_or(|by| due(*tat) <= by)),
            _ => None,
        };
        match self.state.update(|seen| next(seen).map(Snapshot::open)) {
            Ok(entered) => Ok(entered.tat()),
            Err(seen) => Err(match seen.phase() {
                Phase::Open(tat) => match Gcra::enter(tat, now, cost) {
                    Some(tat) => Refused::TooLong(due(tat).saturating_sub(now)),
                    None => Refused::Saturated,
                },
                Phase::Saturated => Refused::Saturated,
                Phase::Closed | Phase::Bypassed => Refused::Closed,
            }),
        }
    }
}

/// Moves that leave closed, bypassed and saturated words as they are.
impl Meter {
    /// Raises the word to `end` if it is before that.
    #[cfg(feature = "std")]
    pub(crate) fn raise(&self, end: u64) {
        self.move_open(|tat| tat.max(end));
    }

    /// Adds a debt. Gives the TAT where the debt ends, unless the word is saturated by it.
    pub(crate) fn charge(&self, now: u64, amount: u64) -> Option<u64> {
        self.move_open(|tat| tat.max(now).saturating_add(amount)).and_then(|word| match word.phase() {
            Phase::Open(tat) => Some(tat),
            _ => None,
        })
    }

    /// Takes `amount` off the word, but not below `floor`. Never raises the word.
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

/// Moves of a control verb, which replace every word.
impl Meter {
    pub(crate) fn set(&self, word: Snapshot) {
        let _ = self.state.update(|_| Some(word));
    }

    /// The word that leaves `permits` (at most the burst) available at `now`.
    pub(crate) fn leaving(&self, now: u64, permits: u64) -> Snapshot {
        Snapshot::open(self.rate.gcra.leaving(now, permits))
    }
}
