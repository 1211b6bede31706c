//! Cases of libmodsecurity's own regression tests (3.0.14) in which the language does more
//! than rule sets usually ask for.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::sync::Arc;

use marquis_waf::{
    MemoryCollections, RuleSet, Transaction, TransactionContext,
    seclang::{Loader, SourceError},
};

fn compile(rules: &str) -> Result<RuleSet, SourceError> {
    let mut loader = Loader::new();
    loader.text("test.conf", &format!("SecRuleEngine On\n{rules}"))?;
    RuleSet::compile(loader.finish())
}

/// A form posted to `uri`; the answer is JSON.
fn run(rules: &str, uri: &str, kind: &str, body: &str) -> Transaction {
    let context = TransactionContext {
        now: 1_700_000_000_000_000,
        id: "t1".into(),
        mode: None,
        collections: Some(Arc::new(MemoryCollections::default())),
    };
    let mut transaction = Transaction::new(Arc::new(compile(rules).unwrap()), context);
    let address = "192.0.2.7".parse().unwrap();
    transaction.connection(address, 40_000, address, 443);
    transaction.request_line(b"POST", uri.as_bytes(), b"HTTP/1.1");
    transaction.request_header(b"Host", b"localhost");
    transaction.request_header(b"Content-Type", kind.as_bytes());
    transaction.request_headers();
    transaction.append_request_body(body.as_bytes());
    transaction.request_body();
    transaction.response_header(b"Content-Type", b"application/json");
    transaction.response_headers(200, b"HTTP/1.1");
    transaction.append_response_body(b"{\"secret\":1}");
    transaction.response_body();
    transaction.finish();
    transaction
}

