//! A limiter and the model of it: both get the same operations, and must give the same answers.
//!
//! # What rounds
//!
//! If T is a power of two ns, or a whole fraction of 1 ns, clock readings convert exactly. Then all
//! answers must equal those of the model, to the nanosecond and on every boundary.
//!
//! At all other rates the crate rounds each reading by less than 1 ns (a unit of its word). From
//! readings it computes only the later and the earlier of two times, and sums with whole permits.
//! None of these increases a difference between times. So, as long as both make the same decisions,
//! all times stay within 1 ns of the model's. The decisions can differ only if the reading is that
//! close to a boundary. So the clock is moved past any boundary that is within [`SLACK`], and waits
//! may differ by as much. (One sum is of differences: what a refund has left for debts behind a
//! kept reservation. So debts and kept reservations are not combined there.) The fastest rates,
//! which always have a boundary nearby, are left to the exact quotas.

mod amount;
mod beside;
mod compare;
mod decode;
mod holders;
mod time;

pub(crate) use self::amount::Amount;
pub(crate) use self::beside::run;
pub(crate) use self::decode::{exact, rounding};
pub(crate) use self::time::{Reading, Step};

/// A limiter that rounds is not used within this distance of a boundary, in ns; twice the largest
/// error.
const SLACK: u64 = 2;

/// An operation on both. Entries that are held, and grants that were kept, are named by their
/// order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    /// The clock moves.
    Move(Step),
    Try(Amount, Reading),
    UpTo(Amount, Reading),
    Reserve(Amount, Reading),
    /// With a wait that is longer than needed by so many ns.
    ReserveWithin(Amount, Reading, i8),
    /// Polled once, or waited for if it does not have to wait.
    Acquire(Amount, Patience, Await),
    /// An entry that is held is polled, or waited for if it is due.
    Look(usize, Await),
    Cancel(usize),
    Keep(usize),
    Reconcile(Amount, Amount, Reading),
    Refund(Amount),
    Charge(Amount),
    /// A grant is settled at this cost.
    Settle(usize, Amount),
    /// A grant is refunded.
    GiveBack(usize),
    CancelWaiters,
    Reset,
    Bypass,
    Close,
}

/// How long a wait may be, compared with the wait that is needed, in ns.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patience {
    Endless,
    Timeout(i8),
    Deadline(i8),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Await {
    Poll,
    Block,
}
