//! Whoever was leaked in front holds nobody up for long.

use std::time::Duration;

use limitor::{ManualClock, set};

use crate::task::Task;
use crate::{Pair, secs};

/// Futures that are in line and will never look, be dropped, or be told anything.
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

/// Looks every 10 ms when it is woken, as an executor would; when it was through.
fn through_at(pair: &Pair, (task, mut future): (Task, set::Acquire<'_, 2, ManualClock>), by: Duration) -> Duration {
    let step = Duration::from_millis(10);
    while pair.clock.between_start() < by {
        if task.run(&mut future).is_ready() {
            return pair.clock.between_start();
        }
        pair.clock.advance(step);
    }
    panic!("not through by {by:?}");
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

/// The next in line looks for whoever was leaked, 20 ms later for each place.
#[test]
fn those_behind_take_over() {
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

/// An hour is to pass, then a refund makes it ten seconds: also those who look in place of the first learn of it.
#[test]
fn those_behind_learn_that_it_is_sooner() {
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

/// The only one in line was leaked: whoever asks without waiting is not refused for it for ever.
#[test]
fn nobody_is_refused_for_ever_because_of_one_that_was_leaked() {
    let pair = Pair::empty(10, 10);
    leak(&pair, 1, [2, 0]);
    let denied = pair.set.try_acquire([0, 0]).unwrap_err();
    assert_eq!(denied.retry_after(), Some(secs(2)), "not before the first in line goes");
    pair.clock.advance(secs(3));
    assert_eq!(pair.set.try_acquire([1, 1]).unwrap().costs(), [1, 1]);
    assert_eq!(pair.available(), [0, 2], "what was leaked is spent");
    assert_eq!(pair.set.waiters(), 0);
}

/// Its time is over, so it is not charged, and the next does not wait until it would have gone.
#[test]
fn one_that_was_leaked_is_out_of_line_after_its_deadline() {
    let pair = Pair::empty(10, 10);
    let mut leaked = pair.set.acquire_owned([10, 0]).timeout(secs(11));
    assert!(Task::new().poll(&mut leaked).is_pending());
    std::mem::forget(leaked);
    let (task, mut behind) = join(&pair, [0, 1]);
    pair.a.charge(1_000);
    pair.clock.set(Duration::from_millis(11_500));
    assert!(task.run(&mut behind).is_ready());
    assert_eq!(pair.b.available(), 9, "as of 11, when its time was over");
}
