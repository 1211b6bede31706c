//! Values made to be expensive for the Core Rule Set cost what their bytes cost.
//!
//! Work is counted, not timed, where a count exists: bytes the transaction holds, steps of
//! backtracking, operators run. Times are compared with each other only: ten times the
//! input may take not much more than ten times as long.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail the test")]

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Instant};

use marquis_waf::{
    InterventionKind, RuleSet, Transaction, TransactionContext,
    seclang::{Element, Loader},
};

const CONFIGURATION: &str = r#"
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 13107200
SecPcreMatchLimit 1000
SecRule REQUEST_HEADERS:Content-Type "^text/xml" "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "^application/json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,t:none,log,deny,status:400"
Include /etc/modsecurity/crs/crs-setup.conf
SecAction "id:900005,phase:1,nolog,pass,setvar:tx.paranoia_level=4"
Include /usr/share/modsecurity-crs/rules/*.conf
"#;

fn crs() -> Option<(Arc<RuleSet>, Vec<String>)> {
    if !Path::new("/usr/share/modsecurity-crs/rules").exists() {
        println!("skipped: the package modsecurity-crs is not installed");
        return None;
    }
    let mut loader = Loader::new();
    loader.text("test.conf", CONFIGURATION).unwrap();
    let document = loader.finish();
    let expressions = document
        .elements
        .iter()
        .filter_map(|element| match element {
            Element::Rule(rule) => rule.operator.as_ref(),
            Element::Marker(_) => None,
        })
        .filter(|operator| operator.name == "rx")
        .map(|operator| operator.argument.clone())
        .collect();
    Some((Arc::new(RuleSet::compile(document).unwrap()), expressions))
}

fn context() -> TransactionContext {
    TransactionContext {
        now: 1_700_000_000_000_000,
        id: "t1".into(),
        mode: None,
        collections: None,
    }
}

/// Runs the request phases over one body.
fn post(rules: &Arc<RuleSet>, content_type: &str, body: &[u8]) -> Transaction {
    let mut transaction = Transaction::new(Arc::clone(rules), context());
    let address = "192.0.2.7".parse().unwrap();
    transaction.connection(address, 40_000, address, 443);
    transaction.request_line(b"POST", b"/x", b"HTTP/1.1");
    transaction.request_header(b"Host", b"www.example.com");
    transaction.request_header(b"Content-Type", content_type.as_bytes());
    transaction.request_header(b"Content-Length", body.len().to_string().as_bytes());
    transaction.request_headers();
    // As a server feeds it.
    for chunk in body.chunks(16 * 1024) {
        transaction.append_request_body(chunk);
    }
    transaction.request_body();
    transaction.finish();
    transaction
}

fn argument(value: &[u8]) -> Vec<u8> {
    use std::fmt::Write as _;
    let mut body = String::from("a=");
    for byte in value {
        let _ = write!(body, "%{byte:02x}");
    }
    body.into_bytes()
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Runs of plain text in an expression, which its partial matches are made of.
fn literals(expression: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut run = String::new();
    let mut chars = expression.chars().peekable();
    let mut flush = |run: &mut String| {
        if !run.is_empty() {
            all.push(std::mem::take(run));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('s') => run.push(' '),
                Some('d') => run.push('1'),
                Some('w') => run.push('a'),
                Some('b' | 'B' | 'x') => flush(&mut run),
                Some(other) => run.push(other),
                None => {}
            },
            '(' | ')' | '|' | '?' | '*' | '+' | '^' | '$' | '.' => flush(&mut run),
            '[' => {
                // One byte of the class.
                flush(&mut run);
                let first = chars.find(|c| *c != '^' && *c != '\\');
                run.extend(first.filter(|c| c.is_ascii()));
                for c in chars.by_ref() {
                    if c == ']' {
                        break;
                    }
                }
            }
            '{' => {
                for c in chars.by_ref() {
                    if c == '}' {
                        break;
                    }
                }
            }
            other if other.is_ascii() => run.push(other),
            _ => {}
        }
    }
    flush(&mut run);
    all
}

/// Values of about `size` bytes that make a naive matcher of the expression try again and
/// again.
fn attacks(expression: &str, size: usize) -> Vec<Vec<u8>> {
    let literals = literals(expression);
    let mut all = Vec::new();
    let mut add = |unit: &str| {
        if !unit.is_empty() {
            let mut value = unit.repeat(size / unit.len() + 1);
            value.truncate(size);
            value.push('\u{1}');
            all.push(value.into_bytes());
        }
    };
    add(&literals.concat());
    if let Some(first) = literals.first() {
        add(first);
    }
    if let Some(longest) = literals.iter().max_by_key(|literal| literal.len()) {
        add(longest);
        add(&format!("{longest} "));
    }
    all
}

/// Known to have hurt expressions of rule sets with a backtracking matcher.
const KNOWN: [&str; 18] = [
    "a", " ", "\t", "'", "\"", "(", "<", "-", "/*", "a ", "a=", "'a", "\\", "0x", "<a ", "or 1",
    "(((a", "',",
];

#[test]
fn known_denials_of_service_are_linear() {
    let Some((rules, _)) = crs() else { return };
    for unit in KNOWN {
        let body =
            |size: usize| argument(format!("{}!", unit.repeat(size / unit.len())).as_bytes());
        let (small, large) = (body(10_000), body(100_000));
        post(&rules, FORM, &small);
        let time = |body: &[u8]| {
            let start = Instant::now();
            let transaction = post(&rules, FORM, body);
            (start.elapsed(), transaction.memory())
        };
        let (first, small_memory) = time(&small);
        let (second, large_memory) = time(&large);
        assert!(
            large_memory < 16 * small_memory + (4 << 20),
            "{unit:?}: {small_memory} and {large_memory} bytes"
        );
        assert!(
            second < first * 40 + std::time::Duration::from_millis(400),
            "{unit:?}: {first:?} and {second:?}"
        );
    }
}

#[test]
fn no_expression_of_the_rule_set_runs_away() {
    let Some((rules, expressions)) = crs() else { return };
    // The whole is asked for in a release build; every tenth expression otherwise.
    let step = if cfg!(debug_assertions) { 10 } else { 1 };
    let size = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
    let mut seen = BTreeSet::new();
    let mut worst = (std::time::Duration::ZERO, String::new());
    for expression in expressions.iter().step_by(step) {
        for value in attacks(expression, size) {
            if !seen.insert(value.clone()) {
                continue;
            }
            let start = Instant::now();
            let transaction = post(&rules, FORM, &argument(&value));
            let took = start.elapsed();
            assert!(transaction.memory() < 100 * size + (64 << 20), "{}", transaction.memory());
            if took > worst.0 {
                let unit = String::from_utf8_lossy(&value[..40]).into_owned();
                worst = (took, format!("{unit:?} for {expression:.60}"));
            }
        }
    }
    println!("{} values, the slowest took {:?}: {}", seen.len(), worst.0, worst.1);
    let most = if cfg!(debug_assertions) { 20 } else { 2 };
    assert!(worst.0.as_secs() < most, "{worst:?}");
}

#[test]
fn large_bodies_hold_a_small_multiple_of_their_size() {
    let Some((rules, _)) = crs() else { return };
    let raw = vec![b'a'; 12 << 20];
    let start = Instant::now();
    let transaction = post(&rules, "application/octet-stream", &raw);
    println!("12 MiB of octets: {} bytes, {:?}", transaction.memory(), start.elapsed());
    assert!(transaction.memory() < 60 << 20, "{}", transaction.memory());

    let json = format!("{{\"a\":\"{}\"}}", "some text ".repeat(1 << 20));
    let start = Instant::now();
    let transaction = post(&rules, "application/json", json.as_bytes());
    println!("10 MiB of JSON text: {} bytes, {:?}", transaction.memory(), start.elapsed());
    assert!(transaction.memory() < 200 << 20, "{}", transaction.memory());

    // Every transformation changes this, and most rules want a look at it.
    let unit = "Select%2F%u0041 &lt;a /*x*/ ' or 1=1 -- \\\\x41 c^md \\u00e9 ../ ";
    let json = format!("{{\"a\":\"{}\"}}", unit.repeat((10 << 20) / unit.len()));
    let start = Instant::now();
    let transaction = post(&rules, "application/json", json.as_bytes());
    println!("10 MiB of attacks: {} bytes, {:?}", transaction.memory(), start.elapsed());
    assert!(transaction.memory() < 140 << 20, "{}", transaction.memory());

    let deep = format!("{}1{}", "[".repeat(10_001), "]".repeat(10_001));
    let transaction = post(&rules, "application/json", deep.as_bytes());
    assert!(transaction.matches().iter().any(|found| found.rule_id == 200_002));

    let form = "a=1&".repeat(100_000);
    let transaction = post(&rules, FORM, form.as_bytes());
    assert!(transaction.matches().iter().any(|found| found.rule_id == 200_002));
    println!("100,000 arguments: {} bytes", transaction.memory());
    assert!(transaction.memory() < 16 << 20, "{}", transaction.memory());
}

