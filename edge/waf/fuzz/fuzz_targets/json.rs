//! JSON: limits hold whatever the document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use marquis_waf::body::{Limits, json};

fuzz_target!(|input: &[u8]| {
    let limits = Limits { arguments: 50, depth: 20, expanded: 10_000 };
    let parsed = json::flatten(input, &limits);
    let bytes: usize = parsed.arguments.iter().map(|a| a.name.len() + a.value.len()).sum();
    assert!(parsed.arguments.len() <= limits.arguments && bytes <= limits.expanded);
});
