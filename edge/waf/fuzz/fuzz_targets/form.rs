//! Forms and cookies: never more arguments than allowed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use marquis_waf::body::{Limits, cookies, urlencoded};

fuzz_target!(|input: &[u8]| {
    let limits = Limits { arguments: 20, ..Limits::default() };
    assert!(urlencoded::parse(input, b'&', &limits).parsed.arguments.len() <= 20);
    assert!(cookies::parse(input, &limits).arguments.len() <= 20);
});
