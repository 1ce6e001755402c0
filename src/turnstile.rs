//! A first come, first served queue before a gate that grants a request when several conditions
//! hold at once.
//!
//! [`Gate`] is what the requests wait for, [`Turnstile`] is the queue behind its lock, [`Entry`] is
//! what a waiter holds.

mod entry;
mod gate;
mod queue;
mod through;
mod waiting;

pub(crate) use self::entry::{Entry, Host};
pub(crate) use self::gate::Gate;
pub(crate) use self::through::{Ahead, Turnstile};

#[cfg(feature = "llm")]
pub(crate) use self::through::Delay;
