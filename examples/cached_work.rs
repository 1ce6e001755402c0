//! A cache of results in front of limited work: what is known already costs nothing, what is not takes a permit of the
//! user's who asks.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use limitor::{Denied, KeyedLimiter, Quota};
use moka::sync::Cache;

/// Answers questions, each of them once.
struct Oracle {
    answers: Cache<String, String>,
    limiter: KeyedLimiter<String>,
    worked: AtomicU64,
}

impl Oracle {
    fn new(quota: Quota) -> Self {
        Self { answers: Cache::new(10_000), limiter: KeyedLimiter::new(quota), worked: AtomicU64::new(0) }
    }

    /// The permit is taken within the miss: a hit never comes so far. Of those who miss the same answer at once the cache
    /// lets one through, and the others wait for what it finds. A refusal is not kept.
    fn ask(&self, user: &str, question: &str) -> Result<String, Arc<Denied>> {
        self.answers.try_get_with_by_ref(question, || {
            self.limiter.try_acquire(user, 1)?; // or .acquire(user, 1).wait()
            Ok(self.work(question))
        })
    }

    /// What is slow, or dear.
    fn work(&self, question: &str) -> String {
        thread::sleep(Duration::from_millis(20));
        self.worked.fetch_add(1, Ordering::Relaxed);
        question.chars().rev().collect()
    }

    /// How many questions a user may still ask that nobody has asked before.
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
    // So slow that nothing comes back while this runs.
    let oracle = Oracle::new(Quota::per_day(3)?);

    for _ in 0..1_000 {
        oracle.ask("ann", "what is a token?")?;
    }
    oracle.say("ann asks the same 1,000 times");
    assert_eq!((oracle.worked(), oracle.left("ann")), (1, 2));

    // What one user has paid for, another gets for nothing.
    oracle.ask("bob", "what is a token?")?;
    oracle.say("so does bob");
    assert_eq!((oracle.worked(), oracle.left("bob")), (1, 3));

    // Many at once, before the answer is there: one works, and its permit is all that they take.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| oracle.ask("bob", "and a burst?").expect("bob has permits"));
        }
    });
    oracle.say("bob asks another from 8 threads");
    assert_eq!((oracle.worked(), oracle.left("bob")), (2, 2));

    // Who has none left still gets what is known, and is refused what is not, until somebody else has asked.
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
