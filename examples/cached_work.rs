//! A cache of results in front of limited work. A known answer costs nothing; an unknown one takes
//! a permit of the user that asks.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use limitor::{Denied, KeyedLimiter, Quota};
use quick_cache::sync::Cache;

/// Works out the answer to each question once.
struct Oracle {
    answers: Cache<String, String>,
    limiter: KeyedLimiter<String>,
    worked: AtomicU64,
}

impl Oracle {
    fn new(quota: Quota) -> Self {
        Self { answers: Cache::new(10_000), limiter: KeyedLimiter::new(quota), worked: AtomicU64::new(0) }
    }

    /// The permit is taken within the miss, so a hit takes none. If several callers miss the same
    /// answer at once, the cache lets one of them work, and the others wait for its answer. The
    /// cache does not keep a refusal.
    fn ask(&self, user: &str, question: &str) -> Result<String, Denied> {
        self.answers.get_or_insert_with(question, || {
            self.limiter.try_acquire(user, 1)?; // or .acquire(user, 1).wait()
            Ok(self.work(question))
        })
    }

    /// Slow or expensive work.
    fn work(&self, question: &str) -> String {
        thread::sleep(Duration::from_millis(20));
        self.worked.fetch_add(1, Ordering::Relaxed);
        question.chars().rev().collect()
    }

    /// The number of new questions that a user may still ask.
    fn left(&self, user: &str) -> u64 {
        self.limiter.available(user)
    }

    fn worked(&self) -> u64 {
        self.worked.load(Ordering::Relaxed)
    }

    fn say(&self, what: &str) {
        let (ann, bob) = (self.left("ann"), self.left("bob"));
        println!("{what:35}answers worked out: {}, permits left: ann {ann}, bob {bob}", self.worked());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // The rate is so slow that no permit comes back while this runs.
    let oracle = Oracle::new(Quota::per_day(3)?);

    for _ in 0..1_000 {
        oracle.ask("ann", "what is a token?")?;
    }
    oracle.say("ann asks the same 1,000 times");
    assert_eq!((oracle.worked(), oracle.left("ann")), (1, 2));

    // An answer that one user has paid for is free for another.
    oracle.ask("bob", "what is a token?")?;
    oracle.say("bob asks the same");
    assert_eq!((oracle.worked(), oracle.left("bob")), (1, 3));

    // Of many callers before the answer is known, one works, and they take one permit in all.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| oracle.ask("bob", "and a burst?").expect("bob has permits"));
        }
    });
    oracle.say("bob asks another from 8 threads");
    assert_eq!((oracle.worked(), oracle.left("bob")), (2, 2));

    // A user without permits gets known answers. New questions are refused, until another user has
    // asked them.
    for question in ["one", "two"] {
        oracle.ask("ann", question)?;
    }
    let refused = oracle.ask("ann", "three").expect_err("ann has no permits left");
    oracle.say("ann asks two more, and a third");
    println!("  refused: {refused}");
    assert_eq!((oracle.worked(), oracle.left("ann")), (4, 0));
    assert!(oracle.ask("ann", "and a burst?").is_ok());
    oracle.ask("bob", "three")?;
    assert!(oracle.ask("ann", "three").is_ok());
    oracle.say("bob asks the third, then ann does");
    assert_eq!((oracle.worked(), oracle.left("ann"), oracle.left("bob")), (5, 0, 1));
    Ok(())
}
