//! Multipart: the same answer however the body is cut, and limits hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use marquis_waf::body::Limits;
use marquis_waf::body::multipart::{Options, Parser};

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, body) = input;
    let limits = Limits { arguments: 20, expanded: 20_000, ..Limits::default() };
    let options = Options { limits, file_contents: true, files: 5 };
    let content_type = b"multipart/form-data; boundary=0000";
    let mut whole = Parser::new(content_type, options);
    whole.push(body);
    let whole = whole.finish();
    let mut cut = Parser::new(content_type, options);
    body.chunks(usize::from(piece).max(1)).for_each(|chunk| cut.push(chunk));
    assert_eq!(cut.finish(), whole);
    assert!(whole.parts.len() <= limits.arguments);
});
