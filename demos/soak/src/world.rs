//! All limiters under test, on a clock that runs and on a clock that steps an hour either way and
//! stops.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use limitor::{KeyedLimiter, LimitSet, Quota, Strategy};

use crate::board::Board;
use crate::checks::{Check, Wrongs};
use crate::clock::Warp;
use crate::journal::Journal;
use crate::parts::{self, Part};
use crate::subject::Subject;
use crate::tally::Tally;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) subjects: Vec<Arc<Subject>>,
    pub(crate) keyed: Vec<Keyed>,
    pub(crate) set: Arc<LimitSet<2, Warp>>,
    /// The limits of the set, which are also called directly.
    pub(crate) members: [Arc<Subject>; 2],
    pub(crate) local: Arc<Subject>,
    /// The parts of the features of this build.
    pub(crate) parts: Vec<Box<dyn Part>>,
    pub(crate) running: Warp,
    pub(crate) stepping: Warp,
    pub(crate) board: Board,
    pub(crate) tally: Tally,
    pub(crate) wrongs: Wrongs,
    /// The lateness of a waiter that is a violation.
    pub(crate) patience: Duration,
    over: AtomicBool,
}

/// A limiter for each of many keys.
#[derive(Debug)]
pub(crate) struct Keyed {
    pub(crate) name: &'static str,
    pub(crate) limiter: Arc<KeyedLimiter<u64, Warp>>,
    pub(crate) quota: Quota,
    pub(crate) keys: u64,
    pub(crate) journals: HashMap<u64, Journal>,
}

impl Keyed {
    fn new(name: &'static str, quota: &str, clock: &Warp, keys: u64, max_keys: usize) -> Self {
        let quota: Quota = quota.parse().expect("a valid quota");
        let limiter = Arc::new(KeyedLimiter::builder(quota).clock(clock.clone()).max_keys(max_keys).build());
        let journals = (0..keys).map(|key| (key, Journal::new(clock.clone()))).collect();
        Self { name, limiter, quota, keys, journals }
    }
}

/// The permits that the handles of a limiter may hold.
pub(crate) const HANDLES: usize = 4;
pub(crate) const BATCH: u64 = 10;

impl World {
    pub(crate) fn new(seats: usize, patience: Duration) -> Self {
        let (runs, stepping) = (Warp::new(false), Warp::new(true));
        let shared = |subject| Arc::new(subject);
        let local = shared(Subject::built("handles", "500/s burst 100", &runs, 20, |builder| {
            builder.local(HANDLES, BATCH).expect("less than the burst")
        }));
        let members = [
            shared(Subject::new("requests of the set", "2000/s burst 40", &runs, 4).of_a_set()),
            shared(Subject::new("bytes of the set", "1000000/s burst 100000", &runs, 10_000).of_a_set()),
        ];
        let mut subjects = vec![
            shared(Subject::new("hot", "20000/s burst 200", &runs, 100)),
            shared(Subject::built("one by one", "2000/s burst 1", &runs, 1, |builder| {
                builder.strategy(Strategy::Park)
            })),
            shared(Subject::new("fastest", "10000000000/s burst 10000000000", &runs, 10_000_000_000)),
            shared(Subject::new("controlled", "1000/s burst 10", &runs, 5).controlled()),
            shared(Subject::new("stepping", "1000/s burst 50", &stepping, 20).keeping_all()),
            shared(Subject::new("stepping, slow", "30/h burst 10", &stepping, 5).keeping_all()),
            shared(Subject::new("stepping, slowest", "1/365d burst 25", &stepping, 5).keeping_all()),
            shared(Subject::new("stepping, all", "500/s burst 20", &stepping, 10)),
            Arc::clone(&local),
            Arc::clone(&members[0]),
            Arc::clone(&members[1]),
        ];
        let parts = parts::all(&runs, &mut subjects);
        let [requests, bytes] = members.each_ref().map(|member| Arc::clone(&member.limiter));
        Self {
            subjects,
            keyed: vec![
                Keyed::new("few keys", "300/s burst 20", &runs, 8, 100),
                Keyed::new("too many keys", "5/s burst 3", &runs, 20_000, 1_000),
            ],
            set: Arc::new(LimitSet::new([("requests", requests), ("bytes", bytes)])),
            members,
            local,
            parts,
            running: runs,
            stepping,
            board: Board::new(seats),
            tally: Tally::default(),
            wrongs: Wrongs::default(),
            patience,
            over: AtomicBool::new(false),
        }
    }

    /// Records a violation.
    pub(crate) fn wrong(&self, check: Check, what: String) {
        self.wrongs.add(check, what);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
