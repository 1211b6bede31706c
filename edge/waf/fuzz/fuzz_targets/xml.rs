//! XML: text stays within its budget, and every selection is a part of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use marquis_waf::body::Limits;
use marquis_waf::body::xml::{Document, Path};

fuzz_target!(|input: &[u8]| {
    let limits = Limits { expanded: 20_000, ..Limits::default() };
    let document = Document::parse(input, &limits);
    let text = document.text().unwrap_or_default();
    assert!(text.len() <= limits.expanded);
    for path in ["/*", "//*", "//@*", "//text()", "/a//b/@c"] {
        if let Some(path) = Path::parse(path) {
            let _ = document.select(&path);
        }
    }
});
