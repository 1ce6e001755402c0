//! Waiting for an entry of a limiter's queue, as a thread and as a task.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::error::AcquireError;
use crate::limiter::RateLimiter;
use crate::meter::Charge;
use crate::pace::TaskPace;
use crate::queue::{Look, Remaining, Turn};
use crate::sync::thread_waker;

/// Blocks until the entry is due or its wait is ended. An entry that is put off to after `latest`
/// is given up.
pub(super) fn block<C: Clock>(
    limiter: &RateLimiter<C>,
    mut turn: Turn,
    latest: Option<Timestamp>,
) -> Result<Charge, AcquireError> {
    let (engine, pace) = (&limiter.engine, limiter.pace());
    let mut registered = false;
    loop {
        let now = limiter.clock().now();
        let changed = || engine.changes() != turn.changes;
        let early = now < turn.due && !changed();
        if early && pace.spin(now, turn.due, changed) {
            continue;
        }
        if early && registered {
            pace.park(now, turn.due, changed);
            continue;
        }
        registered |= early;
        match engine.look(turn, now, early.then(thread_waker)) {
            Look::Granted(charge) => return Ok(charge),
            Look::Refused(error) => return Err(error),
            Look::Waiting(current) => turn = still_in_time(limiter, current, latest)?,
        }
    }
}

/// Suspends the task until the entry is due or its wait is ended. An entry that is put off to after
/// `latest` is given up.
pub(super) fn poll<C: Clock>(
    limiter: &RateLimiter<C>,
    turn: &mut Turn,
    latest: Option<Timestamp>,
    pace: &mut TaskPace,
    cx: &mut Context<'_>,
) -> Poll<Result<Charge, AcquireError>> {
    let engine = &limiter.engine;
    loop {
        let now = limiter.clock().now();
        if now >= turn.due || engine.changes() != turn.changes || !pace.is_registered(cx.waker()) {
            match engine.look(*turn, now, Some(cx.waker().clone())) {
                Look::Granted(charge) => return Poll::Ready(Ok(charge)),
                Look::Refused(error) => return Poll::Ready(Err(error)),
                Look::Waiting(current) => *turn = still_in_time(limiter, current, latest)?,
            }
            pace.register(cx.waker());
        }
        ready!(pace.pass(limiter.clock(), now, turn.due, turn.crowded, cx));
    }
}

/// The turn, unless its entry was put off to after `latest`: then the entry is given up. A waiter
/// that wakes late does not put its entry off.
fn still_in_time<C: Clock>(
    limiter: &RateLimiter<C>,
    turn: Turn,
    latest: Option<Timestamp>,
) -> Result<Turn, AcquireError> {
    if latest.is_none_or(|latest| turn.due <= latest) {
        return Ok(turn);
    }
    let clock = limiter.clock();
    let (requested, wait) = (turn.n, clock.between(clock.now(), turn.due));
    limiter.engine.cancel(turn.id, || clock.now());
    Err(AcquireError::TooLong { requested, wait })
}

/// How long an entry still has to wait, by the limiter's clock. [`Duration::MAX`] if its wait was
/// ended.
pub(super) fn duration<C: Clock>(limiter: &RateLimiter<C>, remaining: Remaining) -> Duration {
    match remaining {
        Remaining::Nothing => Duration::ZERO,
        Remaining::Between(now, due) => limiter.clock().between(now, due),
        Remaining::Ended => Duration::MAX,
    }
}
