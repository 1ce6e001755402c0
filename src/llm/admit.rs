//! The seam over calls of language models.

use super::acquire::Acquire;
use super::call::Call;
use super::limiter::LlmLimiter;
use super::usage::Usage;
use crate::admit::{admit, settle};
use crate::clock::Clock;
use crate::error::LimitError;

admit!([C: Clock +] LlmLimiter<C>, Usage, Call, LimitError, Acquire [C]);
settle!([C: Clock +] Call, Usage, [C]);
