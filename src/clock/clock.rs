//! What a limiter needs of a clock.

use core::time::Duration;

use super::reading::{Tick, Timestamp};
#[cfg(feature = "std")]
use super::sleep::Sleep;

/// A source of time.
///
/// To bring a clock of your own, implement [`now`](Self::now). Decisions need nothing else. If a
/// tick is not 1 ns long, also implement [`tick`](Self::tick).
///
/// # What readings do to a limiter
///
/// No reading mints permits: in the time of the clock, the bound of a limiter always holds. In this
/// table, `d` is a length of time and `T = period / capacity` is the emission interval.
///
/// | the clock | the limiter |
/// |---|---|
/// | stands still | grants what is available, then refuses until the clock moves on |
/// | jumps forward by `d` | has `d / T` permits more, up to the burst; entries come due |
/// | steps back by `d` | withholds `d / T` permits until the clock has caught up |
/// | reads `d` apart on two threads | counts a grant at the reading that its decision used |
///
/// After a step back by `d`, waiters wait up to `d` longer. If two threads read `d` apart, up to
/// `d / T` permits more than the bound may be granted in real time.
///
/// If a clock may step back, [`Monotonic`](super::Monotonic) wraps it so that its readings never
/// do. If a clock has stepped back so far that the limiter must not wait for it, call
/// [`RateLimiter::reset`](crate::RateLimiter::reset).
///
/// # Suspend, migration and fork
///
/// - **Suspend.** A clock may count the time during which the machine was suspended, or not. If it
///   does, the resume is a jump forward. If the clock begins again at 0, the resume is a step back.
/// - **Migration.** If a virtual machine moves to another host, its clock may jump forward or step
///   back by the difference between the hosts.
/// - **Fork.** The child has a copy of the clock and of every limiter. Both processes go on from
///   the same state and count apart, so together they may take twice the quota. The other threads
///   of the parent do not exist in the child. But if they wait, their entries stay in the queues
///   of the child until the entries come due. If they held a lock at the fork, the lock stays
///   locked in the child. So build limiters after the fork.
///
/// What the system's clock does in these cases is in the documentation of `SystemClock`.
///
/// # Waiting
///
/// By default, waiters wait in real time for as long as the clock says is left. That is correct if
/// the clock runs at the rate of real time. If it does not, override [`can_spin`](Self::can_spin),
/// `park_until` and `sleep_until`.
///
/// # Choosing a clock at run time
///
/// `Arc<C>`, `Box<C>` and `&C` are clocks if `C` is one, and `C` may be `dyn Clock`. So one type of
/// limiter can have any clock. Each decision then makes one indirect call.
///
/// ```
/// use limitor::{Clock, ManualClock, Quota, RateLimiter, SystemClock};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// type AnyClock = Arc<dyn Clock + Send + Sync>;
///
/// struct Service {
///     limiter: RateLimiter<AnyClock>,
/// }
///
/// impl Service {
///     fn new(quota: Quota, clock: AnyClock) -> Self {
///         Self { limiter: RateLimiter::with_clock(quota, clock) }
///     }
/// }
///
/// let quota = Quota::per_second(10)?;
/// let in_production = Service::new(quota, Arc::new(SystemClock::new()));
/// assert!(in_production.limiter.try_acquire(10).is_ok());
///
/// let clock = ManualClock::new();
/// let in_a_test = Service::new(quota, Arc::new(clock.clone()));
/// assert!(in_a_test.limiter.try_acquire(10).is_ok());
/// assert!(in_a_test.limiter.try_acquire(1).is_err());
/// clock.advance(Duration::from_millis(100));
/// assert!(in_a_test.limiter.try_acquire(1).is_ok());
/// # Ok::<(), limitor::QuotaError>(())
/// ```
///
/// # Examples
///
/// A clock that counts the frames of a video:
///
/// ```
/// use limitor::clock::Tick;
/// use limitor::{Clock, Quota, RateLimiter, Timestamp};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// Counts frames, 25 a second.
/// #[derive(Default)]
/// struct Frames(AtomicU64);
///
/// impl Clock for Frames {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_ticks(self.0.load(Ordering::Relaxed))
///     }
///
///     fn tick(&self) -> Tick {
///         Tick::new(40_000_000, 1).expect("a tick of 40 ms")
///     }
/// }
///
/// let limiter = RateLimiter::with_clock(Quota::per_second(5)?, Frames::default());
/// assert!(limiter.try_acquire(5).is_ok());
/// limiter.clock().0.fetch_add(5, Ordering::Relaxed); // 200 ms, one permit
/// assert!(limiter.try_acquire(1).is_ok());
/// assert!(limiter.try_acquire(1).is_err());
/// # Ok::<(), limitor::QuotaError>(())
/// ```
pub trait Clock {
    /// Reads the clock. Every decision calls this, so it should be fast.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, SystemClock};
    ///
    /// let clock = SystemClock::new();
    /// let earlier = clock.now();
    /// assert!(clock.now() >= earlier);
    /// ```
    fn now(&self) -> Timestamp;

