//! Checks at the end whether the last permit is found. When all entries have come due and all debts
//! are paid, a limiter has its whole burst, and many threads together get exactly that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use limitor::Quota;

use crate::checks::Check;
use crate::clock::Warp;
use crate::subject::Subject;
use crate::world::{Keyed, World};

const THIEVES: usize = 8;

/// The keys of each limiter that are checked.
const KEYS: u64 = 200;

pub(crate) fn find(world: &World) {
    for subject in &world.subjects {
        if subject.controlled {
            subject.limiter.reset();
        }
        rest(subject.journal.clock(), || whole(subject));
        let found = gather(|n| subject.limiter.try_acquire(n).is_ok(), subject.limiter.quota());
        check_found(world, subject.name, found, subject.limiter.quota());
        check_waiters(world, subject.name, subject.limiter.waiters());
    }
    for keyed in &world.keyed {
        keys(world, keyed);
    }
    world.parts.iter().for_each(|part| part.find(world));
}

fn keys(world: &World, keyed: &Keyed) {
    let clock = keyed.limiter.clock();
    rest(clock, || keyed.limiter.is_empty());
    for key in 0..keyed.keys.min(KEYS) {
        let found = gather(|n| keyed.limiter.try_acquire(&key, n).is_ok(), keyed.quota);
        check_found(world, keyed.name, found, keyed.quota);
        // Otherwise the other keys of its set would begin with its debt.
        keyed.limiter.reset(&key);
    }
    check_waiters(world, keyed.name, keyed.limiter.waiters());
}

fn whole(subject: &Subject) -> bool {
    subject.limiter.available() == subject.limiter.quota().burst()
}

/// Sets the clock forward until all debts are paid, and stops it there.
pub(crate) fn rest(clock: &Warp, is_paid: impl Fn() -> bool) {
    clock.go_on();
    let mut by = Duration::from_secs(1);
    // The last step is 68 years, which is more than the deepest burst and any debt.
    while !is_paid() && by < Duration::from_secs(1 << 31) {
        clock.forward(by);
        by *= 2;
    }
    // A table may hold debts of keys that are gone, which new keys inherit.
    clock.forward(Duration::from_secs(3_600));
    clock.stop();
}

/// Lets many threads take all permits. Returns the number taken.
fn gather(take: impl Fn(u64) -> bool + Sync, quota: Quota) -> u64 {
    let found = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..THIEVES {
            scope.spawn(|| {
                let mut n = quota.burst().div_ceil(3);
                while n > 0 {
                    if take(n) {
                        found.fetch_add(n, Ordering::Relaxed);
                    } else {
                        n /= 2;
                    }
                }
            });
        }
    });
    found.into_inner()
}

pub(crate) fn check_waiters(world: &World, name: &str, waiters: usize) {
    if waiters > 0 {
        world.wrong(Check::Ends, format!("{name}: {waiters} still wait"));
    }
}

pub(crate) fn check_found(world: &World, name: &str, found: u64, quota: Quota) {
    world.tally.gathered.count();
    if found != quota.burst() {
        world.wrong(Check::LastPermit, format!("{name}: {found} permits found at the end, of {}", quota.burst()));
    }
}
