//! Numbers of permits, in terms with which every quota meets its own boundaries.

use limitor_model::Model;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    Some(u64),
    /// So many 255ths of the burst.
    Part(u8),
    /// So many more than the burst.
    Burst(i8),
    /// So many more than are available.
    Room(i8),
    /// So many fewer than the largest number.
    Most(u8),
}

impl Amount {
    pub(crate) fn of(self, model: &Model, at: u64, burst: u64) -> u64 {
        match self {
            Self::Some(n) => n,
            Self::Part(part) => u64::try_from(u128::from(burst) * u128::from(part) / 255).expect("at most the burst"),
            Self::Burst(more) => burst.saturating_add_signed(more.into()),
            Self::Room(more) => model.available(at, 0).saturating_add_signed(more.into()),
            Self::Most(fewer) => u64::MAX - u64::from(fewer),
        }
    }
}
