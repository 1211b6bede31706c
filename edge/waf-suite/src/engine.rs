//! Runs tests against the engine in this process.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use marquis_waf::{RuleSet, Transaction, TransactionContext};

use crate::answer::Answer;
use crate::stage::{Stage, Test};
use crate::verdict::{Observed, Report, judge};

/// Runs all tests. The imagined server is [`Answer::to`].
#[must_use]
pub fn run(rules: &Arc<RuleSet>, tests: &[Test]) -> Report {
    let mut report = Report::default();
    for test in tests {
        let observed: Vec<Observed> = test
            .stages
            .iter()
            .map(|stage| Observed { ids: matches(rules, stage), ..Observed::default() })
            .collect();
        report.tests.push((test.title.clone(), judge(test, &observed, false)));
    }
    report
}

/// The rules that match a request and ask for a log line.
#[must_use]
pub fn matches(rules: &Arc<RuleSet>, stage: &Stage) -> Vec<u64> {
    // Any moment will do; a fixed one makes runs repeatable.
    let context = TransactionContext {
        now: 1_700_000_000_000_000,
        id: "170000000000.000000".into(),
        mode: None,
        collections: None,
    };
    let mut transaction = Transaction::new(Arc::clone(rules), context);
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    transaction.connection(address, 33_333, address, 80);
    let (method, uri, version) = (&stage.method, &stage.uri, &stage.version);
    transaction.request_line(method.as_bytes(), uri.as_bytes(), version.as_bytes());
    for (name, value) in &stage.headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction.request_headers();
    transaction.append_request_body(&stage.body);
    transaction.request_body();
    let answer = Answer::to(stage);
    for (name, value) in &answer.headers {
        transaction.response_header(name.as_bytes(), value.as_bytes());
    }
    transaction.response_headers(answer.status, b"HTTP/1.1");
    transaction.append_response_body(&answer.body);
    transaction.response_body();
    transaction.finish();
    transaction.matches().iter().filter(|found| found.logged).map(|found| found.rule_id).collect()
}
