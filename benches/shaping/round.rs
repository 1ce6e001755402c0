//! Rounds of equal length that alternate, and their results.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

/// The result of one round of one contender.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    /// Permits granted per second.
    pub(crate) rate: f64,
    /// Seconds of processor time per second.
    pub(crate) cpu: f64,
}

/// Counts the calls of `turn` within `length`.
pub(crate) fn measure(length: Duration, mut turn: impl FnMut()) -> Round {
    turn(); // The first is granted immediately; the grid begins with it.
    let (cpu, start) = (ProcessTime::now(), Instant::now());
    let mut turns = 0_u32;
    let elapsed = loop {
        turn();
        turns += 1;
        let elapsed = start.elapsed();
        if elapsed >= length {
            break elapsed.as_secs_f64();
        }
    };
    Round { rate: f64::from(turns) / elapsed, cpu: cpu.elapsed().as_secs_f64() / elapsed }
}

/// Spins on the grid of a limiter with a burst of 1.
pub(crate) fn spin_on_grid(interval: Duration) -> impl FnMut() {
    let clock = quanta::Clock::new();
    let mut next = clock.now();
    move || {
        while clock.now() < next {
            std::hint::spin_loop();
        }
        next = next.max(clock.now()) + interval;
    }
}
