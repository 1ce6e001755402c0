//! Numbers of permits in error texts.

use core::fmt;

/// A number of permits, in words.
pub(crate) struct Permits(pub(crate) u64);

impl fmt::Display for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "permit" } else { "permits" })
    }
}
