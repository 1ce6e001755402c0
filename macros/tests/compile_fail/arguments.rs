//! Invalid arguments.

use limitor::rate_limit;

#[rate_limit]
fn none() {}

#[rate_limit(100)]
fn no_text() {}

#[rate_limit("100/s", burst = 20)]
fn burst() {}

#[rate_limit("100/s", costs = 2)]
fn misspelt() {}

#[rate_limit("100/s", cost = 2, cost = 3)]
fn twice() {}

#[rate_limit("100/s", algorithm = sliding_window)]
fn no_algorithm() {}

#[rate_limit("100/s", on_error = ignore)]
fn no_policy() {}

#[rate_limit("100/s", limiter = &API)]
fn both() {}

#[rate_limit(limiter = &API, max_concurrent = 2)]
fn built_in() {}

fn main() {}
