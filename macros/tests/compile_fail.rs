//! What must not compile, and what the compiler says then.
//!
//! The texts are those of the compiler that this crate is built with. `TRYBUILD=overwrite` writes them anew.
#![cfg(not(loom))]

#[test]
fn mistakes_are_explained_where_they_are() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
