//! Whole requests match the rules of the Core Rule Set that they match in libmodsecurity.

use super::{Draw, cases, hex, oracle};
use marquis_waf::transform::{Transformation, UnicodeMap};
use marquis_waf::{RuleSet, Transaction, TransactionContext, seclang::Loader};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

const RULES: &str = r#"
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 131072
SecResponseBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "^(?:application(?:/soap\+|/)|text/)xml" "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "^application/json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,t:none,log,pass"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:200003,phase:2,t:none,log,pass"
SecRule MULTIPART_UNMATCHED_BOUNDARY "@eq 1" "id:200004,phase:2,t:none,log,pass"
Include /etc/modsecurity/crs/crs-setup.conf
SecAction "id:900005,phase:1,nolog,pass,ctl:ruleEngine=DetectionOnly,setvar:tx.paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,setvar:tx.max_num_args=255,setvar:tx.total_arg_length=64000,setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535"
Include /usr/share/modsecurity-crs/rules/*.conf
"#;

const PIECES: [&str; 96] = [
    "hello",
    "world",
    "1",
    "42",
    "name",
    "John Smith",
    "a@b.example",
    "2026-11-20",
    "Привет",
    "😀",
    "/index.html",
    "/etc/passwd",
    "../",
    "..%2f",
    "/bin/sh",
    "cmd.exe",
    "c:\\boot.ini",
    "' or '1'='1",
    "\" or 1=1--",
    "union select",
    "1; drop table x",
    "/*!50000x*/",
    "sleep(5)",
    "benchmark(1,1)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:",
    "onload=",
    "<svg/onload=x>",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "$(id)",
    "`id`",
    "; cat /etc/passwd",
    "| nc -e",
    "&& wget http://x",
    "<?php system(1);",
    "phpinfo()",
    "$_GET[x]",
    "eval(",
    "base64_decode(",
    "http://127.0.0.1/x",
    "file:///etc/passwd",
    "php://input",
    "ftp://x",
    "%00",
    "%0d%0aSet-Cookie: a=b",
    "\r\nX: y",
    "\n",
    "\t",
    "O:8:\"stdClass\":0:{}",
    "rO0ABXNy",
    "java.lang.Runtime",
    "() { :;}; x",
    "(uid=*)",
    "*)(&",
    "[$ne]",
    "__proto__",
    "constructor",
    "process.env",
    "require('child_process')",
    "#{1+1}",
    "%{1+1}",
    "@SuppressWarnings",
    "&lt;b&gt;",
    "&#x3c;",
    "%u003c",
    "\\u003c",
    "\\x3c",
    "%253c",
    "0x3c7363",
    "char(97)",
    "concat(a,b)",
    "||",
    "&&",
    "=",
    "+",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "`",
    "\\",
    "%",
    "#",
    "~",
    "^",
    "<",
    ">",
    ",",
    ";",
    "~~~!!!%%%",
];

/// Chains on `MATCHED_VAR` or captures depend on which argument or header matched last,
/// and libmodsecurity keeps them in the order of a hash table.
const ORDER_DEPENDENT: [u64; 2] = [932_200, 920_420];

struct Request {
    method: &'static str,
    target: Vec<u8>,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

/// Headers that protocol rules look at.
const ODDITIES: [(&str, &str); 38] = [
    ("Range", "bytes=0-1,2-3,4-5,6-7,8-9,10-11,12-13"),
    ("Range", "bytes=5-2"),
    ("Request-Range", "bytes=0-1"),
    ("Content-Length", "abc"),
    ("Content-Length", "0"),
    ("Transfer-Encoding", "chunked"),
    ("Connection", "keep-alive, close"),
    ("Connection", "keep-alive"),
    ("Content-Encoding", "gzip"),
    ("Expect", "100-continue"),
    ("Host", "127.0.0.1"),
    ("Host", "10.0.0.1:8080"),
    ("Host", ""),
    ("Accept", ""),
    ("Accept", "text/html;charset=utf-8"),
    ("Accept-Charset", "utf-8"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Content-Type", "text/plain; charset=utf-7"),
    ("Content-Type", "application/octet-stream"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Filename", "shell.php"),
    ("X-Original-URL", "/admin"),
    ("Proxy", "http://x"),
    ("Lock-Token", "x"),
    ("If", "x"),
    ("Referer", "http://www.example.com/?a=<script>"),
    ("Referer", ""),
    ("Cookie", "a=1; a=2; $Version=1"),
    ("Cookie", "=x; ; b"),
    ("Cookie", "PHPSESSID=1"),
    ("User-Agent", "nikto"),
    ("User-Agent", "Mozilla/5.0 <?php x ?>"),
    ("X-Up-Devcap-Post-Charset", "ibm500"),
    ("Authorization", "Basic YTpi"),
    ("X-Http-Method-Override", "DELETE"),
    ("Content-Disposition", "attachment"),
    ("Upgrade", "websocket"),
];

fn value(draw: &mut Draw) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..=draw.below(3) {
        match draw.below(40) {
            0 => out.push(draw.byte()),
            n => {
                if n < 15 && !out.is_empty() {
                    out.push(b' ');
                }
                out.extend_from_slice(PIECES[draw.below(PIECES.len())].as_bytes());
            }
        }
    }
    out
}

/// Percent-encodes what a client must, and now and then more or less.
fn encoded(draw: &mut Draw, text: &[u8]) -> Vec<u8> {
    let (all, raw) = (draw.below(10) == 0, draw.below(12) == 0);
    let mut out = Vec::new();
    for &byte in text {
        match byte {
            b' ' if !all => out.push(b'+'),
            _ if byte.is_ascii_alphanumeric() && !all => out.push(byte),
            0x21..=0x7e if raw && !matches!(byte, b'#' | b'&' | b'=') => out.push(byte),
            _ => out.extend_from_slice(format!("%{byte:02x}").as_bytes()),
        }
    }
    out
}

fn form(draw: &mut Draw, least: usize) -> Vec<u8> {
    const NAMES: [&str; 8] = ["a", "id", "q", "user[name]", "file", "x.y", "redirect_url", "text"];
    let mut out = Vec::new();
    for _ in 0..least + draw.below(3) {
        if !out.is_empty() {
            out.push(b'&');
        }
        let name = if draw.below(8) == 0 {
            value(draw)
        } else {
            NAMES[draw.below(NAMES.len())].as_bytes().to_vec()
        };
        out.extend(encoded(draw, &name));
        out.push(b'=');
        let value = value(draw);
        out.extend(encoded(draw, &value));
    }
    out
}

/// A value of a header: no line ends.
fn line(draw: &mut Draw) -> Vec<u8> {
    value(draw).into_iter().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)).collect()
}