/// A key repeated in the name of each of its values, markup repeated by entities: what comes
/// out of a body, and all its transformed forms, stay a small multiple of its size.
#[test]
fn small_bodies_do_not_become_large() {
    let Some((rules, _)) = crs() else { return };
    let list = |values: usize| format!("[{}1]", "1,".repeat(values - 1));
    let key = |text: &str, values: usize| format!("{{\"{text}\":{}}}", list(values));
    let deep = |length: usize, levels: usize| {
        let keys: String = (0..levels).map(|n| format!("{{\"{n:0length$}\":")).collect();
        format!("{keys}{}{}", list(990), "}".repeat(levels))
    };
    let entities = |base: &str, use_of: &str| {
        let levels: String = (1..8)
            .map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(50)))
            .collect();
        format!("<!DOCTYPE a [<!ENTITY e0 \"{base}\">{levels}]><a>{use_of}</a>")
    };
    let (json, xml) = ("application/json", "text/xml");
    let bodies = [
        ("a key of 68 KB", json, key(&"%2527%26lt;".repeat(6_000), 990)),
        ("a key of 13 KB", json, key(&"%2527%26lt;".repeat(1_090), 990)),
        ("a key of SQL", json, key(&"select from ".repeat(1_000), 990)),
        ("a key of 1 KB", json, key(&"%2527%26lt;".repeat(100), 990)),
        ("deep keys", json, deep(16, 490)),
        ("long deep keys", json, deep(200, 490)),
        ("entities of text", xml, entities(&"select x from ".repeat(100), "&e7;")),
        ("entities of tags", xml, entities("<b c='d'/>", "&e7;")),
        ("entities in an attribute", xml, entities("select ", "<b c='&e7;'/>")),
        ("many references", xml, entities(&"x".repeat(1_000), &"&e1;".repeat(1_000))),
    ];
    for (name, kind, body) in bodies {
        let time = |kind: &str, body: &str| {
            let start = Instant::now();
            let transaction = post(&rules, kind, body.as_bytes());
            (transaction, start.elapsed())
        };
        let (transaction, took) = time(kind, &body);
        let peak = transaction.peak_memory();
        println!(
            "{name}: {} bytes, at most {peak} held, {} after, {} operators, {took:?}",
            body.len(),
            transaction.memory(),
            transaction.operators_run()
        );
        assert!(peak < 40 * body.len() + (4 << 20), "{name}: {peak}");
        assert!(transaction.memory() < 8 * body.len() + (2 << 20), "{name}");
        assert!(transaction.operators_run() < 200_000, "{name}");
        // Refused, and not because of something else.
        assert!(transaction.matches().iter().any(|found| found.rule_id == 200_002), "{name}");
    }
}

