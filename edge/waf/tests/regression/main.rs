//! The Core Rule Set's own regression suite, run in process in its documented
//! configuration: DetectionOnly, paranoia level 4.
//!
//! `MARQUIS_CRS_SUITE` names the directory with the YAML files. Without it, or without the
//! package `modsecurity-crs`, the test says so and ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod ftw;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use ftw::Stage;
use marquis_waf::{RuleSet, Transaction, TransactionContext, seclang::Loader};

/// Tests that fail, with the cause; `CONFORMANCE.md` says more.
const KNOWN: &[(&str, &str)] = &[
    ("920181-1", "the test counts on a server that decodes the chunked body and drops a header"),
    ("920460-1", "written for Apache, which halves backslashes in quoted arguments"),
    ("920460-2", "written for Apache, which halves backslashes in quoted arguments"),
    ("920460-3", "written for Apache, which halves backslashes in quoted arguments"),
    ("920460-4", "written for Apache, which halves backslashes in quoted arguments"),
    ("941330-1", "written for Apache, which halves backslashes in quoted arguments"),
];

const CONFIGURATION: &str = r#"
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "^(?:application(?:/soap\+|/)|text/)xml" "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "^application/json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecResponseBodyAccess On
Include /etc/modsecurity/crs/crs-setup.conf
SecAction "id:900005,phase:1,nolog,pass,ctl:ruleEngine=DetectionOnly,setvar:tx.paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535"
Include /usr/share/modsecurity-crs/rules/*.conf
"#;

fn rules() -> RuleSet {
    let mut loader = Loader::new();
    loader.text("regression.conf", CONFIGURATION).unwrap();
    RuleSet::compile(loader.finish()).unwrap()
}

fn run(rules: &Arc<RuleSet>, stage: &Stage) -> Vec<u64> {
    let context = TransactionContext {
        now: 1_700_000_000_000_000,
        id: "170000000000.000000".into(),
        mode: None,
        collections: None,
    };
    let mut transaction = Transaction::new(Arc::clone(rules), context);
    let address = "127.0.0.1".parse().unwrap();
    transaction.connection(address, 33_333, address, 80);
    transaction.request_line(
        stage.method.as_bytes(),
        stage.uri.as_bytes(),
        stage.version.as_bytes(),
    );
    for (name, value) in &stage.headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction.request_headers();
    transaction.append_request_body(&stage.body);
    transaction.request_body();
    transaction.response_header(b"Content-Type", b"text/html");
    transaction.response_headers(200, b"HTTP/1.1");
    transaction.response_body();
    transaction.finish();
    transaction.matches().iter().filter(|found| found.logged).map(|found| found.rule_id).collect()
}

#[test]
fn the_core_rule_set_passes_its_own_suite() {
    let Some(directory) = std::env::var_os("MARQUIS_CRS_SUITE") else {
        println!("skipped: MARQUIS_CRS_SUITE is not set");
        return;
    };
    if !Path::new("/usr/share/modsecurity-crs/rules").exists() {
        println!("skipped: the package modsecurity-crs is not installed");
        return;
    }
    let filtered = Arc::new(rules());
    let mut unfiltered = rules();
    unfiltered.set_prefiltered(false);
    let unfiltered = Arc::new(unfiltered);
    let (mut passed, mut without_ids) = (0, 0);
    let mut failed = BTreeMap::new();
    for test in ftw::read(Path::new(&directory)) {
        let mut wrong = Vec::new();
        let mut asks = false;
        for stage in &test.stages {
            let ids = run(&filtered, stage);
            assert_eq!(
                ids,
                run(&unfiltered, stage),
                "the prefilter changed the outcome of {}",
                test.title
            );
            asks |= !stage.expected.is_empty() || !stage.unexpected.is_empty();
            wrong.extend(
                stage
                    .expected
                    .iter()
                    .filter(|id| !ids.contains(id))
                    .map(|id| format!("{id} did not match")),
            );
            wrong.extend(
                stage
                    .unexpected
                    .iter()
                    .filter(|id| ids.contains(id))
                    .map(|id| format!("{id} matched")),
            );
        }
        if !wrong.is_empty() {
            failed.insert(test.title, wrong);
        } else if asks {
            passed += 1;
        } else {
            without_ids += 1;
        }
    }
    println!("{passed} passed, {} failed, {without_ids} ask for a status only", failed.len());
    for (title, wrong) in &failed {
        let cause =
            KNOWN.iter().find(|(known, _)| known == title).map_or("UNEXPECTED", |(_, cause)| cause);
        println!("  {title}: {} ({cause})", wrong.join(", "));
    }
    let expected: Vec<_> = KNOWN.iter().map(|(title, _)| (*title).to_owned()).collect();
    assert_eq!(failed.into_keys().collect::<Vec<_>>(), expected);
    assert!(passed > 1000, "the suite is not complete");
}
