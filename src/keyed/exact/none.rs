//! In place of the exact table without the feature `exact`: types without a value.

use std::convert::Infallible;
use std::marker::PhantomData;

use crate::clock::Timestamp;
use crate::keyed::answer::{Answer, Insertion, Missed, NotOut};
use crate::keyed::key::Lookup;
use crate::keyed::tiers::{Tier, Tiers};

/// No table.
pub(in crate::keyed) struct Exact<K>(Infallible, PhantomData<fn() -> K>);

/// No cell.
pub(in crate::keyed) struct CellRef<K>(Infallible, PhantomData<fn() -> K>);

/// No site.
pub(in crate::keyed) struct StoredSite<'a, K>(Infallible, PhantomData<&'a Exact<K>>);

impl<K> Exact<K> {
    pub(in crate::keyed) fn with<Q: Lookup<K> + ?Sized, R>(
        &self,
        _: (&Q, u64, u32),
        _: impl FnOnce(Option<&CellRef<K>>) -> R,
    ) -> R {
        match self.0 {}
    }

    pub(in crate::keyed) fn cell<Q: Lookup<K> + ?Sized>(&self, _: &Q, _: u64, _: u32) -> CellRef<K> {
        match self.0 {}
    }

    pub(in crate::keyed) fn cells(&self) -> Vec<CellRef<K>> {
        match self.0 {}
    }

    pub(in crate::keyed) fn memory(&self) -> usize {
        match self.0 {}
    }

    pub(in crate::keyed) fn put_back(&self, _: &CellRef<K>, _: u64, _: &Tiers<K>) -> Vec<CellRef<K>> {
        match self.0 {}
    }

    pub(in crate::keyed) fn left_out(&self, _: &CellRef<K>, _: u64, _: &Tiers<K>) -> Vec<CellRef<K>> {
        match self.0 {}
    }

    pub(in crate::keyed) fn reset_floors(&self) {
        match self.0 {}
    }
}

impl<K> Clone for CellRef<K> {
    fn clone(&self) -> Self {
        match self.0 {}
    }
}

impl<K> CellRef<K> {
    pub(in crate::keyed) fn tier(&self) -> u32 {
        match self.0 {}
    }

    pub(in crate::keyed) fn name(&self) -> usize {
        match self.0 {}
    }

    pub(in crate::keyed) fn look(&self) -> u64 {
        match self.0 {}
    }

    pub(in crate::keyed) fn take(&self, _: u64, _: u64, _: impl FnMut(u64) -> Result<u64, u64>) -> Answer {
        match self.0 {}
    }
}

impl<'a, K> StoredSite<'a, K> {
    pub(in crate::keyed) fn new(exact: &'a Exact<K>, _: CellRef<K>) -> Self {
        match exact.0 {}
    }

    pub(in crate::keyed) fn cell(&self) -> &CellRef<K> {
        match self.0 {}
    }

    pub(in crate::keyed) fn take(&mut self, _: u64, _: impl FnMut(u64) -> Result<u64, u64>) -> Answer {
        match self.0 {}
    }

    pub(in crate::keyed) fn enter(
        &mut self,
        _: Timestamp,
        _: &Tiers<K>,
        _: bool,
        _: impl Fn(u64, u64) -> Result<u64, u64>,
    ) -> Insertion {
        match self.0 {}
    }

    pub(in crate::keyed) fn settle(&mut self, _: &Tier, _: bool, _: impl Fn(u64) -> u64) -> Result<(), Missed> {
        match self.0 {}
    }

    pub(in crate::keyed) fn reset(&mut self, _: &Tier) -> Result<(), Missed> {
        match self.0 {}
    }

    pub(in crate::keyed) fn peek(&mut self) -> Result<u64, Missed> {
        match self.0 {}
    }

    pub(in crate::keyed) fn begin(&mut self, _: Timestamp, _: &Tiers<K>, _: bool) -> Option<u64> {
        match self.0 {}
    }

    pub(in crate::keyed) fn floor(&self) -> Timestamp {
        match self.0 {}
    }

    pub(in crate::keyed) fn take_out(&mut self, _: impl FnOnce(&CellRef<K>, u64)) -> Result<(), NotOut> {
        match self.0 {}
    }

    pub(in crate::keyed) fn others(&mut self) -> Vec<CellRef<K>> {
        match self.0 {}
    }
}
