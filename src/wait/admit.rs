//! The seam over the rate limiter.

use super::acquire::Acquire;
use crate::admit::{admit, settle};
use crate::clock::Clock;
use crate::error::AcquireError;
use crate::limiter::{Grant, RateLimiter};

admit!([C: Clock +] RateLimiter<C>, u64, Grant, AcquireError, Acquire [C]);
settle!([C: Clock +] Grant, u64, [C]);
