//! A soak: threads and tasks that mix everything on a few limiters, with faults, and an audit of every grant afterwards.
//!
//! ```text
//! cargo run --release --example soak -- --seconds 600
//! cargo run --release --example soak --features tokio,llm -- --seconds 600
//! ```
//!
//! The first is what the default features have; slots, calls of language models and tokio's timer are in the second (`parts.rs`).
//!
//! They try, wait, reserve, cancel, keep, refund, reconcile, run into debt, spend prepaid permits, ask for keys, for several limits at
//! once, for slots and for calls of a language model; they give up at random, panic while they hold something, leak what they hold,
//! leave in the middle of a wait. Limiters are breached, closed and reset under them. Quotas go from one a year to ten a
//! nanosecond. One of the clocks is set an hour forward and back, and stopped.
//!
//! Checked is, by what the public can see:
//!
//! - the bound over every window, in exact arithmetic, by the readings that the decisions used (`audit.rs`); of calls, by
//!   what they really used (`parts/calls.rs`);
//! - the last permit: when all is over, each limit has its whole burst, and a crowd finds just that (`last.rs`);
//! - first come, first served: places of one thread come due in the order in which they were taken (`places.rs`), and nobody who
//!   came later is served while one who came before still waits (`order.rs`);
//! - nobody sleeps past its time: waits end when they were to (`board.rs`), tasks are woken when their time has come, also where it
//!   has moved up (`watch.rs`), and what is given back comes to whoever is next (`relay.rs`);
//! - no more slots are taken, and no more calls under way, than may be (`parts/slots.rs`);
//! - all come to their end.
//!
//! Where the limiter does not tell, the audit gives it the benefit of the doubt: a grant that was waited for counts in windows that
//! hold its whole wait; what may have been given back is taken off. On the clock that steps, limiters that give nothing back are
//! held to their bound as strictly as those on a clock that runs; the one that does give back only roughly. Nothing is held
//! against a limiter while the machine itself stands still (`stalls.rs`).
//!
//! A future or a reservation that is leaked keeps its place. Before a rate limit that place comes due like any other: its permits are
//! spent, and those behind wait no longer than if it had been used. Before a slot or a call it is let through when its turn
//! comes, but the slot it gets is never given back: so only two of each are leaked here, and the rest must do with what is left.
//!
//! Exits with 0 if all is well, and with 1 if anything is not.

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
