//! Sets one of the clocks an hour forward and back, and stops it sometimes.

use std::thread;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

use crate::world::World;

const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn run(world: &World, mut rng: StdRng) {
    let clock = &world.stepping;
    let pause = |rng: &mut StdRng| thread::sleep(Duration::from_millis(rng.random_range(5..400)));
    while !world.is_over() {
        pause(&mut rng);
        world.tally.steps.count();
        match rng.random_range(0..4) {
            0 => clock.forward(HOUR),
            1 => {
                // Waits are long meanwhile, so this does not last.
                clock.back(HOUR);
                pause(&mut rng);
                clock.forward(HOUR);
            }
            2 => {
                clock.forward(HOUR);
                pause(&mut rng);
                clock.back(HOUR);
            }
            _ => {
                clock.stop();
                pause(&mut rng);
                clock.go_on();
            }
        }
    }
    // Ends all waits on the clock.
    clock.forward(10 * HOUR);
}
