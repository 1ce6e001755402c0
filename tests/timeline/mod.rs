//! A limiter and the model of it, told of the same, and held to the same answers.
//!
//! # What rounds
//!
//! Where T is a power of two ns, or a whole fraction of 1 ns, clock readings convert exactly, and so all answers must be the model's
//! own, to the nanosecond and on every boundary.
//!
//! At all other rates the crate rounds each reading by less than 1 ns (a unit of its word). What it makes of readings are only
//! the later and the earlier of two times, and sums with whole permits: none of that is further apart for times that were
//! closer together. So, as long as both decide the same, all its times stay within 1 ns of the model's. They may decide
//! differently only if the reading is that close to a boundary; so the clock is moved past any that is within [`SLACK`], and waits
//! may differ by as much. (One sum is of differences: what a refund has left for debts behind a kept place. So
//! debts and kept places do not meet there.) The fastest rates, where a boundary is always near, are left to the exact ones.

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

/// How close to a boundary, in ns, nothing is asked of a limiter that rounds; twice the most that it can be off.
const SLACK: u64 = 2;

/// What is done to both. Places that are held, and grants that were kept, are named by their order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    /// The clock moves.
    Move(Step),
    Try(Amount, Reading),
    UpTo(Amount, Reading),
    Reserve(Amount, Reading),
    /// With a wait so much longer than it would have to be, in ns.
    ReserveWithin(Amount, Reading, i8),
    /// Polled once, or waited for if it need not wait.
    Acquire(Amount, Patience, Await),
    /// What is held is polled, or waited for if its time has come.
    Look(usize, Await),
    Cancel(usize),
    Keep(usize),
    Reconcile(Amount, Amount, Reading),
    Refund(Amount),
    Charge(Amount),
    /// A grant is settled at this cost.
    Settle(usize, Amount),
    /// A grant is given back.
    GiveBack(usize),
    CancelWaiters,
    Reset,
    Bypass,
    Close,
}

/// How long a wait may be, compared with how long it would have to be, in ns.
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
