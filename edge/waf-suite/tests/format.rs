//! The formats of both generations of suites are read, and their tests judged.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::sync::Arc;

use marquis_waf::{RuleSet, seclang::Loader};
use marquis_waf_suite::{Outcome, Report, engine, read};

const RULES: &str = r#"
SecRuleEngine DetectionOnly
SecResponseBodyAccess On
SecRule ARGS "@rx attack" "id:1,phase:2,pass,msg:'attack'"
SecRule RESPONSE_BODY "@contains WSO 4" "id:2,phase:4,pass,msg:'shell'"
SecRule RESPONSE_STATUS "@streq 418" "id:3,phase:3,pass,msg:'teapot'"
SecRule REQUEST_HEADERS:User-Agent "@streq raw" "id:4,phase:1,pass,msg:'raw'"
"#;

fn run(suite: &str) -> Report {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("100.yaml"), suite).unwrap();
    let tests = read(directory.path()).unwrap();
    let mut loader = Loader::new();
    loader.text("test.conf", RULES).unwrap();
    engine::run(&Arc::new(RuleSet::compile(loader.finish()).unwrap()), &tests)
}

#[test]
fn the_format_of_version_4() {
    let report = run(r#"---
meta:
  author: "somebody"
rule_id: 100
tests:
  - test_id: 1
    stages:
      - input:
          dest_addr: 127.0.0.1
          method: POST
          port: 80
          headers:
            Host: localhost
            Content-Type: application/x-www-form-urlencoded
          uri: /post
          data: a=attack
          version: HTTP/1.1
        output:
          status: 403
          log:
            expect_ids: [1]
            no_expect_ids: [2, 3]
  - test_id: 2
    stages:
      - input:
          method: POST
          headers: {Host: localhost, Content-Type: application/json}
          uri: /reflect
          data: |-
            {"status": 418, "body": "<title>WSO 4.2.6</title>"}
        output:
          log:
            expect_ids: [2, 3]
            match_regex: id "2"
  - test_id: 3
    stages:
      - input:
          # GET /?a=attack HTTP/1.1, Host: a, User-Agent: raw
          encoded_request: R0VUIC8/YT1hdHRhY2sgSFRUUC8xLjENCkhvc3Q6IGENClVzZXItQWdlbnQ6IHJhdw0KDQo=
        output:
          log:
            expect_ids: [1, 4]
  - test_id: 4
    stages:
      - input: {uri: "/?a=attack"}
        output:
          log: {no_expect_ids: [1]}
  - test_id: 5
    stages:
      - input: {uri: "/?a=attack"}
        output: {status: [400, 403]}
"#);
    assert_eq!(report.passed(), 3);
    let failed: Vec<_> = report.failed().collect();
    assert_eq!(failed, [("100-4", &["1 matched".to_owned()][..])]);
    assert_eq!(report.tests[4], ("100-5".to_owned(), Outcome::Skipped));
}

#[test]
fn the_format_of_version_3() {
    let report = run(r#"---
meta: {author: "somebody", enabled: true, name: "100.yaml"}
tests:
  - test_title: 100-1
    stages:
      - stage:
          input:
            headers: {Host: localhost}
            uri: "/?a=attack"
          output:
            log_contains: id "1"
  - test_title: 100-2
    stages:
      - stage:
          input:
            stop_magic: true
            uri: "/?a=b"
          output:
            no_log_contains: id "1"
"#);
    assert_eq!((report.passed(), report.failed().count()), (2, 0));
}
