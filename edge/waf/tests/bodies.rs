//! How bodies become variables of a transaction.

use marquis_waf::{RuleSet, Transaction, TransactionContext, seclang::Loader};
use std::sync::Arc;

/// The ids of the rules that match a POST with these headers and this body.
fn matches(rules: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u64> {
    matches_of("/?q=1", rules, headers, body)
}

fn matches_of(uri: &str, rules: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u64> {
    let mut loader = Loader::new();
    let source = format!("SecRuleEngine On\nSecRequestBodyAccess On\n{rules}");
    loader.text("test.conf", &source).expect("the rules load");
    let rules = Arc::new(RuleSet::compile(loader.finish()).expect("the rules compile"));
    let context = TransactionContext { now: 1, id: "1".into(), mode: None, collections: None };
    let mut transaction = Transaction::new(rules, context);
    let address = "127.0.0.1".parse().expect("an address");
    transaction.connection(address, 1, address, 2);
    transaction.request_line(b"POST", uri.as_bytes(), b"HTTP/1.1");
    for (name, value) in headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction.request_headers();
    transaction.append_request_body(body);
    transaction.request_body();
    transaction.matches().iter().map(|found| found.rule_id).collect()
}

#[test]
fn json_values_are_arguments_but_not_of_a_form() {
    let rules = r#"
        SecAction "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
        SecRule ARGS:json.a.array_0 "@streq x" "id:2,phase:2,pass,log"
        SecRule ARGS_NAMES "@streq json.a.array_0" "id:3,phase:2,pass,log"
        SecRule &ARGS_POST "!@eq 0" "id:4,phase:2,pass,log"
        SecRule REQBODY_ERROR "@eq 1" "id:5,phase:2,pass,log"
    "#;
    let json = [("Content-Type", "application/json")];
    let found = matches(rules, &json, br#"{"a":["x"]}"#);
    assert!(found.contains(&2) && found.contains(&3), "{found:?}");
    assert!(!found.contains(&4) && !found.contains(&5), "{found:?}");
    // What precedes an error is still looked at.
    let found = matches(rules, &json, br#"{"a":["x"]"#);
    assert!(found.contains(&2) && found.contains(&5), "{found:?}");
}

#[test]
fn a_second_content_type_does_not_hide_a_body() {
    let rules = r#"
        SecRule ARGS_POST:a "@streq attack" "id:1,phase:2,pass,log"
        SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:2,phase:2,pass,log"
    "#;
    let body = b"--0\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nattack\r\n--0--\r\n";
    for other in ["text/plain", "application/octet-stream", ""] {
        let types = [("Content-Type", other), ("Content-Type", "multipart/form-data; boundary=0")];
        assert_eq!(matches(rules, &types, body), [1], "{other}");
    }
}

#[test]
fn markup_and_files_are_variables() {
    let rules = r#"
        SecRule REQUEST_HEADERS:Content-Type "@beginsWith text/xml" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
        SecRule XML:/* "@contains attack" "id:2,phase:2,pass,log"
        SecRule XML://@* "@contains attack" "id:3,phase:2,pass,log"
        SecRule FILES "@endsWith .php" "id:4,phase:2,pass,log"
        SecRule MULTIPART_PART_HEADERS:f "@rx ^Content-Type: text/plain$" "id:5,phase:2,pass,log"
        SecRule FILES_COMBINED_SIZE "@eq 3" "id:6,phase:2,pass,log"
    "#;
    let xml = [("Content-Type", "text/xml")];
    assert!(matches(rules, &xml, b"<a><b>att</b>ack</a>").contains(&2));
    assert!(matches(rules, &xml, b"<a b='attack'/>").contains(&3));
    let body = b"--0\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.php\"\r\n\
                 Content-Type: text/plain\r\n\r\nabc\r\n--0--\r\n";
    let found = matches(rules, &[("Content-Type", "multipart/form-data; boundary=0")], body);
    assert!([4, 5, 6].iter().all(|id| found.contains(id)), "{found:?}");
}

/// Cookies and arguments after the thousandth are not inspected, which must be seen: also
/// across several `Cookie` fields, also where bodies are not read.
#[test]
fn what_is_above_the_limit_of_arguments_is_told() {
    let refused = r#"
        SecRule REQBODY_ERROR "!@eq 0" "id:2,phase:2,pass,log"
        SecRule REQBODY_ERROR_MSG "@streq too many arguments" "id:3,phase:2,pass,log"
        SecRule &REQUEST_COOKIES|&ARGS "@gt 1000" "id:4,phase:2,pass,log"
    "#;
    let off = format!("SecAction \"id:1,phase:1,pass,nolog,ctl:requestBodyAccess=Off\"\n{refused}");
    let cookies = |count: usize| "a=1; ".repeat(count);
    let (most, one, half) = (cookies(1_000), cookies(1), cookies(501));
    assert_eq!(matches(refused, &[("Cookie", &most)], b""), []);
    for fields in [vec![&most, &one], vec![&half, &half], vec![&cookies(1_001)]] {
        let fields: Vec<_> = fields.into_iter().map(|field| ("Cookie", field.as_str())).collect();
        assert_eq!(matches(refused, &fields, b""), [2, 3]);
        assert_eq!(matches(&off, &fields, b"x"), [2, 3]);
    }
    // One stands in the query of the request.
    let form = |count: usize| ["a=1"].repeat(count).join("&");
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(matches(refused, &kind, form(999).as_bytes()), []);
    assert_eq!(matches(refused, &kind, form(1_000).as_bytes()), [2, 3]);
    assert_eq!(matches(&off, &kind, form(1_000).as_bytes()), []);
    let query = format!("/?{}", form(1_001));
    assert_eq!(matches_of(&query, &off, &kind, b""), [2, 3]);
    assert_eq!(matches_of(&query, refused, &[], b""), [2, 3]);
}

const XML: &str = r#"
    SecRule REQUEST_HEADERS:Content-Type "@beginsWith text/xml" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=XML"
"#;

#[test]
fn attributes_are_added_to_rules_on_markup_by_tag() {
    let rules = r#"
        SecRule ARGS|XML:/* "@contains attack" "id:2,phase:2,pass,log,tag:'attack-sqli'"
        SecRule XML:/* "@contains attack" "id:3,phase:2,pass,log,tag:'other'"
        SecRule XML:/*|XML://@* "@contains attack" "id:4,phase:2,pass,log,tag:'taken-out'"
    "#;
    let update = "SecRuleUpdateTargetByTag \"attack-sqli\" \"XML://@*\"\n\
                  SecRuleUpdateTargetByTag taken-out !XML://@*\n";
    let kind = [("Content-Type", "text/xml")];
    let run = |update: &str, body: &[u8]| matches(&format!("{XML}{rules}{update}"), &kind, body);
    let in_attribute = b"<a><b c='1' d='an attack'/>x</a>";
    assert_eq!(run("", in_attribute), [4]);
    assert_eq!(run(update, in_attribute), [2]);
    assert_eq!(run(update, b"<a>an attack</a>"), [2, 3, 4]);
    assert_eq!(run(update, b"<a b='c'>d</a>"), []);
}

#[test]
fn documents_that_have_something_loaded_are_refused_and_inspected() {
    let rules = r#"
        SecRule REQBODY_ERROR "!@eq 0" "id:2,phase:2,pass,log"
        SecRule XML:/* "@contains attack" "id:3,phase:2,pass,log"
        SecRule REQBODY_ERROR_MSG "@contains an external entity is declared" "id:4,phase:2,pass,log"
        SecRule REQBODY_ERROR_MSG "@contains the document type is external" "id:5,phase:2,pass,log"
    "#;
    let kind = [("Content-Type", "text/xml")];
    let run = |body: &str| matches(&format!("{XML}{rules}"), &kind, body.as_bytes());
    let entity = "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e; attack</a>";
    assert_eq!(run(entity), [2, 3, 4]);
    assert_eq!(run("<!DOCTYPE a SYSTEM 'http://x/'><a>attack</a>"), [2, 3, 5]);
    assert_eq!(run("<!DOCTYPE a [<!ENTITY e 'att'>]><a>&e;ack</a>"), [3]);
}

/// Forms that are given up when they are too many are made again: every rule still sees
/// every value.
#[test]
fn rules_see_values_whose_forms_were_given_up() {
    let steps = ["urlDecode", "compressWhitespace", "cssDecode", "jsDecode", "cmdLine", "sha1"];
    let mut rules = String::from("SecRequestBodyLimit 9000000\nSecRequestBodyNoFilesLimit 9000000");
    let mut expected = Vec::new();
    for (index, (first, second)) in
        steps.iter().flat_map(|first| steps.iter().map(move |second| (first, second))).enumerate()
    {
        let sha1 = *first == "sha1" || *second == "sha1";
        let operator = if sha1 { "!@contains x-attack" } else { "@contains x-attack" };
        rules += &format!(
            "\nSecRule ARGS_POST \"{operator}\" \"id:{},phase:2,pass,log,t:none,t:{first},t:{second},t:lowercase\"",
            index + 1
        );
        expected.push(index as u64 + 1);
    }
    let mut loader = Loader::new();
    loader
        .text("test.conf", &format!("SecRuleEngine On\nSecRequestBodyAccess On\n{rules}"))
        .expect("the rules load");
    let rules = Arc::new(RuleSet::compile(loader.finish()).expect("the rules compile"));
    let context = TransactionContext { now: 1, id: "1".into(), mode: None, collections: None };
    let mut transaction = Transaction::new(rules, context);
    transaction.request_line(b"POST", b"/", b"HTTP/1.1");
    transaction.request_header(b"Content-Type", b"application/x-www-form-urlencoded");
    transaction.request_headers();
    let value = "%41%2541  \\\\41 \\x41 ^b ".repeat(60_000);
    transaction.append_request_body(format!("a={value}X-Attack").as_bytes());
    transaction.request_body();
    let found: Vec<u64> = transaction.matches().iter().map(|found| found.rule_id).collect();
    assert_eq!(found, expected);
    let (held, peak) = (transaction.memory(), transaction.peak_memory());
    assert!(peak > 3 * held, "nothing was given up: {held} of {peak}");
    assert!(peak < 12 * held + (4 << 20), "{held} of {peak}");
}
