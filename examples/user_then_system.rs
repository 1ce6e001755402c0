//! A limit for each user in front of one for the system: a request is charged to both or to
//! neither.

use std::error::Error;
use std::sync::Arc;

use limitor::{Denied, Grant, KeyedLimiter, LimitSet, Quota, RateLimiter, SystemClock, keyed};

/// A grant from both limits, to be settled with both.
type Admitted<'a> = (keyed::Grant<'a, String, SystemClock>, Grant<'a, SystemClock>);

/// For many users: a limit for each key, created on first use.
struct Gate {
    users: KeyedLimiter<String>,
    system: RateLimiter,
}

impl Gate {
    /// Asks the user's limit first. A user over that limit is refused there, and the shared word is
    /// not changed. If the shared word were charged first and refunded, other users could be
    /// refused in between for no reason. A charge and refund at the user's limit concerns only that
    /// user.
    fn admit(&self, user: &str, n: u64) -> Result<Admitted<'_>, (&'static str, Denied)> {
        let of_user = self.users.try_acquire(user, n).map_err(|denied| ("the user's limit", denied))?;
        match self.system.try_acquire(n) {
            Ok(of_system) => Ok((of_user, of_system)),
            Err(denied) => {
                of_user.refund();
                Err(("the system's limit", denied))
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // So slow that no permit returns while this example runs.
    let (each, all) = (Quota::per_day(10)?, Quota::per_day(25)?);

    // For a few known users: a set of two limits for each user. The second limit is the same in all
    // sets.
    let system = Arc::new(RateLimiter::new(all));
    let set = || LimitSet::new([("user", Arc::new(RateLimiter::new(each))), ("system", system.clone())]);
    let (ann, bob, cyd) = (set(), set(), set());
    for (name, user, n, refused_by) in [
        ("ann", &ann, 10, None),
        ("ann", &ann, 1, Some("user")),
        ("bob", &bob, 10, None),
        ("cyd", &cyd, 6, Some("system")),
        ("cyd", &cyd, 5, None),
    ] {
        let outcome = user.try_acquire([n, n]);
        match &outcome {
            Ok(_) => println!("{name} gets {n}, the system has {} left", system.available()),
            Err(denied) => println!("{name} does not get {n}: {denied}"),
        }
        assert_eq!(outcome.err().map(|denied| denied.limit()), refused_by);
    }
    assert_eq!(system.available(), 0);
    let [(_, of_cyd), _] = cyd.limits().collect::<Vec<_>>()[..] else { unreachable!("two limits") };
    assert_eq!(of_cyd.available(), 5, "what the system refused was not charged to the user");

    // For many users: the same by hand.
    let gate = Gate { users: KeyedLimiter::new(each), system: RateLimiter::new(all) };
    for (user, n, refused_by) in [
        ("ann", 10, None),
        ("ann", 1, Some("the user's limit")),
        ("bob", 10, None),
        ("cyd", 6, Some("the system's limit")),
        ("cyd", 5, None),
    ] {
        let outcome = gate.admit(user, n);
        match &outcome {
            Ok(_) => println!("{user} gets {n}, the system has {} left", gate.system.available()),
            Err((limit, denied)) => println!("{user} does not get {n} by {limit}: {denied}"),
        }
        assert_eq!(outcome.err().map(|(limit, _)| limit), refused_by);
    }
    assert_eq!((gate.system.available(), gate.users.available("cyd")), (0, 5));

    // The permits that a request did not use are refunded to both limits.
    gate.system.refund(10);
    let (of_user, of_system) = gate.admit("dan", 10).map_err(|(_, denied)| denied)?;
    of_user.reconcile(3);
    of_system.reconcile(3);
    println!("dan used 3 of 10, the user's limit has {} left", gate.users.available("dan"));
    assert_eq!((gate.system.available(), gate.users.available("dan")), (7, 7));
    Ok(())
}
