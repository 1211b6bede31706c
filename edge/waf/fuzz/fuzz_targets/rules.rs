//! Rules and a request: what compiles evaluates, in bounded time and memory, and the same
//! with the prefilters off.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use marquis_waf::{RuleSet, Transaction, TransactionContext, seclang::Loader};

fn compile(rules: &str) -> Option<RuleSet> {
    let mut loader = Loader::new();
    loader.text("base.conf", "SecRuleEngine On\nSecRequestBodyAccess On\nSecPcreMatchLimit 10").ok()?;
    loader.text("fuzz.conf", rules).ok()?;
    RuleSet::compile(loader.finish()).ok()
}

fn evaluate(rules: RuleSet, request: &str) -> Vec<(u64, String)> {
    let context =
        TransactionContext { now: 0, id: String::new(), mode: None, collections: None };
    let mut transaction = Transaction::new(Arc::new(rules), context);
    let (line, body) = request.split_once('\n').unwrap_or((request, ""));
    transaction.request_line(b"POST", line.as_bytes(), b"HTTP/1.1");
    transaction.request_header(b"Content-Type", b"application/x-www-form-urlencoded");
    transaction.request_headers();
    transaction.append_request_body(body.as_bytes());
    transaction.request_body();
    transaction.finish();
    assert!(transaction.memory() < 256 << 20);
    let found = transaction.matches().iter();
    found.map(|found| (found.rule_id, found.data.clone())).collect()
}

fuzz_target!(|text: &str| {
    let lower = text.to_ascii_lowercase();
    // These read files of the machine, or the clock.
    if ["include", "fromfile", "@pmf", "ipmatchf", "unicodemap", "duration", "pcre"]
        .iter()
        .any(|word| lower.contains(word))
    {
        return;
    }
    let (rules, request) = text.split_once('\0').unwrap_or((text, "/?a=b&c=d"));
    let (Some(filtered), Some(mut plain)) = (compile(rules), compile(rules)) else { return };
    plain.set_prefiltered(false);
    assert_eq!(evaluate(filtered, request), evaluate(plain, request));
});
