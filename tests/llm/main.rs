//! Limits for language-model calls.
//!
//! - `timeline`: random timelines, run by `run` beside the plain model in `model`, and the bound
//!   over every window of them.
//! - `credit`: what calls may refund, one example each.
//! - `settling`: every way in which a call can end. `slots`: calls under way, the queue, and the
//!   ends of waits.
//! - `refusals`: which limit a refusal names, and absurd requests. `pauses`: pauses, changed
//!   quotas, changed figures.
//! - `observe`: what a provider reports. `days`: calendar limits. `throughput`: simulated minutes
//!   of many tasks on the clock in `simulation`. `waiting`: real threads and tasks on the system's
//!   clock.
#![cfg(all(feature = "llm", not(loom)))]

mod control;
mod credit;
mod days;
mod model;
#[cfg(feature = "http")]
mod observe;
mod pauses;
mod refusals;
mod run;
mod settling;
mod simulation;
mod slots;
mod support;
mod throughput;
mod timeline;
mod waiting;
