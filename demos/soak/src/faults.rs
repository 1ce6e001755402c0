//! Panics of the user, which are intended.

use std::any::Any;
use std::panic;

use rand::RngExt;
use rand::rngs::StdRng;

use crate::checks::Check;
use crate::tally::Tally;
use crate::world::World;

/// The payload of these panics.
#[derive(Debug)]
pub(crate) struct Fault;

impl Fault {
    /// Panics sometimes.
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

    /// Prints no message for them.
    pub(crate) fn hush() {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<Self>().is_none() {
                others(info);
            }
        }));
    }

    /// Whether a panic is one of them. Another panic is recorded as a violation.
    pub(crate) fn expected(cause: &(dyn Any + Send), world: &World) {
        if cause.downcast_ref::<Self>().is_none() {
            let text = cause.downcast_ref::<String>().cloned();
            let text = text.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            world.wrong(Check::Ends, format!("a panic: {}", text.unwrap_or_default()));
        }
    }
}
