//! Text that parses prints as text that parses back to the same quota; no text panics.
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
