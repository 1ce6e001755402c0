//! How the limiters of keys that are waited for follow a keyed limiter that is closed or opened.
//!
//! # The argument
//!
//! Whether a keyed limiter is closed is written in its [`Tiers`], and nowhere else. A decision
//! finds it there. A waiter does not look there again: it waits in the queue of a limiter of its
//! key's own, so that limiter must be closed as well, or the waiter would be granted later.
//!
//! *The rule.* A thread that makes or resets such a limiter calls [`agree`] afterwards, before it
//! lets go of the limiter. `close` and `reset_all` first write the tiers, then call [`agree`] with
//! all limiters that are in the map. [`agree`] closes or resets the limiter under the lock of its
//! queue. Such a turn is one step: of two threads that open the same limiter, only one resets it.
//!
//! *A limiter that is made beside a close.* The limiter is put into the map under the lock of its
//! part. The closing thread goes through that part under the same lock.
//!
//! - If the limiter comes first, the closing thread finds it and closes it.
//! - If the closing thread comes first, its write of the tiers happens before the limiter is put
//!   into the map. So the thread that made the limiter finds the tiers closed, and closes the
//!   limiter.
//!
//! In both cases a request that is in the queue already is refused and its waiter is woken. A
//! request that comes to the queue later is refused there, because the word of the limiter is
//! closed. So no waiter of a closed limiter sleeps until its turn.
//!
//! *Several control verbs at once.* Turns at a limiter are under the lock of its queue, so they
//! have an order. Take the last turn, by thread X, and the last write of the tiers, by thread T. T
//! goes through the map after its write.
//!
//! - If T finds the limiter there, T has a turn at it after its write. That turn is before X's or
//!   is X's, so the write happens before the end of X's turn.
//! - If T does not find it, the limiter was put into the map after T went through that part. So the
//!   write happens before every turn at this limiter.
//!
//! In both cases X finds the last write when it reads the tiers again after its turn. If the turn
//! was by another value, X would have another turn. So the limiter agrees with the last write.
//!
//! *A limiter is in the map for as long as a thread holds it.* Only a limiter that no thread holds
//! is taken out of the map. A closed limiter is never taken out, because its word has no TAT that
//! could go back into the table. So a limiter that is closed late, by a thread that was slow, is
//! found by a `reset_all` that comes after.

use super::tiers::Tiers;
use crate::clock::Clock;
use crate::limiter::RateLimiter;
use crate::queue::Verdict;
use crate::state::{Phase, Snapshot};

/// Closes the limiter of a key if the tiers are closed. Resets it if it is closed and the tiers are
/// open.
pub(super) fn agree<K, C: Clock>(tiers: &Tiers<K>, limiter: &RateLimiter<C>) {
    let now = || limiter.clock().now();
    loop {
        let closed = tiers.is_closed();
        if closed {
            limiter.engine.restart(Verdict::Closed, now, |_, _| Some(Snapshot::CLOSED));
        } else {
            limiter.engine.restart(Verdict::Cancelled, now, |meter, now| {
                let full = meter.leaving(now, meter.rate.gcra.burst());
                (meter.load().phase() == Phase::Closed).then_some(full)
            });
        }
        if tiers.is_closed() == closed {
            return;
        }
    }
}
