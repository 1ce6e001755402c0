//! A leaked waiter at the front does not delay later waiters for long.

use std::time::Duration;

use limitor::{ManualClock, set};

use crate::task::Task;
use crate::{Pair, secs};

/// Leaks futures that are in the queue and will never be polled, dropped, or woken with effect.
fn leak(pair: &Pair, count: usize, costs: [u64; 2]) {
    for _ in 0..count {
        let mut leaked = pair.set.acquire_owned(costs);
        assert!(Task::new().poll(&mut leaked).is_pending());
        std::mem::forget(leaked);
    }
}

fn join(pair: &Pair, costs: [u64; 2]) -> (Task, set::Acquire<'static, 2, ManualClock>) {
    let (task, mut future) = (Task::new(), pair.set.acquire_owned(costs));
    assert!(task.poll(&mut future).is_pending());
    (task, future)
}

/// Polls every 10 ms when it was woken, as an executor would. Returns when it was granted.
fn through_at(pair: &Pair, (task, mut future): (Task, set::Acquire<'_, 2, ManualClock>), by: Duration) -> Duration {
    let step = Duration::from_millis(10);
    while pair.clock.between_start() < by {
        if task.run(&mut future).is_ready() {
            return pair.clock.between_start();
        }
        pair.clock.advance(step);
    }
    panic!("not granted by {by:?}");
}

trait SinceStart {
    fn between_start(&self) -> Duration;
}

impl SinceStart for ManualClock {
    fn between_start(&self) -> Duration {
        use limitor::{Clock, Timestamp};
        self.between(Timestamp::from_ticks(0), self.now())
    }
}

/// The next waiter looks on behalf of the leaked one, 20 ms later for each position.
#[test]
fn later_waiters_act_for_a_leaked_one() {
    for leaked in [1, 3, 4, 9] {
        let pair = Pair::empty(100, 100);
        leak(&pair, leaked, [1, 1]);
        let place = leaked as u64 + 1;
        let behind = join(&pair, [1, 1]);
        let at = through_at(&pair, behind, secs(place + 1));
        assert!(at >= secs(place) && at < secs(place) + Duration::from_millis(250), "{leaked}: {at:?}");
        assert_eq!(pair.set.waiters(), 0);
    }
}

/// The wait would take an hour, then a refund makes it ten seconds: waiters that act for the first
/// one also learn of it.
#[test]
fn later_waiters_learn_that_the_due_time_moved() {
    let pair = Pair::empty(10_000, 10_000);
    pair.a.charge(3_600);
    leak(&pair, 2, [1, 1]);
    let behind = join(&pair, [1, 1]);
    pair.clock.advance(secs(1));
    pair.a.refund(3_591);
    pair.set.notify();
    let at = through_at(&pair, behind, secs(20));
    assert!(at >= secs(12) && at < Duration::from_millis(12_250), "{at:?}");
}

/// The only waiter was leaked: a caller that does not wait is not refused forever because of it.
#[test]
fn leaked_waiter_does_not_refuse_tries_forever() {
    let pair = Pair::empty(10, 10);
    leak(&pair, 1, [2, 0]);
    let denied = pair.set.try_acquire([0, 0]).unwrap_err();
    assert_eq!(denied.retry_after(), Some(secs(2)), "not before the first in the queue leaves");
    pair.clock.advance(secs(3));
    assert_eq!(pair.set.try_acquire([1, 1]).unwrap().costs(), [1, 1]);
    assert_eq!(pair.available(), [0, 2], "the permits of the leaked waiter are spent");
    assert_eq!(pair.set.waiters(), 0);
}

/// Its time is over, so it is not charged, and the next waiter does not wait until it would have
/// been granted.
#[test]
fn leaked_waiter_leaves_the_queue_at_its_deadline() {
    let pair = Pair::empty(10, 10);
    let mut leaked = pair.set.acquire_owned([10, 0]).timeout(secs(11));
    assert!(Task::new().poll(&mut leaked).is_pending());
    std::mem::forget(leaked);
    let (task, mut behind) = join(&pair, [0, 1]);
    pair.a.charge(1_000);
    pair.clock.set(Duration::from_millis(11_500));
    assert!(task.run(&mut behind).is_ready());
    assert_eq!(pair.b.available(), 9, "from 11 on, when its time was over");
}
