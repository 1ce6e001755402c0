//! A limit for each key: users, addresses, tenants.
//!
//! [`KeyedLimiter`] has the verbs; here are the types that they give, and its builder.

mod acquire;
mod admit;
mod amount;
mod answer;
mod awaited;
mod builder;
mod classes;
mod closing;
mod config;
mod control;
mod decide;
mod enter;
mod exact;
mod grant;
mod handle;
mod key;
mod known;
mod limiter;
mod look;
mod query;
mod reservation;
mod set;
mod settle;
mod site;
mod states;
mod store;
mod table;
mod take;
mod tiers;
mod verbs;

pub use self::acquire::Acquire;
pub use self::builder::Builder;
pub use self::grant::Grant;
pub use self::handle::Key;
pub use self::key::Lookup;
pub use self::limiter::KeyedLimiter;
pub use self::reservation::Reservation;
