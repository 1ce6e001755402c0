//! Parts that depend on features.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use limitor::Quota;
use rand::rngs::StdRng;
use tokio::runtime::Handle;

use crate::clock::Warp;
use crate::journal::Journal;
use crate::subject::Subject;
use crate::world::World;

#[cfg(feature = "llm")]
mod calls;
mod slots;

#[cfg(not(feature = "llm"))]
mod calls {
    pub(super) const MAKE: Option<super::Make> = None;
}

/// A kind of limiter with calls and an audit of its own.
pub(crate) trait Part: Debug + Send + Sync {
    /// Calls the limiter as a thread.
    fn ask(&self, world: &World, seat: usize, rng: &mut StdRng);

    /// Waits as a task.
    fn wait<'a>(&'a self, world: &'a World, seat: usize, rng: &'a mut StdRng) -> Work<'a>;

    /// Hands a grant on along a queue.
    fn relay(&self, world: &World, runtime: &Handle, rng: &mut StdRng, quota: Quota);

    /// The limits besides the [subjects](World::subjects), with the bound of each.
    fn limits(&self) -> Vec<(&'static str, Quota, &Journal)>;

    /// The largest number under way.
    fn under_way(&self) -> String;

    /// Checks the last permit at the end.
    fn find(&self, world: &World);
}

pub(crate) type Work<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Makes a part. Limiters of it that others call directly are added to the subjects.
type Make = fn(&Warp, &mut Subjects) -> Box<dyn Part>;
type Subjects = Vec<Arc<Subject>>;

/// All parts: what each is, the feature it needs, and how it is made.
const ALL: [(&str, Option<&str>, Option<Make>); 2] =
    [("slots", None, slots::MAKE), ("calls of language models", Some("llm"), calls::MAKE)];

/// The parts of this build.
pub(crate) fn all(clock: &Warp, subjects: &mut Subjects) -> Vec<Box<dyn Part>> {
    ALL.iter().filter_map(|(_, _, make)| *make).map(|make| make(clock, subjects)).collect()
}

/// The parts that this build leaves out, as one line of text.
pub(crate) fn left_out() -> Option<String> {
    let timer = (!cfg!(feature = "tokio")).then_some(("tokio's timer", "tokio"));
    let missing = ALL.iter().filter(|(.., make)| make.is_none());
    let missing = missing.filter_map(|(name, feature, _)| Some((*name, (*feature)?))).chain(timer);
    let missing: Vec<_> = missing.map(|(name, feature)| format!("{name} (feature {feature})")).collect();
    (!missing.is_empty()).then(|| format!("left out of this build: {}", missing.join(", ")))
}
