//! The seam over limits on the work under way.

use super::acquire::Acquire;
use super::limiter::ConcurrentLimiter;
use super::slot::Slot;
use crate::admit::{admit, settle};
use crate::clock::Clock;
use crate::error::AcquireError;

admit!([C: Clock +] ConcurrentLimiter<C>, u64, Slot, AcquireError, Acquire [C]);
settle!([C: Clock +] Slot, u64, [C]);