    /// Returns how long a tick of this clock is: by default 1 ns.
    ///
    /// The answer must never change, because a limiter asks only when it is built.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::clock::Tick;
    /// use limitor::{Clock, ManualClock};
    ///
    /// assert_eq!(ManualClock::new().tick(), Tick::NANOSECOND);
    /// ```
    fn tick(&self) -> Tick {
        Tick::NANOSECOND
    }

    /// Returns the reading `duration` after now, rounded down to a tick. It can serve as a
    /// deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, Quota, RateLimiter};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let limiter = RateLimiter::with_clock(Quota::per_second(1)?, clock.clone());
    /// limiter.try_acquire(1).unwrap();
    ///
    /// // The next permit comes after 1 s, which is too late: refused at once.
    /// let deadline = clock.after(Duration::from_millis(200));
    /// assert!(limiter.acquire(1).deadline(deadline).wait().is_err());
    /// # Ok::<(), limitor::QuotaError>(())
    /// ```
    fn after(&self, duration: Duration) -> Timestamp {
        self.tick().later(self.now(), duration)
    }

    /// Returns the time from one reading to a later one, rounded up to 1 ns. If `to` is not later
    /// than `from`, the time is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock};
    /// use std::time::Duration;
    ///
    /// let clock = ManualClock::new();
    /// let start = clock.now();
    /// clock.advance(Duration::from_millis(3));
    /// assert_eq!(clock.between(start, clock.now()), Duration::from_millis(3));
    /// assert_eq!(clock.between(clock.now(), start), Duration::ZERO);
    /// ```
    fn between(&self, from: Timestamp, to: Timestamp) -> Duration {
        self.tick().duration_of(to.ticks().saturating_sub(from.ticks()))
    }

    /// Returns whether a waiter may spin until its time: by default `true`.
    ///
    /// Return `false` if time passes only when the program moves it. Then no waiter spins, and
    /// `park_until` and `sleep_until` get the very reading that the waiter waits for, not one a
    /// little before it.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, ManualClock, SystemClock};
    ///
    /// assert!(SystemClock::new().can_spin());
    /// assert!(!ManualClock::new().can_spin());
    /// ```
    fn can_spin(&self) -> bool {
        true
    }

    /// Blocks the current thread until the clock reads `at` or the thread is
    /// [unparked](std::thread::Thread::unpark), whichever is first. The call may return earlier, so
    /// the caller reads the clock again.
    ///
    /// By default the thread parks for as long as is left until `at`. If the time of a clock does
    /// not pass by itself, the clock must unpark the thread when its time comes.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::{Clock, SystemClock};
    /// use std::time::Duration;
    ///
    /// let clock = SystemClock::new();
    /// let at = clock.after(Duration::from_millis(1));
    /// while clock.now() < at {
    ///     clock.park_until(at);
    /// }
    /// ```
    #[cfg(feature = "std")]
    fn park_until(&self, at: Timestamp) {
        let now = self.now();
        if now < at {
            crate::sync::park_timeout(self.between(now, at));
        }
    }

