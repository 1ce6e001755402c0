//! A clock that each thread reads as it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use limitor::{Clock, Timestamp};
use loom::thread::{self, ThreadId};

/// What each thread reads is what it set last. The map is not loom's: reading a clock is no step of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readings(Arc<Mutex<HashMap<ThreadId, u64>>>);

impl Readings {
    /// From now on this thread reads so many seconds.
    pub(crate) fn set(&self, seconds: u64) {
        self.0.lock().unwrap().insert(thread::current().id(), seconds);
    }
}

impl Clock for Readings {
    fn now(&self) -> Timestamp {
        let seconds = self.0.lock().unwrap().get(&thread::current().id()).copied().unwrap_or(0);
        Timestamp::from_ticks(seconds * 1_000_000_000)
    }

    fn can_spin(&self) -> bool {
        false
    }
}