fn ids(transaction: &Transaction) -> Vec<u64> {
    transaction.matches().iter().map(|found| found.rule_id).collect()
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn a_path_ends_at_the_question_mark_that_was_sent() {
    let rules = "SecRule REQUEST_FILENAME \"@streq /one/t?o/three\" \"id:1,phase:1,pass\"\n\
                 SecRule PATH_INFO \"@contains three\" \"id:2,phase:1,pass\"\n\
                 SecRule REQUEST_BASENAME \"@streq three\" \"id:3,phase:1,pass\"\n\
                 SecRule ARGS:key \"@streq value\" \"id:4,phase:1,pass\"";
    assert_eq!(ids(&run(rules, "/one/t%3fo/three?key=value", FORM, "")), [1, 2, 3, 4]);
}

#[test]
fn bodies_are_read_unless_that_is_switched_off() {
    let rules = "SecRule ARGS_POST:a \"@streq b\" \"id:1,phase:2,pass\"\n\
                 SecRule RESPONSE_BODY \"@contains secret\" \"id:2,phase:4,pass\"";
    assert_eq!(ids(&run(rules, "/", FORM, "a=b")), [1]);
    let off = format!("SecRequestBodyAccess Off\n{rules}");
    assert_eq!(ids(&run(&off, "/", FORM, "a=b")), []);
    // Answers are read when that is asked for, of every type unless types are named.
    let answers = format!("SecResponseBodyAccess On\n{rules}");
    assert_eq!(ids(&run(&answers, "/", FORM, "a=b")), [1, 2]);
    let types = format!("SecResponseBodyMimeType text/html\n{answers}");
    assert_eq!(ids(&run(&types, "/", FORM, "a=b")), [1]);
}

#[test]
fn a_macro_can_select_by_expression() {
    let rules = "SecAction \"id:1,phase:1,pass,nolog,setvar:'tx.restricted_headers=/host/'\"\n\
                 SecRule REQUEST_HEADERS_NAMES \"@rx ^.*$\" \"id:2,phase:2,pass,capture,\
                 t:lowercase,setvar:'tx.header_name_%{tx.0}=/%{tx.0}/',chain,\
                 msg:'%{ARGS:/^OT/} %{RULE:/^id$/} %{MATCHED_VARS_NAMES:/names:ho/}'\"\n\
                 SecRule TX:/^header_name_/ \"@within %{TX:/esTrictEd_headers/}\" \"t:none\"";
    let transaction = run(rules, "/?one=1&other=2", FORM, "");
    assert_eq!(ids(&transaction), [2]);
    assert_eq!(transaction.matches()[0].message, "2 2 REQUEST_HEADERS_NAMES:Host");
}

#[test]
fn an_action_may_have_no_id_and_a_rule_may_not() {
    let rules = "SecAction \"phase:1,nolog,pass,setvar:tx.a=1\"\n\
                 SecAction \"phase:1,nolog,pass,setvar:tx.a=+1\"\n\
                 SecRule TX:a \"@eq 2\" \"id:1,phase:1,pass\"";
    assert_eq!(ids(&run(rules, "/", FORM, "")), [1]);
    let error = compile("SecRule ARGS \"@eq 2\" \"phase:1,pass\"").unwrap_err();
    assert!(error.message.contains("no id"), "{error}");
}

#[test]
fn block_among_default_actions_says_nothing() {
    let rules = "SecDefaultAction \"phase:2,deny,block,status:400,log\"\n\
                 SecRule ARGS:a \"@streq b\" \"id:1,phase:2,block\"";
    let transaction = run(rules, "/?a=b", FORM, "");
    assert_eq!(transaction.intervention().map(|decision| decision.status), Some(400));
    let error = compile("SecDefaultAction \"phase:1,log,block,status:404\"").unwrap_err();
    assert!(error.message.contains("block alone"), "{error}");
}

#[test]
fn a_member_that_expires_at_once_is_gone() {
    let rules = "SecAction \"id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR}\"\n\
                 SecAction \"id:2,phase:2,nolog,pass,setvar:ip.n=100,expirevar:ip.n=0\"\n\
                 SecRule &IP:n \"@eq 0\" \"id:3,phase:2,pass\"";
    assert_eq!(ids(&run(rules, "/", FORM, "")), [3]);
}

#[test]
fn the_full_request_is_there_whatever_the_body_is() {
    let rules = "SecRule FULL_REQUEST \"@contains Host: localhost\" \"id:1,phase:2,pass\"\n\
                 SecRule FULL_REQUEST \"@contains filename\" \"id:2,phase:2,pass\"\n\
                 SecRule FULL_REQUEST_LENGTH \"@gt 40\" \"id:3,phase:2,pass\"\n\
                 SecRule MODSEC_BUILD \"@rx ^03\\d+$\" \"id:4,phase:1,pass\"";
    assert_eq!(ids(&run(rules, "/", FORM, "")), [4, 1, 3]);
    let body =
        "--0\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n1\r\n--0--\r\n";
    assert_eq!(ids(&run(rules, "/", "multipart/form-data; boundary=0", body)), [4, 1, 2, 3]);
}

#[test]
fn names_of_part_headers_hold_no_control_characters_and_are_inspected_all_the_same() {
    let rules = "SecRule REQBODY_ERROR \"!@eq 0\" \"id:1,phase:2,pass\"\n\
                 SecRule MULTIPART_PART_HEADERS \"@rx [^\\x21-\\x7E][\\x21-\\x39\\x3B-\\x7E]*:\" \
                 \"id:2,phase:2,pass\"";
    let body = "--a\r\n\x0eContent-Disposition\x0e: form-data; name=\"file\"; filename=\"1.jsp\"\r\n\
                Content-Disposition: form-data; name=\"post\"\r\n\r\n<%out.print(123)%>\r\n--a--\r\n";
    assert_eq!(ids(&run(rules, "/", "multipart/form-data; boundary=a", body)), [1, 2]);
    let clean = body.replace('\x0e', "X");
    assert_eq!(ids(&run(rules, "/", "multipart/form-data; boundary=a", &clean)), []);
}

#[test]
fn an_extended_file_name_stands_beside_a_plain_one() {
    let error = |disposition: &str| {
        let body = format!(
            "--a\r\nContent-Disposition: form-data; name=\"f\"; {disposition}\r\n\r\n1\r\n--a--\r\n"
        );
        let rules = "SecRule REQBODY_ERROR \"!@eq 0\" \"id:1,phase:2,pass\"\n\
                     SecRule FILES:f \"@streq x.txt\" \"id:2,phase:2,pass\"";
        ids(&run(rules, "/", "multipart/form-data; boundary=a", &body))
    };
    assert_eq!(error("filename=\"x.txt\"; filename*=utf-8''%61%62.txt"), [2]);
    assert_eq!(error("filename*= ISO-8859-1'en'ab0-_xy.txt; filename=\"x.txt\""), [2]);
    // Alone, it would be a field to those that do not know it.
    assert_eq!(error("filename*=utf-8''x.txt"), [1]);
    for wrong in ["utf-8", "utf-8'x.txt", "''x.txt", "utf-8''%6", "utf-8''a b", "utf-8''x\""] {
        assert_eq!(error(&format!("filename=\"x.txt\"; filename*={wrong}")), [1], "{wrong}");
    }
}

#[test]
fn files_are_found_beside_the_rules_and_then_in_the_working_directory() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("rules")).unwrap();
    std::fs::write(directory.path().join("rules/words.data"), "needle\n").unwrap();
    let main = directory.path().join("rules/main.conf");
    // The manifest stands in the directory tests run in.
    std::fs::write(
        &main,
        "SecRule ARGS \"@pmFromFile words.data\" \"id:1,phase:2,pass\"\n\
         SecRule ARGS \"@pmFromFile Cargo.toml\" \"id:2,phase:2,pass\"\n",
    )
    .unwrap();
    let mut loader = Loader::new();
    loader.file(&main).unwrap();
    assert!(RuleSet::compile(loader.finish()).is_ok());
}
