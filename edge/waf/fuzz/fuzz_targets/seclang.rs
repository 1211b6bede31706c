//! Rule files: any bytes load or fail with a position inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use marquis_waf::seclang::Loader;

fuzz_target!(|text: &str| {
    // An include would read files of the machine.
    if text.to_ascii_lowercase().contains("include") {
        return;
    }
    let mut loader = Loader::new();
    if loader.text("fuzz.conf", text).is_ok() {
        let _ = loader.finish();
    }
});
