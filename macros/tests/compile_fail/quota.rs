//! Invalid quotas.

use limitor::rate_limit;

#[rate_limit("100/m")]
fn minutes_or_milliseconds() {}

#[rate_limit("100")]
fn no_period() {}

#[rate_limit("many/s")]
fn no_number() {}

#[rate_limit("100/fortnight")]
fn no_unit() {}

#[rate_limit("0/s")]
fn no_permits() {}

#[rate_limit("100000000000/s")]
fn too_fast() {}

#[rate_limit("100/s bust 20")]
fn misspelt() {}

fn main() {}