/// A thousand times the bytes ask for the same operators: length costs what reading costs.
#[test]
fn operators_are_counted_by_values_and_not_by_bytes() {
    let Some((rules, _)) = crs() else { return };
    let run = |kind: &str, body: &str| {
        let transaction = post(&rules, kind, body.as_bytes());
        (transaction.operators_run(), transaction.limits_exceeded())
    };
    let text = |repeats: usize| "some text ".repeat(repeats << 10);
    let short = run("application/octet-stream", &text(1));
    assert_eq!(run("application/octet-stream", &text(1_200)), short);
    let json = |repeats: usize| format!("{{\"a\":\"{}\"}}", text(repeats));
    let short = run("application/json", &json(1));
    assert_eq!(run("application/json", &json(1_000)), short);
    // Arguments are counted up to their limit, however many come.
    let limit = run(FORM, &"a=1&".repeat(1_001));
    assert_eq!(run(FORM, &"a=1&".repeat(100_000)), limit);
    // So are levels of JSON: what lies deeper is not looked at.
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let limit = run("application/json", &deep(10_001));
    assert_eq!(run("application/json", &deep(1_000_000)), limit);
}

#[test]
fn a_body_above_the_limit_is_not_kept() {
    let mut loader = Loader::new();
    loader
        .text("t.conf", "SecRuleEngine On\nSecRequestBodyAccess On\nSecRequestBodyLimit 1000000\nSecRequestBodyNoFilesLimit 1000000")
        .unwrap();
    let rules = Arc::new(RuleSet::compile(loader.finish()).unwrap());
    let transaction = post(&rules, "application/octet-stream", &vec![b'a'; 12 << 20]);
    assert_eq!(transaction.intervention().unwrap().kind, InterventionKind::BodyLimit);
    assert!(transaction.memory() < 2 << 20, "{}", transaction.memory());
}
