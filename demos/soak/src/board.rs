//! Records what each thread and task does and since when, so that a wait past its time is noticed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::stalls::{Stalls, Watch};

/// The activity of a thread or a task.
#[derive(Debug, Clone, Copy)]
struct Doing {
    what: &'static str,
    with: &'static str,
    since: Watch,
    /// The longest time that it may take.
    at_most: Duration,
}

#[derive(Debug)]
pub(crate) struct Board {
    seats: Vec<Mutex<Option<Doing>>>,
    pub(crate) stalls: Stalls,
}

impl Board {
    pub(crate) fn new(seats: usize) -> Self {
        Self { seats: (0..seats).map(|_| Mutex::new(None)).collect(), stalls: Stalls::default() }
    }

    pub(crate) fn begin(&self, seat: usize, what: &'static str, with: &'static str, at_most: Duration) {
        self.set(seat, Some(Doing { what, with, since: self.stalls.watch(), at_most }));
    }

    pub(crate) fn end(&self, seat: usize) {
        self.set(seat, None);
    }

    fn set(&self, seat: usize, doing: Option<Doing>) {
        *self.seats[seat].lock().unwrap_or_else(PoisonError::into_inner) = doing;
    }

    /// Returns activities that take longer than allowed, each once.
    pub(crate) fn overdue(&self) -> Vec<String> {
        let late = |seat: &Mutex<Option<Doing>>| {
            let mut doing = seat.lock().unwrap_or_else(PoisonError::into_inner);
            let late = (*doing)?;
            let taken = self.stalls.since(late.since);
            (taken > late.at_most).then(|| {
                *doing = Some(Doing { at_most: Duration::MAX, ..late });
                format!("asleep past its time: {} with {:?} for {taken:.1?}", late.what, late.with)
            })
        };
        self.seats.iter().filter_map(late).collect()
    }

    /// Returns all activities under way.
    pub(crate) fn under_way(&self) -> Vec<String> {
        let told = |doing: &Mutex<Option<Doing>>| {
            let doing = (*doing.lock().unwrap_or_else(PoisonError::into_inner))?;
            Some(format!("never ended: {} with {:?}", doing.what, doing.with))
        };
        self.seats.iter().filter_map(told).collect()
    }
}
