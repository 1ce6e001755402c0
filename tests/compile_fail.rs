//! What must not compile, and what is said then.
//!
//! The texts are those of the compiler that the crate is built with here; `TRYBUILD=overwrite` writes them anew.
#![cfg(all(feature = "macros", not(loom)))]

#[test]
fn mistakes_are_explained_where_they_are() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
