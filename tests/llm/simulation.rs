//! Many tasks in simulated time: an executor that polls only tasks that were woken, and a clock
//! that jumps to the next time at which a task sleeps until.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use limitor::{Clock, Timestamp, clock::Sleep};

/// A clock of nanoseconds that holds the tasks that sleep on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimClock(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    now: u64,
    next: u64,
    sleepers: BTreeMap<(u64, u64), Waker>,
}

/// Removes the sleeper when it is dropped.
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

    /// Jumps to the next time at which a task wants to be woken. Returns whether there is one.
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

/// The tasks to poll, in order.
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

/// Runs all tasks to the end. Returns the number of polls. Fails if tasks are left that will never
/// be woken.
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
            assert!(clock.jump(), "{left} tasks wait and will never be woken");
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
