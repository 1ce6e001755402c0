//! How a thread passes the time until its entry comes due.

/// How a blocked thread waits.
///
/// | strategy | processor time | late by |
/// |---|---|---|
/// | `Spin` | a whole core | the least |
/// | `SpinThenPark` (default) | 2.5 % of a core | as little as `Spin` in about 19 of 20 waits |
/// | `Park` | 1.3 % of a core | 60 to 120 µs in the median, milliseconds at worst |
///
/// `cargo bench -p limitor-benches --bench shaping` measures the processor time. These figures are
/// those of a virtual machine with 2 cores, for one thread that waits 1 ms at a time.
///
/// # Examples
///
/// ```
/// use limitor::{Quota, RateLimiter, Strategy};
///
/// let limiter = RateLimiter::builder(Quota::per_second(1_000)?).strategy(Strategy::Park).build();
/// limiter.acquire(1).wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Strategy {
    /// The thread reads the clock until its time has come. This is the most precise strategy. It
    /// takes a whole core for as long as the thread waits.
    Spin,
    /// The thread parks until a margin before its time, and spins for the rest.
    ///
    /// The margin is 20 to 500 µs, and follows how late this machine has woken threads. A wait
    /// costs at most that much processor time, and less in general, because most of the margin
    /// passes while the thread wakes up. If a wait is shorter than the margin, the thread spins all
    /// the time. Of the threads of a process that wait this way, at most half as many as there are
    /// cores spin at a time. The others stay parked.
    #[default]
    SpinThenPark,
    /// The thread parks for the whole wait. This costs the least processor time, and is as late as
    /// the scheduler wakes the thread.
    Park,
}
