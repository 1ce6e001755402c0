//! Code that must not compile, and the errors that the compiler prints for it.
//!
//! The texts are those of the compiler that builds the crate here. `TRYBUILD=overwrite` writes them
//! again.
#![cfg(not(loom))]

#[test]
fn mistakes_are_reported_at_their_position() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
