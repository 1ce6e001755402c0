//! Timers for tasks.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::sleepers::ManualSleep;

/// A timer: a future that ends when a clock reads a certain time. Made by
/// [`Clock::sleep_until`](super::Clock::sleep_until).
///
/// The timer may end earlier, so the task reads the clock again.
///
/// # Cancel safety
///
/// Dropping the future stops the timer.
///
/// # Examples
///
/// A clock that waits with a timer of its own:
///
/// ```
/// use limitor::clock::Sleep;
/// use limitor::{Clock, SystemClock, Timestamp};
///
/// struct Mine(SystemClock);
///
/// impl Clock for Mine {
///     fn now(&self) -> Timestamp {
///         self.0.now()
///     }
///
///     fn tick(&self) -> limitor::clock::Tick {
///         self.0.tick()
///     }
///
///     fn sleep_until(&self, at: Timestamp) -> Sleep {
///         Sleep::precise(self.between(self.now(), at))
///     }
/// }
/// ```
pub struct Sleep(Timer);

enum Timer {
    Delay(futures_timer::Delay),
    #[cfg(feature = "tokio")]
    Tokio(Pin<Box<tokio::time::Sleep>>),
    Manual(ManualSleep),
    Foreign(Pin<Box<dyn Future<Output = ()> + Send + Sync>>),
}

impl Sleep {
    /// Returns a timer of real time that runs on any executor.
    ///
    /// A thread of its own wakes the task, in the median 0.1 ms late on the machine where that was
    /// measured.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use limitor::clock::Sleep;
    /// use std::time::{Duration, Instant};
    ///
    /// let start = Instant::now();
    /// Sleep::precise(Duration::from_millis(2)).await;
    /// assert!(start.elapsed() >= Duration::from_millis(2));
    /// # }
    /// ```
    pub fn precise(duration: Duration) -> Self {
        Self(Timer::Delay(futures_timer::Delay::new(duration)))
    }

    /// Returns the cheapest timer of real time.
    ///
    /// Within a tokio runtime, with the feature `tokio`, it is the timer of that runtime, which is
    /// up to 2 ms late. Elsewhere it is a [`precise`](Self::precise) timer.
    ///
    /// # Panics
    ///
    /// With the feature `tokio`, panics within a runtime that was built without `enable_time`, as
    /// tokio's own timers do.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use limitor::clock::Sleep;
    /// use std::time::Duration;
    ///
    /// Sleep::coarse(Duration::from_millis(2)).await;
    /// # }
    /// ```
    pub fn coarse(duration: Duration) -> Self {
        #[cfg(feature = "tokio")]
        if tokio::runtime::Handle::try_current().is_ok() {
            return Self(Timer::Tokio(Box::pin(tokio::time::sleep(duration))));
        }
        Self::precise(duration)
    }

    /// Makes a timer of any future, for a clock of your own.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use limitor::clock::Sleep;
    ///
    /// Sleep::from_future(std::future::ready(())).await;
    /// # }
    /// ```
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
            Timer::Manual(sleep) => Pin::new(sleep).poll(cx),
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
