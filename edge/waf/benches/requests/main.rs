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
    Request { name, method, uri: uri.to_owned(), headers, body }
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
    vec![
        request(
            "benign GET",
            "GET",
            "/api/v1/users?search=alice&limit=20&offset=0&sort=created",
            None,
            Vec::new(),
        ),
        request("JSON POST", "POST", "/api/v1/orders", Some("application/json"), json.into()),
        request(
            "attack GET",
            "GET",
            "/search?q=1%27%20UNION%20SELECT%20username,password%20FROM%20users--%20-&page=1",
            None,
            Vec::new(),
        ),
        request(
            "100 KiB form",
            "POST",
            "/form",
            Some("application/x-www-form-urlencoded"),
            form.into(),
        ),
        request("1 MiB JSON", "POST", "/bulk", Some("application/json"), rows.into()),
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

fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_ascii_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn main() {
    if !Path::new("/usr/share/modsecurity-crs/rules").exists() {
        println!("skipped: the package modsecurity-crs is not installed");
        return;
    }
    let before = memory();
    let start = Instant::now();
    let mut loader = Loader::new();
    loader.text("bench.conf", CONFIGURATION).unwrap();
    let rules = Arc::new(RuleSet::compile(loader.finish()).unwrap());
    println!("load: {} rules in {:.0?}, {} KiB", rules.len(), start.elapsed(), memory() - before);
    let library = Library::load(CONFIGURATION);
    if let Err(reason) = &library {
        println!("libmodsecurity is not measured: {reason}");
    }
    println!(
        "{:<14}{:>12}{:>18}{:>9}  status",
        "request", "ours, us", "libmodsecurity, us", "ratio"
    );
    for request in requests() {
        let status = evaluate(&rules, &request);
        let ours = measure(|| {
            std::hint::black_box(evaluate(&rules, &request));
        });
        let (theirs, ratio) = match &library {
            Ok(library) => {
                let theirs = measure(|| {
                    std::hint::black_box(library.evaluate(&request));
                });
                (format!("{theirs:.1}"), format!("{:.1}", theirs / ours))
            }
            Err(_) => ("-".into(), "-".into()),
        };
        println!("{:<14}{ours:>12.1}{theirs:>18}{ratio:>9}  {status:?}", request.name);
    }
    println!("resident after all: {} KiB", memory());
}
