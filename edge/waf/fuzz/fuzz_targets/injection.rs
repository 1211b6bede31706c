//! Injection detection: total, and a fingerprint has one to five letters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use marquis_waf::libinjection::{detect_sqli, detect_xss};

fuzz_target!(|input: &[u8]| {
    if let Some(fingerprint) = detect_sqli(input) {
        assert!((1..=5).contains(&fingerprint.as_str().len()));
    }
    let _ = detect_xss(input);
});
