//! The one way to ask for something and wait for it: a builder with a timeout that is also a
//! future.
//!
//! Each limiter says in an [`Ask`] what it takes and how it is waited for. [`Pending`] is the state
//! machine under the public types (`Acquire` of each module).

use std::fmt;
use std::task::{Context, Poll, ready};

use crate::pace::Patience;

/// What is asked for, and how it is waited for.
pub(crate) trait Ask: Clone {
    /// What is taken, before it becomes a grant.
    type Taken;
    /// What a waiter holds. Dropped, it leaves the queue and gives back what it has.
    type Entry;
    /// What the caller gets.
    type Grant;
    /// Why the caller gets nothing.
    type Error;

    /// Takes what is asked for if that needs no entry. `None` decides nothing: `enter` is called
    /// next.
    ///
    /// A limiter with a fast path of a few instructions puts it here, so that nothing is built for
    /// it.
    #[inline]
    fn take(&self) -> Option<Self::Taken> {
        None
    }

    /// Takes what is asked for, or an entry to wait for it.
    fn enter(&self, patience: Patience) -> Result<Entered<Self::Taken, Self::Entry>, Self::Error>;

    /// Blocks this thread until the entry is granted or ended.
    fn block(&self, entry: Self::Entry) -> Result<Self::Taken, Self::Error>;

    /// Suspends the task until the entry is granted or ended.
    fn poll(&self, entry: &mut Self::Entry, cx: &mut Context<'_>) -> Poll<Result<Self::Taken, Self::Error>>;

    /// Makes the grant of what was taken.
    fn grant(self, taken: Self::Taken) -> Self::Grant;
}

/// What a request got.
#[derive(Debug)]
pub(crate) enum Entered<T, E> {
    /// What was asked for, at once.
    Taken(T),
    /// An entry to wait for.
    Waiting(E),
}

/// Something asked for and not yet granted. Lazy: nothing is taken before the wait or the first
/// poll.
pub(crate) struct Pending<A: Ask> {
    ask: A,
    patience: Patience,
    progress: Progress<A::Entry>,
}

/// How far a request has come.
enum Progress<E> {
    Begin,
    Waiting(E),
    Done,
}

impl<A: Ask> Pending<A> {
    #[inline]
    pub(crate) fn new(ask: A) -> Self {
        Self { ask, patience: Patience::unlimited(), progress: Progress::Begin }
    }

    pub(crate) fn with_patience(self, change: impl FnOnce(Patience) -> Patience) -> Self {
        Self { patience: change(self.patience), ..self }
    }

    /// What is asked for.
    pub(crate) fn ask(&self) -> &A {
        &self.ask
    }

    /// Blocks this thread until the request is granted or refused.
    #[inline]
    pub(crate) fn wait(self) -> Result<A::Grant, A::Error> {
        // Taken apart, so that a request that is granted at once drops and writes nothing else.
        let Self { ask, patience, progress } = self;
        let entry = match progress {
            Progress::Begin => match ask.take() {
                Some(taken) => return Ok(ask.grant(taken)),
                None => None,
            },
            Progress::Waiting(entry) => Some(entry),
            Progress::Done => panic!("waited for again after completion"),
        };
        Self::wait_longer(ask, patience, entry)
    }

    #[cold]
    fn wait_longer(ask: A, patience: Patience, entry: Option<A::Entry>) -> Result<A::Grant, A::Error> {
        let taken = match entry.map_or_else(|| ask.enter(patience), |entry| Ok(Entered::Waiting(entry)))? {
            Entered::Taken(taken) => taken,
            Entered::Waiting(entry) => ask.block(entry)?,
        };
        Ok(ask.grant(taken))
    }

    /// Suspends the task until the request is granted or refused.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<A::Grant, A::Error>> {
        let taken = match &mut self.progress {
            Progress::Begin => {
                self.progress = Progress::Done;
                match self.ask.take().map_or_else(|| self.ask.enter(self.patience), |taken| Ok(Entered::Taken(taken))) {
                    Ok(Entered::Taken(taken)) => Ok(taken),
                    Ok(Entered::Waiting(mut entry)) => match self.ask.poll(&mut entry, cx) {
                        Poll::Ready(outcome) => outcome,
                        Poll::Pending => {
                            self.progress = Progress::Waiting(entry);
                            return Poll::Pending;
                        }
                    },
                    Err(error) => Err(error),
                }
            }
            Progress::Waiting(entry) => {
                let outcome = ready!(self.ask.poll(entry, cx));
                // The entry goes before the grant is made, and with it what it holds.
                self.progress = Progress::Done;
                outcome
            }
            Progress::Done => panic!("polled again after completion"),
        };
        Poll::Ready(taken.map(|taken| self.ask.clone().grant(taken)))
    }
}

impl<A: Ask + fmt::Debug> Pending<A> {
    /// Shows a public type that is made of this.
    pub(crate) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name).field("ask", &self.ask).field("patience", &self.patience).finish_non_exhaustive()
    }
}
