//! The Core Rule Set's own regression suite, run in process in its documented
//! configuration: DetectionOnly, paranoia level 4.
//!
//! `MARQUIS_CRS_SUITE` names the directory with the YAML files. Without it, or without the
//! package `modsecurity-crs`, the test says so and ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::path::Path;
use std::sync::Arc;

use marquis_waf::RuleSet;
use marquis_waf::seclang::Loader;
use marquis_waf_suite::{engine, read};

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
    let tests = read(Path::new(&directory)).unwrap();
    for stage in tests.iter().flat_map(|test| &test.stages) {
        let (ids, all) = (engine::matches(&filtered, stage), engine::matches(&unfiltered, stage));
        assert_eq!(ids, all, "the prefilter changed the outcome of {} {}", stage.method, stage.uri);
    }
    let report = engine::run(&filtered, &tests);
    let failed: Vec<(&str, &[String])> = report.failed().collect();
    println!(
        "{} passed, {} failed, {} ask for a status only",
        report.passed(),
        failed.len(),
        report.skipped()
    );
    for (title, wrong) in &failed {
        let cause =
            KNOWN.iter().find(|(known, _)| known == title).map_or("UNEXPECTED", |(_, cause)| cause);
        println!("  {title}: {} ({cause})", wrong.join(", "));
    }
    let mut titles: Vec<&str> = failed.iter().map(|(title, _)| *title).collect();
    titles.sort_unstable();
    assert_eq!(titles, KNOWN.iter().map(|(title, _)| *title).collect::<Vec<_>>());
    assert!(report.passed() > 1_000, "the suite is not complete");
}
