//! Many tasks in simulated time: an executor that polls only those who were woken, and a clock that moves to the next time at
//! which somebody wants to be.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use limitor::{Clock, Timestamp, clock::Sleep};

/// A clock of nanoseconds that knows who sleeps on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimClock(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    now: u64,
    next: u64,
    sleepers: BTreeMap<(u64, u64), Waker>,
}

/// Leaves the sleepers when it is dropped.
struct Bed {
    clock: SimClock,
    until: u64,
    id: Option<u64>,
}

impl Bed {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut times = self.clock.0.lock().unwrap();
        if times.now >= self.until {
            return Poll::Ready(());
        }
        times.next += 1;
        let id = *self.id.get_or_insert(times.next);
        times.sleepers.insert((self.until, id), cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.clock.0.lock().unwrap().sleepers.remove(&(self.until, id));
        }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ticks(self.0.lock().unwrap().now)
    }

    fn can_spin(&self) -> bool {
        false
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let mut bed = Bed { clock: self.clone(), until: at.ticks(), id: None };
        Sleep::from_future(poll_fn(move |cx| bed.poll(cx)))
    }
}

impl SimClock {
    pub(crate) fn nanos(&self) -> u64 {
        self.now().ticks()
    }

    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.after(duration))
    }

    /// To the next time at which somebody wants to be woken; whether there is one.
    fn jump(&self) -> bool {
        let mut times = self.0.lock().unwrap();
        let Some((&(until, _), _)) = times.sleepers.first_key_value() else { return false };
        times.now = times.now.max(until);
        let later = times.sleepers.split_off(&(until, u64::MAX));
        let due = std::mem::replace(&mut times.sleepers, later);
        drop(times);
        due.into_values().for_each(Waker::wake);
        true
    }
}

/// Who is to be polled, in order.
#[derive(Default)]
struct Ready(Mutex<Vec<usize>>);

struct Woken {
    ready: Arc<Ready>,
    task: usize,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.ready.0.lock().unwrap().push(self.task);
    }
}

/// Runs all to the end; how many polls that took. Fails if some are left that nobody wakes.
pub(crate) fn run<'a>(
    clock: &SimClock,
    tasks: impl IntoIterator<Item = Pin<Box<dyn Future<Output = ()> + 'a>>>,
) -> u64 {
    let mut tasks: Vec<Option<_>> = tasks.into_iter().map(Some).collect();
    let ready = Arc::new(Ready(Mutex::new((0..tasks.len()).collect())));
    let wakers: Vec<Waker> =
        (0..tasks.len()).map(|task| Waker::from(Arc::new(Woken { ready: ready.clone(), task }))).collect();
    let (mut left, mut polls) = (tasks.len(), 0);
    while left > 0 {
        let mut woken = std::mem::take(&mut *ready.0.lock().unwrap());
        woken.dedup();
        if woken.is_empty() {
            assert!(clock.jump(), "{left} tasks wait and nobody is to wake them");
        }
        for index in woken {
            let Some(task) = &mut tasks[index] else { continue };
            polls += 1;
            if task.as_mut().poll(&mut Context::from_waker(&wakers[index])).is_ready() {
                tasks[index] = None;
                left -= 1;
            }
        }
    }
    polls
}
