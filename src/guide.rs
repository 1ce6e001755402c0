//! Guides: recipes, coming from other libraries, and benchmarks.
//!
//! This module exists in the documentation only. The guide to limits for language models is the
//! documentation of [`llm`](crate::llm).

#[doc = include_str!("../docs/recipes.md")]
pub mod recipes {}

#[doc = include_str!("../docs/from-governor.md")]
pub mod from_governor {}

#[doc = include_str!("../docs/from-python.md")]
pub mod from_python {}

#[doc = include_str!("../docs/benchmarks.md")]
///
/// # Pictures
///
/// <style>.docblock svg { max-width: 100%; height: auto; }</style>
///
/// What a decision costs (`cargo bench -p limitor-benches --bench compare`):
///
#[doc = include_str!("../docs/compare.svg")]
///
/// What a decision among many keys costs (`cargo bench -p limitor-benches --bench keyed`):
///
#[doc = include_str!("../docs/keyed-cost.svg")]
///
/// The memory that a key takes (the same command):
///
#[doc = include_str!("../docs/keyed-memory.svg")]
///
/// The tail (`cargo bench -p limitor-benches --bench tail`):
///
#[doc = include_str!("../docs/tail.svg")]
pub mod benchmarks {}

/// The code of the README is tested with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub mod readme {}
