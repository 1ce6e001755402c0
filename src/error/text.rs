//! What several error texts share.

use core::fmt;

pub(super) const SATURATED: &str = "the debt exceeds what the limiter can count; reset the limiter";
#[cfg(feature = "keyed")]
pub(super) const TOO_MANY_QUOTAS: &str = "the keys have more than 64 different quotas";

/// A number of permits, in words.
pub(super) struct Permits(pub(super) u64);

impl fmt::Display for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "permit" } else { "permits" })
    }
}

/// A request whose number of costs is not the number of limits.
#[cfg(feature = "std")]
pub(super) struct CostCount {
    pub(super) costs: u64,
    pub(super) limits: u64,
}

#[cfg(feature = "std")]
impl fmt::Display for CostCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |number| if number == 1 { "" } else { "s" };
        let Self { costs, limits } = *self;
        write!(f, "{costs} cost{} given, but the set has {limits} limit{}", plural(costs), plural(limits))
    }
}
