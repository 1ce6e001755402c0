//! Limits for language-model calls.
//!
//! - `timeline`: random timelines, by `run` beside the plain model in `model`, and the bound over every window of them.
//! - `credit`: what calls may give back, example by example.
//! - `settling`: every way in which a call can end. `slots`: calls under way, the line, and the ends of waits.
//! - `refusals`: which limit binds, and users who ask for nonsense. `pauses`: pauses, other quotas, other figures.
//! - `observe`: what a provider says. `days`: calendar limits. `throughput`: simulated minutes of many tasks on the clock in
//!   `simulation`. `waiting`: real threads and tasks on the system's clock.
#![cfg(all(feature = "llm", not(loom)))]

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
