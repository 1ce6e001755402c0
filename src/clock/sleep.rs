//! Timers for tasks.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::manual::ManualSleep;

/// A timer: a future that ends when a clock reads a certain time. Made by [`Clock::sleep_until`](super::Clock::sleep_until).
///
/// It may end early; whoever waits looks at the clock again.
///
/// # Cancel safety
///
/// Dropping it stops the timer.
pub struct Sleep(Timer);

enum Timer {
    Delay(futures_timer::Delay),
    #[cfg(feature = "tokio")]
    Tokio(Pin<Box<tokio::time::Sleep>>),
    Manual(ManualSleep),
    Foreign(Pin<Box<dyn Future<Output = ()> + Send + Sync>>),
}

impl Sleep {
    /// A timer of real time, on any executor. A thread of its own wakes the task: on the machine it was measured on 0.1 ms
    /// late at the median.
    pub fn precise(duration: Duration) -> Self {
        Self(Timer::Delay(futures_timer::Delay::new(duration)))
    }

    /// A timer of real time that is cheapest where it is: within a tokio runtime, with the feature `tokio`, that runtime's
    /// timer, which is up to 2 ms late; elsewhere as [`precise`](Self::precise).
    ///
    /// # Panics
    ///
    /// With the feature `tokio`, within a runtime that was built without `enable_time`, as tokio's own timers do.
    pub fn coarse(duration: Duration) -> Self {
        #[cfg(feature = "tokio")]
        if tokio::runtime::Handle::try_current().is_ok() {
            return Self(Timer::Tokio(Box::pin(tokio::time::sleep(duration))));
        }
        Self::precise(duration)
    }

    /// The timer of a clock of one's own.
    pub fn from_future(timer: impl Future<Output = ()> + Send + Sync + 'static) -> Self {
        Self(Timer::Foreign(Box::pin(timer)))
    }

    pub(super) fn manual(sleep: ManualSleep) -> Self {
        Self(Timer::Manual(sleep))
    }

    #[cfg(feature = "tokio")]
    pub(super) fn tokio(timer: tokio::time::Sleep) -> Self {
        Self(Timer::Tokio(Box::pin(timer)))
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Timer::Delay(delay) => Pin::new(delay).poll(cx),
            #[cfg(feature = "tokio")]
            Timer::Tokio(sleep) => sleep.as_mut().poll(cx),
            Timer::Manual(sleep) => sleep.poll(cx),
            Timer::Foreign(timer) => timer.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Timer::Delay(_) => "Sleep(precise)",
            #[cfg(feature = "tokio")]
            Timer::Tokio(_) => "Sleep(tokio)",
            Timer::Manual(_) => "Sleep(manual)",
            Timer::Foreign(_) => "Sleep(foreign)",
        })
    }
}
