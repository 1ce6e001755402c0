//! Futures that are watched while they wait: the readings that they take, and whether they are
//! woken when they are due.

use std::future::{self, Future};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use limitor::{AcquireError, Grant, Reservation};

use crate::clock::{Trace, Warp, traced};
use crate::order::Wait;
use crate::world::World;

/// The result of a future, with the readings that it took.
pub(crate) async fn readings<F: Future>(waiting: F) -> (F::Output, Trace) {
    let mut waiting = pin!(waiting);
    let mut trace = Trace::NONE;
    future::poll_fn(move |cx| {
        let (polled, more) = traced(|| waiting.as_mut().poll(cx));
        trace = trace.then(more);
        polled.map(|output| (output, trace))
    })
    .await
}

/// Waits for a while. Returns the future, if it is not done by then.
pub(crate) async fn for_a_while<F: Future>(waiting: F, patience: Duration) -> Option<(Pin<Box<F>>, Wait)> {
    let mut waiting = Box::pin(waiting);
    let mut once = async || future::poll_fn(|cx| Poll::Ready(traced(|| waiting.as_mut().poll(cx)))).await;
    let (Poll::Pending, Trace { last: since, .. }) = once().await else { return None };
    tokio::time::sleep(patience).await;
    let (Poll::Pending, Trace { first: still, .. }) = once().await else { return None };
    Some((waiting, Wait { since, still }))
}

/// Polls once, so that the future has an entry, and leaks it.
pub(crate) async fn leaked<F: Future + Send + 'static>(waiting: F) {
    let mut waiting = Box::pin(waiting);
    future::poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_ready())).await;
    mem::forget(waiting);
}

/// The interval at which waiters are checked.
const ROUND: Duration = Duration::from_millis(200);

/// The observations of a wait.
pub(crate) struct Watched {
    pub(crate) answer: Result<Grant<'static, Warp>, AcquireError>,
    pub(crate) trace: Trace,
    /// The time for which a waiter had been due when it was seen without a wake-up, if that was too
    /// long.
    pub(crate) late: Option<Duration>,
    /// The last reading at which it was seen not due.
    pub(crate) still: u64,
}

/// Waits for a reservation.
pub(crate) async fn place(mut held: Reservation<'static, Warp>, world: &World) -> Watched {
    let alarm = Arc::new(Alarm::default());
    let waker = Waker::from(Arc::clone(&alarm));
    let mut rounds = tokio::time::interval(ROUND);
    let stalls = &world.board.stalls;
    let mut due_since = None;
    let mut late = None;
    let mut trace = Trace::NONE;
    let mut still = 0;
    future::poll_fn(move |cx| {
        alarm.passes_on_to(cx.waker());
        loop {
            if !alarm.quiet.swap(true, Ordering::SeqCst) {
                let (polled, more) = traced(|| Pin::new(&mut held).poll(&mut Context::from_waker(&waker)));
                trace = trace.then(more);
                if let Poll::Ready(answer) = polled {
                    return Poll::Ready(Watched { answer, trace, late, still });
                }
            }
            if rounds.poll_tick(cx).is_pending() {
                // It may have been woken just now.
                if alarm.quiet.load(Ordering::SeqCst) {
                    return Poll::Pending;
                }
                continue;
            }
            let (left, look) = traced(|| held.wait_time());
            if !left.is_zero() {
                still = look.last;
            }
            due_since = left.is_zero().then(|| due_since.unwrap_or_else(|| stalls.watch()));
            let due_for = due_since.map(|since| stalls.since(since));
            if due_for > Some(world.patience) {
                late = late.max(due_for);
                alarm.quiet.store(false, Ordering::SeqCst);
            }
        }
    })
    .await
}

/// Wakes a task, and records that.
#[derive(Debug, Default)]
struct Alarm {
    /// Whether it was not woken since its last poll.
    quiet: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Alarm {
    fn passes_on_to(&self, task: &Waker) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.clone());
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.quiet.store(false, Ordering::SeqCst);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}
