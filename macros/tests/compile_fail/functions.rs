//! Functions that cannot wait.

use limitor::rate_limit;

#[rate_limit("100/s")]
struct Client;

#[rate_limit("100/s")]
const fn constant() {}

trait Service {
    #[rate_limit("100/s")]
    fn call(&self);
}

#[rate_limit("100/s")]
fn mistakes_within_are_shown_there(text: &str) -> usize {
    let length: usize = text;
    length
}

fn main() {}
