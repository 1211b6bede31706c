//! Transformations: borrowed exactly when unchanged, and never much longer than the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use marquis_waf::transform::{Transformation, UnicodeMap};
use std::borrow::Cow;

fuzz_target!(|input: &[u8]| {
    let map = UnicodeMap::default();
    for transformation in Transformation::all() {
        let output = transformation.apply(input, &map);
        match &output {
            Cow::Borrowed(same) => assert_eq!(same.len(), input.len()),
            Cow::Owned(changed) => assert_ne!(changed.as_slice(), input),
        }
        assert!(output.len() <= input.len() * 4 + 32, "{transformation:?}");
    }
});
