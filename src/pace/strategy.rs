//! How a thread passes the time until its turn.

/// How a blocked thread waits.
///
/// The processor time that each costs is measured by `cargo bench --bench shaping`; the figures here are those of a virtual
/// machine with 2 cores, one thread that waits 1 ms at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Strategy {
    /// Read the clock until the time has come. The most precise, at the price of a whole core (100 %) for as long as it waits.
    Spin,
    /// Park until shortly before the turn and spin for the rest. The margin adapts to how late this machine has woken
    /// threads, between 20 and 500 µs; so a wait costs at most that much of a core (2.5 % of one in all, as most of the margin
    /// passes in waking up; waits shorter than the margin are all spin). Of the threads of a process that are close to their
    /// turn, no more spin at a time than half the cores; the others park on.
    #[default]
    SpinThenPark,
    /// Park for the whole wait. Costs next to nothing (1.3 %), and is as late as the scheduler wakes threads: 60 to 120 µs at the
    /// median on a virtual machine, and milliseconds at worst.
    Park,
}
