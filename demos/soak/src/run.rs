//! The run: threads and tasks, their replacements, and the watch over all of them.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::runtime::Runtime;
use tokio::task;

use crate::args::Args;
use crate::checks::Check;
use crate::faults::Fault;
use crate::world::World;
use crate::{chaos, relay, tasks, threads};

/// The interval at which dead threads and tasks are replaced.
const ROUND: Duration = Duration::from_millis(20);

/// Runs for the given time, and until all threads and tasks have ended. Returns whether they have.
pub(crate) fn run(args: &Args, world: &Arc<World>) -> bool {
    let runtime = Runtime::new().expect("a runtime");
    let mut crowd = Crowd::new(args, Arc::clone(world), &runtime);
    let bar = progress(args.seconds);
    let seed = args.seed;
    let chaos = {
        let world = Arc::clone(world);
        thread::spawn(move || chaos::run(&world, StdRng::seed_from_u64(seed)))
    };
    let relay = {
        let (world, runtime) = (Arc::clone(world), runtime.handle().clone());
        thread::spawn(move || relay::run(&world, &runtime, StdRng::seed_from_u64(seed)))
    };
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(args.seconds) {
        world.board.stalls.sleep(ROUND);
        crowd.replace();
        world.board.overdue().into_iter().for_each(|late| world.wrong(Check::Wakes, late));
        bar.set_position(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        bar.set_message(format!("{} grants, {} violations", world.tally.grants.get(), world.wrongs.count()));
    }
    bar.finish_and_clear();
    world.end();
    for other in [chaos, relay] {
        while !other.is_finished() {
            world.board.stalls.sleep(ROUND);
        }
        other.join().expect("no panic");
    }
    let ended = crowd.end(threads::LONGEST + 2 * world.patience);
    world.board.under_way().into_iter().for_each(|stuck| world.wrong(Check::Ends, stuck));
    // A task that hangs would block the end of the runtime.
    runtime.shutdown_background();
    ended
}

fn progress(seconds: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{wide_bar:.cyan/blue} {msg}, {eta} to go").expect("the template is valid");
    ProgressBar::new(1_000 * seconds).with_style(style.progress_chars("━╸─"))
}

/// All live threads and tasks.
struct Crowd<'a> {
    world: Arc<World>,
    runtime: &'a Runtime,
    threads: Vec<(usize, JoinHandle<()>)>,
    tasks: Vec<(usize, task::JoinHandle<()>)>,
    /// The seed of the next one.
    seed: u64,
}

impl<'a> Crowd<'a> {
    fn new(args: &Args, world: Arc<World>, runtime: &'a Runtime) -> Self {
        let mut crowd =
            Self { world, runtime, threads: Vec::new(), tasks: Vec::new(), seed: args.seed.wrapping_mul(1 << 32) };
        (0..args.threads).for_each(|seat| crowd.thread(seat));
        (args.threads..args.threads + args.tasks).for_each(|seat| crowd.task(seat));
        crowd
    }

    fn rng(&mut self) -> StdRng {
        self.seed = self.seed.wrapping_add(1);
        StdRng::seed_from_u64(self.seed)
    }

    fn thread(&mut self, seat: usize) {
        let (world, rng) = (Arc::clone(&self.world), self.rng());
        self.threads.push((seat, thread::spawn(move || threads::live(&world, seat, rng))));
    }

    fn task(&mut self, seat: usize) {
        let (world, rng) = (Arc::clone(&self.world), self.rng());
        self.tasks.push((seat, self.runtime.spawn(tasks::live(world, seat, rng))));
    }

    /// Replaces the threads and tasks that died.
    fn replace(&mut self) {
        for seat in self.bury_threads() {
            self.world.tally.heirs.count();
            self.thread(seat);
        }
        for seat in self.bury_tasks() {
            self.world.tally.heirs.count();
            self.task(seat);
        }
    }

    fn bury_threads(&mut self) -> Vec<usize> {
        let dead: Vec<_> = self.threads.extract_if(.., |(_, thread)| thread.is_finished()).collect();
        dead.into_iter()
            .map(|(seat, thread)| {
                if let Err(cause) = thread.join() {
                    Fault::expected(&*cause, &self.world);
                    self.world.board.end(seat);
                }
                seat
            })
            .collect()
    }

    fn bury_tasks(&mut self) -> Vec<usize> {
        let dead: Vec<_> = self.tasks.extract_if(.., |(_, task)| task.is_finished()).collect();
        dead.into_iter()
            .map(|(seat, task)| {
                if let Err(cause) = self.runtime.block_on(task) {
                    Fault::expected(&*cause.into_panic(), &self.world);
                    self.world.board.end(seat);
                }
                seat
            })
            .collect()
    }

    /// Waits until all have ended, up to a time. Returns whether they have.
    fn end(&mut self, patience: Duration) -> bool {
        let world = Arc::clone(&self.world);
        let stalls = &world.board.stalls;
        let began = stalls.watch();
        while stalls.since(began) < patience {
            self.bury_threads();
            self.bury_tasks();
            if self.threads.is_empty() && self.tasks.is_empty() {
                return true;
            }
            stalls.sleep(ROUND);
        }
        let left = format!("{} threads and {} tasks never ended", self.threads.len(), self.tasks.len());
        self.world.wrong(Check::Ends, left);
        false
    }
}
