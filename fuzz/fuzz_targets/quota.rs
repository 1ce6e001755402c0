//! Text that parses is printed as text that parses to the same quota. No text panics.
//!
//! `cargo fuzz run -s none quota -- -max_total_time=60`
#![no_main]

use libfuzzer_sys::fuzz_target;
use limitor::Quota;

fuzz_target!(|text: &str| {
    if let Ok(quota) = text.parse::<Quota>() {
        assert_eq!(quota.to_string().parse::<Quota>(), Ok(quota));
    }
});
