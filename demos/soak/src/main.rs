//! Runs threads and tasks that mix every operation on a few limiters, with faults, and audits every
//! grant afterwards.
//!
//! ```text
//! cargo run --release -p soak -- --seconds 600
//! cargo run --release -p soak --no-default-features -- --seconds 600
//! ```
//!
//! The second command leaves out calls of language models and tokio's timer (`parts.rs`).
//!
//! The threads and tasks try, wait, reserve, cancel, keep, refund, reconcile, run into debt and
//! spend prepaid permits. They request permits of keys, of several limits at once, of slots and of
//! calls of a language model. At random they give up, panic or leak while they hold something, or
//! leave during a wait. Limiters are bypassed, closed and reset meanwhile. Quotas are between one a
//! year and ten a nanosecond. One of the clocks is set an hour forward and back, and stopped.
//!
//! The checks use the public API only:
//!
//! - the bound over every window, in exact arithmetic, by the readings that the decisions used
//!   (`audit.rs`); for calls, by their actual use (`parts/calls.rs`);
//! - the last permit: at the end each limit has its whole burst, and many threads together get
//!   exactly that (`last.rs`);
//! - the order: entries of one thread come due in the order in which they entered (`places.rs`),
//!   and no later request is granted while an earlier one still waits (`order.rs`);
//! - the wake-ups: waits end in time (`board.rs`), tasks are woken when they are due, also if they
//!   have moved forward (`watch.rs`), and a refund reaches the next waiter (`relay.rs`);
//! - no more slots are taken, and no more calls are under way, than allowed (`parts/slots.rs`);
//! - all threads and tasks end.
//!
//! Where the limiter reports nothing, the audit counts in favour of the limiter. A grant after a
//! wait counts in windows that hold its whole wait; permits that may have been given back are
//! subtracted. On the clock that steps, limiters without refunds are held to their bound as
//! strictly as on a clock that runs, and the limiter with refunds only roughly. While the machine
//! itself stands still, nothing counts against a limiter (`stalls.rs`).
//!
//! A future or a reservation that is leaked keeps its entry. Before a rate limit that entry comes
//! due as any other: its permits are spent, and later waiters wait no longer than if it had been
//! used. Before a slot or a call, the entry is granted in its turn, and its slot is never given
//! back. So only two of each are leaked here, and the rest use what remains.
//!
//! Exits with 0 if every check holds, and with 1 otherwise.

mod args;
mod audit;
mod board;
mod chaos;
mod checks;
mod clock;
mod faults;
mod journal;
mod keyed;
mod last;
mod locals;
mod order;
mod parts;
mod places;
mod relay;
mod report;
mod run;
mod sets;
mod stalls;
mod subject;
mod tally;
mod tasks;
mod threads;
mod tracks;
mod tree;
mod watch;
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use args::Args;
use world::World;

fn main() -> ExitCode {
    let args = Args::parse();
    faults::Fault::hush();
    let world = Arc::new(World::new(args.threads + args.tasks, args.patience));
    if run::run(&args, &world) {
        last::find(&world);
    }
    report::print(&args, &world);
    world.wrongs.tell();
    if world.wrongs.count() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
