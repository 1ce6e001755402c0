//! Runs two threads at the same time under loom, in all interleavings and in both orders; see
//! `loom.rs`.

use std::sync::Arc;

use loom::thread;

/// Runs `here` beside `there`, then `check` on their results. Does so twice: with the second on a
/// thread of its own, and with the first. If `preemptions` is given, it bounds the preemptions.
pub(crate) fn beside<S: 'static, A: 'static, B: 'static>(
    preemptions: Option<usize>,
    setup: impl Fn() -> S + Clone + Send + Sync + 'static,
    here: impl Fn(&S) -> A + Clone + Send + Sync + 'static,
    there: impl Fn(&S) -> B + Clone + Send + Sync + 'static,
    check: impl Fn(&S, A, B) + Clone + Send + Sync + 'static,
) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    {
        let (setup, here, there, check) = (setup.clone(), here.clone(), there.clone(), check.clone());
        builder.check(move || {
            let shared = Arc::new(setup());
            let (other, there) = (Arc::clone(&shared), there.clone());
            let thread = thread::spawn(move || there(&other));
            let first = here(&shared);
            let second = thread.join().unwrap();
            check(&shared, first, second);
        });
    }
    builder.check(move || {
        let shared = Arc::new(setup());
        let (other, here) = (Arc::clone(&shared), here.clone());
        let thread = thread::spawn(move || here(&other));
        let second = there(&shared);
        let first = thread.join().unwrap();
        check(&shared, first, second);
    });
}
