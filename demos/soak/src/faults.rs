//! Panics of the user's own, which are as they should be.

use std::any::Any;
use std::panic;

use rand::RngExt;
use rand::rngs::StdRng;

use crate::checks::Check;
use crate::tally::Tally;
use crate::world::World;

/// What they panic with.
#[derive(Debug)]
pub(crate) struct Fault;

impl Fault {
    /// Panics once in a while.
    pub(crate) fn maybe(rng: &mut StdRng, tally: &Tally) {
        if rng.random_range(0..300) == 0 {
            Self::strike(tally);
        }
    }

    /// Panics.
    pub(crate) fn strike(tally: &Tally) -> ! {
        tally.panics.count();
        panic::panic_any(Self)
    }

    /// Says nothing of them.
    pub(crate) fn hush() {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<Self>().is_none() {
                others(info);
            }
        }));
    }

    /// Whether it is one of them; notes it if it is not.
    pub(crate) fn expected(cause: &(dyn Any + Send), world: &World) {
        if cause.downcast_ref::<Self>().is_none() {
            let text = cause.downcast_ref::<String>().cloned();
            let text = text.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            world.wrong(Check::Ends, format!("a panic: {}", text.unwrap_or_default()));
        }
    }
}
