//! Time per request with the Core Rule Set at paranoia level 1, blocking, all phases, one
//! thread; libmodsecurity beside it in the same run where it is installed.
//!
//! `cargo bench -p marquis-waf`. The rules come from the package `modsecurity-crs`.

#![expect(unsafe_code, reason = "the library to compare with is loaded at run time")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for developers")]

mod libmodsecurity;

use std::{
    fmt::Write as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use libmodsecurity::Library;
use marquis_waf::{RuleSet, Transaction, TransactionContext, seclang::Loader};

/// A request to measure.
pub struct Request {
    name: &'static str,
    /// How much faster than libmodsecurity it must be.
    factor: f64,
    method: &'static str,
    uri: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

const CONFIGURATION: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 13107200
SecArgumentsLimit 200000
SecPcreMatchLimit 1000
SecRule REQUEST_HEADERS:Content-Type "^(?:application(?:/soap\+|/)|text/)xml" "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "^application/json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,t:none,log,deny,status:400,msg:'Failed to parse request body.'"
Include /etc/modsecurity/crs/crs-setup.conf
Include /usr/share/modsecurity-crs/rules/*.conf
"#;

fn request(
    name: &'static str,
    factor: f64,
    method: &'static str,
    uri: &str,
    content_type: Option<&str>,
    body: Vec<u8>,
) -> Request {
    let mut headers = vec![
        ("Host", "shop.example".to_owned()),
        (
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0".into(),
        ),
        (
            "Accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8".into(),
        ),
        ("Accept-Language", "en-US,en;q=0.5".into()),
        ("Accept-Encoding", "gzip, deflate, br".into()),
        (
            "Cookie",
            "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; lang=en; cart=c4ca4238a0b92382"
                .into(),
        ),
    ];
    if let Some(content_type) = content_type {
        headers.push(("Content-Type", content_type.to_owned()));
        headers.push(("Content-Length", body.len().to_string()));
    }
    Request { name, factor, method, uri: uri.to_owned(), headers, body }
}

fn requests() -> Vec<Request> {
    let json = r#"{"email":"alice@example.com","customer":{"name":"Alice Example","city":"Amsterdam","tags":["new","north","weekly"]},"items":[{"id":1,"quantity":2},{"id":7,"quantity":1}],"note":"please deliver after six in the evening, the bell is broken","gift":false,"total":4250,"currency":"EUR"}"#;
    let mut form = String::new();
    let mut index = 0;
    while form.len() < 100 * 1024 {
        let _ = write!(
            form,
            "{}field{index}=value+number+{index}+with+some+ordinary+words",
            if index == 0 { "" } else { "&" }
        );
        index += 1;
    }
    let mut rows = String::from("{\"rows\":[");
    index = 0;
    while rows.len() < 1024 * 1024 {
        let _ = write!(
            rows,
            "{}{{\"id\":{index},\"name\":\"Customer number {index}\",\"city\":\"Rotterdam\"}}",
            if index == 0 { "" } else { "," }
        );
        index += 1;
    }
    rows.push_str("]}");
    // What a load generator sends: no cookies, no query.
    let mut bare = request("bare GET", 1.0, "GET", "/api/v1/users", None, Vec::new());
    bare.headers.truncate(3);
    vec![
        bare,
        request(
            "benign GET",
            20.0,
            "GET",
            "/api/v1/users?search=alice&limit=20&offset=0&sort=created",
            None,
            Vec::new(),
        ),
        request("JSON POST", 20.0, "POST", "/api/v1/orders", Some("application/json"), json.into()),
        request(
            "attack GET",
            10.0,
            "GET",
            "/search?q=1%27%20UNION%20SELECT%20username,password%20FROM%20users--%20-&page=1",
            None,
            Vec::new(),
        ),
        request(
            "100 KiB form",
            1.0,
            "POST",
            "/form",
            Some("application/x-www-form-urlencoded"),
            form.into(),
        ),
        request("1 MiB JSON", 1.0, "POST", "/bulk", Some("application/json"), rows.into()),
    ]
}

fn evaluate(rules: &Arc<RuleSet>, request: &Request) -> Option<u16> {
    let context = TransactionContext {
        now: 1_700_000_000_000_000,
        id: "170000000000.000000".into(),
        mode: None,
        collections: None,
    };
    let mut transaction = Transaction::new(Arc::clone(rules), context);
    let address = "192.0.2.7".parse().unwrap();
    transaction.connection(address, 40_000, address, 443);
    transaction.request_line(request.method.as_bytes(), request.uri.as_bytes(), b"HTTP/1.1");
    for (name, value) in &request.headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction.request_headers();
    if !request.body.is_empty() {
        transaction.append_request_body(&request.body);
    }
    transaction.request_body();
    transaction.finish();
    transaction.intervention().map(|intervention| intervention.status)
}

/// The best of several rounds, in microseconds per request.
fn measure(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    let once = start.elapsed().max(Duration::from_nanos(100));
    // What takes seconds is not repeated.
    if once > Duration::from_millis(500) {
        return once.as_secs_f64() * 1e6;
    }
    let count = (Duration::from_millis(30).as_nanos() / once.as_nanos()).clamp(1, 2000);
    let mut best = f64::MAX;
    for _ in 0..15 {
        let start = Instant::now();
        for _ in 0..count {
            run();
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 2000")]
        let each = start.elapsed().as_secs_f64() * 1e6 / count as f64;
        best = best.min(each);
    }
    best
}

/// A field of `/proc/self/status`, KiB.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_ascii_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn load() -> Arc<RuleSet> {
    let mut loader = Loader::new();
    loader.text("bench.conf", CONFIGURATION).unwrap();
    Arc::new(RuleSet::compile(loader.finish()).unwrap())
}

/// Prints one requirement and whether it is met.
fn bar(name: &str, met: bool, value: &str) {
    println!("{}  {name}: {value}", if met { "PASS" } else { "FAIL" });
}

/// In a process of its own, where nothing else takes memory: what the rules take, and what
/// they take once every ordinary request was evaluated.
fn measure_memory() {
    let before = memory("VmRSS:");
    let rules = load();
    let loaded = memory("VmRSS:").saturating_sub(before);
    for request in requests().iter().filter(|request| request.body.len() < 16 * 1024) {
        evaluate(&rules, request);
    }
    let ordinary = memory("VmRSS:").saturating_sub(before);
    for request in requests() {
        evaluate(&rules, &request);
    }
    let all = memory("VmRSS:").saturating_sub(before);
    println!("{loaded} {ordinary} {all}");
}

fn main() {
    if !Path::new("/usr/share/modsecurity-crs/rules").exists() {
        println!("skipped: the package modsecurity-crs is not installed");
        return;
    }
    if std::env::args().any(|argument| argument == "--memory") {
        measure_memory();
        return;
    }
    if std::env::args().any(|argument| argument == "--profile") {
        let (rules, all) = (load(), requests());
        for _ in 0..400_000 {
            std::hint::black_box(evaluate(&rules, &all[0]));
        }
        return;
    }
    let child = std::env::current_exe()
        .and_then(|own| std::process::Command::new(own).arg("--memory").output())
        .unwrap();
    let printed = String::from_utf8_lossy(&child.stdout).into_owned();
    let kib: Vec<u64> = printed.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    println!("memory, KiB: loaded, after ordinary requests, after large ones: {}", printed.trim());
    let most = kib.last().copied().unwrap_or(u64::MAX);
    bar("memory with the rules, after all requests, at most 64 MiB", most <= 65_536, &printed);

    let start = Instant::now();
    let rules = load();
    let took = start.elapsed();
    bar(
        "load at most 250 ms",
        took <= Duration::from_millis(250),
        &format!("{} rules in {took:.0?}", rules.len()),
    );

    let library = Library::load(CONFIGURATION);
    if let Err(reason) = &library {
        println!("libmodsecurity is not measured: {reason}");
    }
    println!(
        "\n{:<14}{:>12}{:>20}{:>9}  status",
        "request", "ours, us", "libmodsecurity, us", "ratio"
    );
    let mut bars = Vec::new();
    for request in requests() {
        let status = evaluate(&rules, &request);
        let ours = measure(|| {
            std::hint::black_box(evaluate(&rules, &request));
        });
        let theirs = library.as_ref().ok().map(|library| {
            measure(|| {
                std::hint::black_box(library.evaluate(&request));
            })
        });
        let ratio = theirs.map(|theirs| theirs / ours);
        let show = |number: Option<f64>| number.map_or("-".to_owned(), |n| format!("{n:.1}"));
        println!(
            "{:<14}{ours:>12.1}{:>20}{:>9}  {status:?}",
            request.name,
            show(theirs),
            show(ratio)
        );
        bars.push((request.name, request.factor, ratio, ours));
    }
    println!();
    for (name, factor, ratio, ours) in bars {
        if name == "bare GET" {
            bar("bare GET below 35 us", ours < 35.0, &format!("{ours:.1} us"));
        }
        if let Some(ratio) = ratio {
            bar(
                &format!("{name} at least {factor} x libmodsecurity"),
                ratio >= factor,
                &format!("{ratio:.1} x"),
            );
        }
    }
}
