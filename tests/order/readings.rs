//! A clock with a reading for each thread, set by that thread.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use limitor::{Clock, Timestamp};
use loom::thread::{self, ThreadId};

/// Each thread reads what it set last. The map is not loom's: reading a clock is not a step of its
/// own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readings(Arc<Mutex<HashMap<ThreadId, u64>>>);

impl Readings {
    /// From now on, this thread reads this many seconds.
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