fn draw_request(draw: &mut Draw) -> Request {
    const PATHS: [&str; 6] =
        ["/", "/index.html", "/a/b.php", "/api/v1/users", "/x/../y", "/.git/config"];
    const AGENTS: [&str; 4] =
        ["Mozilla/5.0 (X11; Linux x86_64) Firefox/120.0", "curl/8.0", "sqlmap/1.7", ""];
    let mut target = PATHS[draw.below(PATHS.len())].as_bytes().to_vec();
    if draw.below(3) > 0 {
        target.push(b'?');
        target.extend(form(draw, 1));
    }
    let mut headers: Vec<(&'static str, Vec<u8>)> = Vec::new();
    if draw.below(20) > 0 {
        headers.push(("Host", b"www.example.com".to_vec()));
    }
    headers.push(("User-Agent", AGENTS[draw.below(AGENTS.len())].into()));
    headers.push(("Accept", b"text/html,*/*;q=0.8".to_vec()));
    if draw.below(3) == 0 {
        let mut cookie = b"session=".to_vec();
        cookie.extend(line(draw));
        cookie.extend_from_slice(b"; b=1");
        headers.push(("Cookie", cookie));
    }
    if draw.below(5) == 0 {
        headers.push(("Referer", line(draw)));
    }
    if draw.below(8) == 0 {
        headers.push(("X-Custom", line(draw)));
    }
    let (kind, body): (&str, Vec<u8>) = match draw.below(6) {
        0 => ("application/x-www-form-urlencoded", form(draw, 1)),
        1 => {
            let text = String::from_utf8_lossy(&value(draw)).into_owned();
            let other = String::from_utf8_lossy(&value(draw)).into_owned();
            let json = serde_json::json!({"a": text, "b": [1, {"c": other}]});
            ("application/json", json.to_string().into_bytes())
        }
        2 => {
            let mut body = b"--0000\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".to_vec();
            // Line ends inside values are a known difference.
            body.extend(line(draw));
            body.extend_from_slice(
                b"\r\n--0000\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n\
                  Content-Type: text/plain\r\n\r\n",
            );
            body.extend(line(draw));
            body.extend_from_slice(b"\r\n--0000--\r\n");
            ("multipart/form-data; boundary=0000", body)
        }
        3 => {
            let text = String::from_utf8_lossy(&value(draw)).replace(['<', '&'], " ");
            let text: String = text.chars().filter(|c| !c.is_control()).collect();
            ("text/xml", format!("<a b=\"{}\">{text}</a>", text.replace('"', " ")).into_bytes())
        }
        _ => ("", Vec::new()),
    };
    for _ in 0..draw.below(5) / 3 {
        let (name, value) = ODDITIES[draw.below(ODDITIES.len())];
        headers.push((name, value.into()));
    }
    if kind.is_empty() {
        const METHODS: [&str; 8] =
            ["GET", "GET", "GET", "HEAD", "OPTIONS", "TRACE", "DELETE", "JEFF"];
        return Request { method: METHODS[draw.below(METHODS.len())], target, headers, body };
    }
    headers.push(("Content-Type", kind.into()));
    headers.push(("Content-Length", body.len().to_string().into_bytes()));
    Request { method: "POST", target, headers, body }
}

fn ours(rules: &Arc<RuleSet>, request: &Request) -> BTreeSet<u64> {
    let context = TransactionContext {
        now: 1_700_000_000_000_000,
        id: "170000000000.000000".into(),
        mode: None,
        collections: None,
    };
    let mut transaction = Transaction::new(Arc::clone(rules), context);
    let address = "127.0.0.1".parse().expect("an address");
    transaction.connection(address, 33_333, address, 80);
    transaction.request_line(request.method.as_bytes(), &request.target, b"HTTP/1.1");
    for (name, value) in &request.headers {
        transaction.request_header(name.as_bytes(), value);
    }
    transaction.request_headers();
    transaction.append_request_body(&request.body);
    transaction.request_body();
    transaction.response_header(b"Content-Type", b"text/html");
    transaction.response_headers(200, b"HTTP/1.1");
    transaction.response_body();
    transaction.finish();
    let matches = transaction.matches().iter();
    // The library lists what its audit log gets.
    matches.filter(|found| found.logged && found.audited).map(|found| found.rule_id).collect()
}

/// Rules that read `REQUEST_BODY`, and those that add up what they find. libmodsecurity
/// sets the variable for every body; the manual, and this engine, for markup and files
/// only when it is asked for.
fn rules_on_raw_bodies() -> BTreeSet<u64> {
    let mut ids = BTreeSet::from([949_110]);
    let files = std::fs::read_dir("/usr/share/modsecurity-crs/rules").expect("the rules");
    for file in files {
        let path = file.expect("an entry").path();
        let text = std::fs::read(path).expect("a file");
        let text = String::from_utf8_lossy(&text);
        let mut reads_body = false;
        for line in text.lines() {
            if line.starts_with("SecRule") {
                reads_body = line.contains("REQUEST_BODY");
            }
            let id = line.trim().strip_prefix("\"id:").and_then(|rest| rest.split(',').next());
            if let Some(id) = id.filter(|_| reads_body) {
                ids.insert(id.parse().expect("an id"));
            }
        }
    }
    ids
}

/// Whether a NUL is there, as it is or encoded up to three times.
fn holds_nul(text: &[u8]) -> bool {
    let mut text = text.to_vec();
    for _ in 0..3 {
        text = Transformation::UrlDecode.apply(&text, &UnicodeMap::default()).into_owned();
    }
    text.contains(&0)
}

#[test]
fn requests_agree_with_libmodsecurity() {
    if !Path::new("/usr/share/modsecurity-crs/rules").exists() {
        println!("skipped: the package modsecurity-crs is not installed");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("rules.conf");
    std::fs::write(&file, RULES).expect("written");
    let mut draw = Draw::new(61);
    let requests: Vec<Request> = (0..cases(400)).map(|_| draw_request(&mut draw)).collect();
    let questions: Vec<String> = requests
        .iter()
        .map(|request| {
            let mut question = format!(
                "R {} {} {}",
                hex(request.method.as_bytes()),
                hex(&request.target),
                hex(&request.body)
            );
            for (name, value) in &request.headers {
                question += &format!(" {}:{}", hex(name.as_bytes()), hex(value));
            }
            question
        })
        .collect();
    let Some(answers) = oracle::ask(&questions, Some(&file)) else { return };
    let mut loader = Loader::new();
    loader.file(&file).expect("the rules load");
    let rules = Arc::new(RuleSet::compile(loader.finish()).expect("the rules compile"));
    let on_raw_bodies = rules_on_raw_bodies();
    let mut by_rule: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (request, answer) in requests.iter().zip(&answers) {
        let theirs: BTreeSet<u64> =
            answer.split(' ').skip(1).map(|id| id.parse().expect("an id")).collect();
        let ours = ours(&rules, request);
        let raw = request
            .headers
            .iter()
            .any(|(name, value)| *name == "Content-Type" && !value.starts_with(b"application/"));
        let known = |id: &&u64| raw && on_raw_bodies.contains(id) || ORDER_DEPENDENT.contains(id);
        let missing = theirs
            .difference(&ours)
            .filter(|id| !known(id))
            .map(|id| format!("{id} did not match"));
        // 3.0.9 drops what follows a NUL in `cssDecode`, which these rules use.
        let values = request.headers.iter().map(|(_, value)| value);
        let mut parts = [&request.target, &request.body].into_iter().chain(values);
        let has_nul = parts.any(|text| holds_nul(text));
        let uncut = |id: &&u64| has_nul && (941_000..942_000).contains(*id);
        let extra = ours
            .difference(&theirs)
            .filter(|id| !known(id) && !uncut(id))
            .map(|id| format!("{id} matched"));
        for difference in missing.chain(extra) {
            let (count, _) = by_rule.entry(difference).or_insert_with(|| {
                let headers: Vec<String> = request
                    .headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", value.escape_ascii()))
                    .collect();
                let example = format!(
                    "{} {} [{}] {}",
                    request.method,
                    request.target.escape_ascii(),
                    headers.join(" | "),
                    request.body.escape_ascii()
                );
                (0, example)
            });
            *count += 1;
        }
    }
    let shown: Vec<String> = by_rule
        .iter()
        .map(|(difference, (count, example))| format!("{difference} ({count} times): {example}"))
        .collect();
    assert!(shown.is_empty(), "of {} requests:\n{}", requests.len(), shown.join("\n"));
}
