//! The seam over sets.

use super::acquire::{Acquire, ListAcquire};
use super::grant::{Grant, ListGrant};
use super::limit_list::LimitList;
use super::limit_set::LimitSet;
use crate::admit::{admit, settle};
use crate::clock::Clock;
use crate::error::LimitError;

admit!([const N: usize, C: Clock +] LimitSet<N, C>, [u64; N], Grant, LimitError, Acquire [N, C]);
settle!([const N: usize, C: Clock +] Grant, [u64; N], [N, C]);

// The cost of a list: a vector of one cost for each limit.
admit!([C: Clock +] LimitList<C>, Vec<u64>, ListGrant, LimitError, ListAcquire [C]);
settle!([C: Clock +] ListGrant, Vec<u64>, [C]);
