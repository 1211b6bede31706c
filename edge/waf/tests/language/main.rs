//! What the language means, rule by rule. The expectations were taken from libmodsecurity
//! 3.0.9 unless a case says otherwise.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod loading;
mod rules;
mod transactions;

use std::sync::Arc;

use marquis_waf::{
    InterventionKind, MemoryCollections, RuleSet, Transaction, TransactionContext, seclang::Loader,
};

fn compile(rules: &str) -> RuleSet {
    let mut loader = Loader::new();
    loader
        .text("test.conf", &format!("SecRuleEngine On\nSecRequestBodyAccess On\n{rules}"))
        .unwrap();
    RuleSet::compile(loader.finish()).unwrap()
}

#[derive(Clone, Copy)]
struct Request<'a> {
    method: &'a str,
    uri: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self { method: "GET", uri: "/", headers: &[], body: b"" }
    }
}

fn context() -> TransactionContext {
    TransactionContext {
        now: 1_700_000_000_000_000,
        id: "t1".into(),
        mode: None,
        collections: None,
    }
}

fn run_in(rules: &Arc<RuleSet>, request: &Request<'_>, context: TransactionContext) -> Transaction {
    let mut transaction = Transaction::new(Arc::clone(rules), context);
    let address = "192.0.2.7".parse().unwrap();
    transaction.connection(address, 40_000, address, 443);
    transaction.request_line(request.method.as_bytes(), request.uri.as_bytes(), b"HTTP/1.1");
    for (name, value) in request.headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction.request_headers();
    transaction.append_request_body(request.body);
    transaction.request_body();
    transaction.response_header(b"Content-Type", b"text/html; charset=utf-8");
    transaction.response_headers(200, b"HTTP/1.1");
    transaction.append_response_body(b"");
    transaction.response_body();
    transaction.finish();
    transaction
}

fn run(rules: &str, request: &Request<'_>) -> Transaction {
    run_in(&Arc::new(compile(rules)), request, context())
}

fn ids(transaction: &Transaction) -> Vec<u64> {
    transaction.matches().iter().map(|found| found.rule_id).collect()
}

/// Ids of the matching tests among `(targets, operator, extra actions)`, numbered from 1.
fn matching(tests: &[(&str, &str)], request: &Request<'_>) -> Vec<u64> {
    let rules: String = tests
        .iter()
        .enumerate()
        .map(|(index, (targets, operator))| {
            format!(
                "SecRule {targets} \"{operator}\" \"id:{},phase:2,pass,log,t:none\"\n",
                index + 1
            )
        })
        .collect();
    let filtered = run(&rules, request);
    let mut unfiltered = compile(&rules);
    unfiltered.set_prefiltered(false);
    assert_eq!(ids(&filtered), ids(&run_in(&Arc::new(unfiltered), request, context())));
    ids(&filtered)
}
