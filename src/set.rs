//! Several limits as one: [`LimitSet`] if the number of limits is fixed, [`LimitList`] if it is
//! known only at run time.

mod acquire;
mod admit;
mod builder;
mod gate;
mod grant;
mod limit_list;
mod limit_set;
mod limits;
mod list_queries;
mod list_verbs;
mod members;
mod permits;
mod set_queries;
mod set_verbs;
mod shape;

pub use self::acquire::{Acquire, ListAcquire};
pub use self::builder::{Builder, ListBuilder};
pub use self::grant::{Grant, ListGrant};
pub use self::limit_list::LimitList;
pub use self::limit_set::LimitSet;
pub use crate::error::{LimitDenied, LimitError};