    /// Returns a timer that wakes a task when the clock reads `at`. The timer may end earlier, so
    /// the task reads the clock again.
    ///
    /// By default it is a timer of real time, for as long as is left until `at`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use limitor::{Clock, SystemClock};
    /// use std::time::Duration;
    ///
    /// let clock = SystemClock::new();
    /// let at = clock.after(Duration::from_millis(1));
    /// while clock.now() < at {
    ///     clock.sleep_until(at).await;
    /// }
    /// # }
    /// ```
    #[cfg(feature = "std")]
    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let left = self.between(self.now(), at);
        if left < COARSE { Sleep::precise(left) } else { Sleep::coarse(left) }
    }
}

/// Shorter waits than this are timed precisely: coarse timers round to milliseconds.
#[cfg(feature = "std")]
const COARSE: Duration = Duration::from_millis(5);

macro_rules! forward_clock {
    ($($pointer:ty),+) => {$(
        impl<C: Clock + ?Sized> Clock for $pointer {
            #[inline]
            fn now(&self) -> Timestamp {
                (**self).now()
            }

            fn tick(&self) -> Tick {
                (**self).tick()
            }

            fn after(&self, duration: Duration) -> Timestamp {
                (**self).after(duration)
            }

            fn between(&self, from: Timestamp, to: Timestamp) -> Duration {
                (**self).between(from, to)
            }

            fn can_spin(&self) -> bool {
                (**self).can_spin()
            }

            #[cfg(feature = "std")]
            fn park_until(&self, at: Timestamp) {
                (**self).park_until(at);
            }

            #[cfg(feature = "std")]
            fn sleep_until(&self, at: Timestamp) -> Sleep {
                (**self).sleep_until(at)
            }
        }
    )+};
}

forward_clock!(&C, alloc::boxed::Box<C>, alloc::sync::Arc<C>);

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    /// Decides, and waits, otherwise than the defaults do.
    struct Odd;

    impl Clock for Odd {
        fn now(&self) -> Timestamp {
            Timestamp::from_ticks(7)
        }

        fn tick(&self) -> Tick {
            Tick::new(5, 1).unwrap()
        }

        fn after(&self, _: Duration) -> Timestamp {
            Timestamp::from_ticks(11)
        }

        fn between(&self, _: Timestamp, _: Timestamp) -> Duration {
            Duration::from_secs(13)
        }

        fn can_spin(&self) -> bool {
            false
        }

        fn park_until(&self, _: Timestamp) {}

        fn sleep_until(&self, _: Timestamp) -> Sleep {
            Sleep::from_future(std::future::pending())
        }
    }

    fn says(clock: &impl Clock) -> String {
        let (now, hour) = (clock.now(), Duration::from_secs(3_600));
        let later = Timestamp::from_ticks(u64::MAX);
        clock.park_until(later); // Returns at once, unlike the default.
        let between = clock.between(now, later);
        format!(
            "{now:?} {:?} {:?} {between:?} {} {:?}",
            clock.tick(),
            clock.after(hour),
            clock.can_spin(),
            clock.sleep_until(later)
        )
    }

    #[test]
    fn pointers_to_a_clock_forward_every_method() {
        let expected = says(&Odd);
        let dynamic: Arc<dyn Clock + Send + Sync> = Arc::new(Odd);
        let boxed: Box<dyn Clock> = Box::new(Odd);
        for seen in [says(&&Odd), says(&Box::new(Odd)), says(&Arc::new(Odd)), says(&dynamic), says(&boxed)] {
            assert_eq!(seen, expected);
        }
    }
}
