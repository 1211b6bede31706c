//! Rules composed at random match what they match in libmodsecurity.
//!
//! One file holds all rules of a run; every request meets every rule. Where a rule
//! inspects one value only, what it expands its data to is compared too.

use super::{Draw, cases, hex, oracle, unhex};
use marquis_waf::{RuleSet, Transaction, TransactionContext, seclang::Loader};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Targets with one value, so that the order of collections, which the library keeps in a
/// hash table, cannot matter.
const SINGLE: [&str; 25] = [
    "REQUEST_URI",
    "REQUEST_URI_RAW",
    "REQUEST_FILENAME",
    "REQUEST_BASENAME",
    "REQUEST_LINE",
    "REQUEST_METHOD",
    "REQUEST_PROTOCOL",
    "QUERY_STRING",
    "PATH_INFO",
    "AUTH_TYPE",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "SERVER_NAME",
    "SERVER_PORT",
    "REQUEST_HEADERS:User-Agent",
    "REQUEST_HEADERS:host",
    "REQUEST_HEADERS:X-One",
    "REQUEST_COOKIES:s",
    "ARGS:one",
    "ARGS_GET:One",
    "&ARGS",
    "&ARGS:one",
    "&REQUEST_HEADERS",
    "&TX:nothing",
    "TX:mark",
];

const MANY: [&str; 25] = [
    "ARGS",
    "ARGS_GET",
    "ARGS_POST",
    "ARGS_NAMES",
    "ARGS_GET_NAMES",
    "ARGS_POST_NAMES",
    "ARGS:/^o/",
    "ARGS:'/N/'",
    "REQUEST_HEADERS",
    "REQUEST_HEADERS:/^X-/",
    "REQUEST_HEADERS_NAMES",
    "REQUEST_COOKIES",
    "REQUEST_COOKIES_NAMES",
    "REQUEST_COOKIES:/s/",
    "TX:/^m/",
    "!ARGS:one",
    "!ARGS:/t/",
    "!REQUEST_HEADERS:host",
    "!REQUEST_COOKIES:/^s/",
    "!REQUEST_HEADERS:/-/",
    "&ARGS:/o/",
    "&REQUEST_COOKIES:/^s/",
    "REMOTE_USER",
    "&REQUEST_COOKIES_NAMES",
    "REQUEST_URI",
];

const WORDS: [&str; 20] = [
    "select",
    "a",
    "1",
    "%{tx.mark}",
    "x y",
    "/etc",
    "one",
    "two",
    "%{REQUEST_METHOD}",
    "S",
    "union",
    "12",
    "5",
    "é",
    "%{ARGS.one}",
    "%{request_headers.host}",
    "script",
    "..",
    "=",
    "127",
];

const EXPRESSIONS: [&str; 26] = [
    "a",
    "(\\w+) (\\w+)",
    "(?i)SELECT\\b.*?\\bfrom",
    "^[^?]*$",
    "(a)|(b)|(1)",
    "\\d{1,3}",
    "(?:^|\\W)one",
    "x(?=y)",
    "(?<!a)b",
    "(.)\\1",
    ".",
    "[^a-z0-9]",
    "(?s)a.b",
    "^.{0,5}$",
    "\\.\\./",
    "[\\\"`]",
    "<[^>]*>",
    "(\\d)(\\d)?",
    "(?:(a)|b)+",
    "%[0-9a-f]{2}",
    "\\x41|\\x0a",
    "host|agent",
    "^\\p{Lu}",
    "\\pN\\P{L}|\\p{^L}a",
    "[\\p{Ll}\\p{P}]{3}",
    "/",
];

const TRANSFORMATIONS: [&str; 25] = [
    "lowercase",
    "uppercase",
    "urlDecode",
    "urlDecodeUni",
    "htmlEntityDecode",
    "jsDecode",
    "escapeSeqDecode",
    "trim",
    "trimLeft",
    "trimRight",
    "removeWhitespace",
    "compressWhitespace",
    "removeNulls",
    "replaceNulls",
    "normalizePath",
    "normalisePathWin",
    "length",
    "md5",
    "base64Encode",
    "base64Decode",
    "cmdLine",
    "removeComments",
    "replaceComments",
    "urlEncode",
    "sqlHexDecode",
];

const TEXTS: [&str; 26] = [
    "select a from b",
    "a",
    "ab",
    "1",
    "12",
    "127.0.0.1",
    "x y",
    "xy",
    "/etc/passwd",
    "one",
    "two one",
    "' or 1=1 --",
    "<script>alert(1)</script>",
    "é",
    "aa",
    "A\nB",
    "a.b",
    "..",
    "../../x",
    "one_two",
    "2one",
    "SeLeCt",
    "%41",
    "&lt;",
    "5",
    "",
];

fn operator(draw: &mut Draw) -> String {
    let word = |draw: &mut Draw| WORDS[draw.below(WORDS.len())];
    let number = |draw: &mut Draw| {
        if draw.below(6) == 0 { "%{tx.number}".to_owned() } else { draw.below(14).to_string() }
    };
    let text = match draw.below(24) {
        0..=6 => format!("@rx {}", EXPRESSIONS[draw.below(EXPRESSIONS.len())]),
        7 => EXPRESSIONS[1 + draw.below(9)].to_owned(),
        8 => format!("@contains {}", word(draw)),
        9 => format!("@containsWord {}", word(draw)),
        10 => format!("@beginsWith {}", word(draw)),
        11 => format!("@endsWith {}", word(draw)),
        12 => format!("@streq {}", word(draw)),
        13 => format!("@within {} {} {}", word(draw), word(draw), word(draw)),
        14 => format!("@strmatch {}", word(draw)),
        15 => format!("@pm {} select script", ["a", "one", "1 2", "Agent"][draw.below(4)]),
        16 => format!("@{} {}", ["eq", "gt", "ge", "lt", "le"][draw.below(5)], number(draw)),
        17 => format!("@validateByteRange {}", ["32-126", "1-255", "0-31", "97"][draw.below(4)]),
        18 => ["@validateUrlEncoding", "@validateUtf8Encoding"][draw.below(2)].to_owned(),
        19 => ["@detectSQLi", "@detectXSS"][draw.below(2)].to_owned(),
        20 => "@unconditionalMatch".to_owned(),
        21 => format!("@ipMatch {}", ["127.0.0.1", "127.0.0.0/8,::1", "10.0.0.0/8"][draw.below(3)]),
        22 => format!("@rxGlobal {}", ["(a)", "\\d", "(\\w)(\\W)", "[aeiou]"][draw.below(4)]),
        _ => format!("@eq {}", draw.below(4)),
    };
    let plain = !text.starts_with('@');
    if draw.below(5) == 0 && !plain { format!("!{text}") } else { text }
}

/// A target list, and whether it selects at most one value.
fn targets(draw: &mut Draw) -> (String, bool) {
    if draw.below(2) == 0 {
        return (SINGLE[draw.below(SINGLE.len())].into(), true);
    }
    let mut list = vec![MANY[draw.below(15)]];
    for _ in 0..draw.below(3) {
        let more = MANY[draw.below(MANY.len())];
        // The library reads two quoted selectors as one, and excludes counts now and then.
        if !(more.contains('\'') && list.contains(&more) || more.starts_with('&')) {
            list.push(more);
        }
    }
    (list.join("|"), false)
}

fn transformations(draw: &mut Draw) -> String {
    let mut text = String::new();
    if draw.below(3) > 0 {
        text += ",t:none";
    }
    for _ in 0..draw.below(4) {
        let _ = write!(text, ",t:{}", TRANSFORMATIONS[draw.below(TRANSFORMATIONS.len())]);
    }
    text
}

/// What the rules of a run are compared by.
struct Composed {
    text: String,
    /// The rule's data is defined.
    comparable: Vec<bool>,
}

fn compose(draw: &mut Draw, count: usize) -> Composed {
    let mut text = String::from(
        "SecRuleEngine DetectionOnly\nSecRequestBodyAccess On\n\
         SecDefaultAction \"phase:1,log,auditlog,pass\"\nSecDefaultAction \"phase:2,log,auditlog,pass,t:lowercase\"\n\
         SecAction \"id:100000,phase:1,nolog,pass,setvar:tx.mark=a,setvar:tx.number=5,setvar:'tx.many=one two'\"\n",
    );
    let mut comparable = Vec::new();
    for index in 1..=count {
        let phase = 1 + draw.below(2);
        let (list, single) = targets(draw);
        let operator_text = operator(draw);
        let chained = draw.below(4) == 0;
        let capture = draw.below(3) == 0;
        let mut actions = format!("id:{index},phase:{phase},pass,log,auditlog");
        actions += &transformations(draw);
        if capture {
            actions += ",capture";
        }
        // With a chain, the library logs before the chain is decided.
        if draw.below(8) == 0 && !chained {
            actions += ",multiMatch";
        }
        match draw.below(8) {
            0 => {
                let _ = write!(actions, ",setvar:tx.c{index}=+{}", draw.below(9));
            }
            // The name depends on the order of the collection.
            1 if single => {
                let _ = write!(actions, ",setvar:'tx.c{index}=%{{tx.mark}}-%{{MATCHED_VAR_NAME}}'");
            }
            2 => {
                let _ = write!(actions, ",setvar:tx.c{}", draw.below(index));
            }
            3 => {
                let _ = write!(actions, ",setvar:!tx.c{}", draw.below(index));
            }
            4 => {
                let _ = write!(actions, ",setvar:tx.number=-1");
            }
            _ => {}
        }
        if draw.below(12) == 0 {
            {
                let _ = write!(actions, ",ctl:ruleRemoveById={}", draw.below(count) + 1);
            };
        }
        if draw.below(16) == 0 {
            {
                let _ =
                    write!(actions, ",ctl:ruleRemoveTargetById={};ARGS:two", draw.below(count) + 1);
            };
        }
        if draw.below(12) == 0 {
            {
                let _ = write!(actions, ",tag:'t{}'", draw.below(4));
            };
        }
        if draw.below(30) == 0 {
            {
                let _ = write!(actions, ",ctl:ruleRemoveByTag=t{}", draw.below(4));
            };
        }
        // The library carries what is left to skip into the next phase.
        if draw.below(24) == 0 && !chained && index + 12 < count {
            {
                let _ = write!(actions, ",skip:{}", 1 + draw.below(2));
            };
        }
        let chain = chained.then(|| match draw.below(4) {
            0 if single => ("MATCHED_VAR".to_owned(), true),
            1 if single && capture && operator_text.starts_with("@rx ") => {
                ("TX:0".to_owned(), true)
            }
            _ => targets(draw),
        });
        let data = if single && chain.as_ref().is_none_or(|(_, single)| *single) {
            // What an earlier rule captured from a collection depends on its order.
            let captures = match (capture, operator_text.as_str()) {
                (true, text) if text.starts_with('!') => "",
                (true, rx)
                    if !chained && ["(\\w+) (", "(.)", "(\\d)("].iter().any(|g| rx.contains(g)) =>
                {
                    "|%{TX.0}|%{TX.1}"
                }
                (true, text) if !chained && text.contains("@rx ") => "|%{TX.0}",
                (true, text) if !chained && text.starts_with("@pm") => "|%{TX.0}",
                _ => "",
            };
            format!(
                ",logdata:'%{{MATCHED_VAR}}|%{{MATCHED_VAR_NAME}}{captures}|%{{tx.c{}}}'",
                draw.below(index)
            )
        } else {
            String::new()
        };
        actions += &data;
        comparable.push(!data.is_empty());
        let negated = draw.below(2) == 0;
        if chained {
            actions += ",chain";
        }
        let _ = writeln!(text, "SecRule {list} \"{operator_text}\" \"{actions}\"");
        if let Some((list, _)) = chain {
            let more = format!(",t:none{}", transformations(draw).replace(",t:none", ""));
            let own = if negated { ",setvar:tx.d=+1" } else { "" };
            let _ = writeln!(
                text,
                "  SecRule {list} \"{}\" \"{}\"",
                operator(draw),
                format!("{more}{own}").trim_start_matches(',')
            );
        }
    }
    Composed { text, comparable }
}

struct Asked {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'0'..=b'9' | b'A'..=b'z' | b'.' | b'/' | b'(' | b')' | b'%' => out.push(byte as char),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn asked(draw: &mut Draw) -> Asked {
    const NAMES: [&str; 6] = ["one", "two", "One", "other", "x", "t%20o"];
    let text = |draw: &mut Draw| TEXTS[draw.below(TEXTS.len())];
    let form = |draw: &mut Draw| {
        let mut out = String::new();
        let mut used: Vec<&str> = Vec::new();
        for _ in 0..draw.below(4) {
            let name = NAMES[draw.below(NAMES.len())];
            // Of members with one name, which comes first is a matter of the hash table.
            if used.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                continue;
            }
            used.push(name);
            if !out.is_empty() {
                out.push('&');
            }
            let _ = write!(out, "{name}={}", encoded(text(draw)));
        }
        out
    };
    let mut target =
        ["/", "/index.php", "/a/../b", "/x%20y", "//a", "/etc/passwd;x"][draw.below(6)].to_owned();
    let query = form(draw);
    if !query.is_empty() {
        target = format!("{target}?{query}");
    }
    let line = |text: &str| text.replace('\n', " ");
    let mut headers = vec![("Host", "127.0.0.1:80".to_owned())];
    headers.push(("User-Agent", line(text(draw))));
    if draw.below(2) == 0 {
        headers.push(("X-One", line(text(draw))));
    }
    if draw.below(3) == 0 {
        headers.push(("Referer", line(text(draw))));
    }
    if draw.below(3) == 0 {
        headers.push(("Cookie", format!("s={}; t=2", line(text(draw)).replace([';', '='], ""))));
    }
    if draw.below(5) == 0 {
        headers.push(("Authorization", "Basic YWxpY2U6c2VjcmV0".into()));
    }
    if draw.below(3) == 0 && query.is_empty() {
        headers.push(("Content-Type", "application/x-www-form-urlencoded".into()));
        return Asked { method: "POST", target, headers, body: form(draw) };
    }
    Asked { method: "GET", target, headers, body: String::new() }
}

fn ours(rules: &Arc<RuleSet>, asked: &Asked) -> BTreeMap<u64, Vec<u8>> {
    let context = TransactionContext {
        now: 1_700_000_000_000_000,
        id: "170000000000.000000".into(),
        mode: None,
        collections: None,
    };
    let mut transaction = Transaction::new(Arc::clone(rules), context);
    let address = "127.0.0.1".parse().expect("an address");
    transaction.connection(address, 33_333, address, 80);
    transaction.request_line(asked.method.as_bytes(), asked.target.as_bytes(), b"HTTP/1.1");
    for (name, value) in &asked.headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    transaction.request_headers();
    transaction.append_request_body(asked.body.as_bytes());
    transaction.request_body();
    transaction.response_header(b"Content-Type", b"text/html");
    transaction.response_headers(200, b"HTTP/1.1");
    transaction.response_body();
    transaction.finish();
    let logged = transaction.matches().iter().filter(|found| found.logged && found.audited);
    logged.map(|found| (found.rule_id, found.data.clone().into_bytes())).collect()
}

#[test]
fn composed_rules_agree_with_libmodsecurity() {
    let mut differences: BTreeMap<u64, String> = BTreeMap::new();
    let rounds = cases(400).div_ceil(200);
    for round in 0..rounds {
        let mut draw = Draw::new(700 + round as u64);
        let composed = compose(&mut draw, 150);
        let all: Vec<Asked> = (0..120).map(|_| asked(&mut draw)).collect();
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("rules.conf");
        std::fs::write(&file, &composed.text).expect("written");
        let questions: Vec<String> = all
            .iter()
            .map(|asked| {
                let mut question = format!(
                    "Q {} {} {}",
                    hex(asked.method.as_bytes()),
                    hex(asked.target.as_bytes()),
                    hex(asked.body.as_bytes())
                );
                for (name, value) in &asked.headers {
                    let _ = write!(question, " {}:{}", hex(name.as_bytes()), hex(value.as_bytes()));
                }
                question
            })
            .collect();
        let Some(answers) = oracle::ask(&questions, Some(&file)) else { return };
        let mut loader = Loader::new();
        loader.file(&file).expect("the rules load");
        let rules = Arc::new(RuleSet::compile(loader.finish()).expect("the rules compile"));
        for (asked, answer) in all.iter().zip(&answers) {
            let theirs: BTreeMap<u64, Vec<u8>> = answer
                .split(' ')
                .skip(1)
                .map(|found| {
                    let (id, data) = found.split_once(':').expect("id:data");
                    (id.parse().expect("an id"), unhex(data))
                })
                .collect();
            let ours = ours(&rules, asked);
            // A difference makes others by the variables it sets; only the first counts.
            let ids: std::collections::BTreeSet<u64> =
                ours.keys().chain(theirs.keys()).copied().collect();
            for id in ids {
                let index = usize::try_from(id).expect("small");
                let (mine, other) = (ours.get(&id), theirs.get(&id));
                let same = mine.is_some() == other.is_some()
                    && (!composed.comparable.get(index - 1).copied().unwrap_or(false)
                        || mine.map(|m| String::from_utf8_lossy(m).into_owned())
                            == other.map(|o| String::from_utf8_lossy(o).into_owned()));
                if same {
                    continue;
                }
                let begin = composed.text.find(&format!("\"id:{index},")).expect("the rule");
                let line = composed.text[..begin].rfind('\n').map_or(0, |at| at + 1);
                // What may have removed or skipped it stands before it.
                let named = [
                    format!("ruleRemoveById={index},"),
                    format!("ruleRemoveById={index}\""),
                    format!("ruleRemoveTargetById={index};"),
                ];
                let rule: String = composed
                    .text
                    .lines()
                    .filter(|l| {
                        l.contains("skip:")
                            || l.contains("ruleRemoveByTag")
                            || named.iter().any(|name| l.contains(name))
                    })
                    .chain(composed.text[line..].lines().take(2))
                    .collect::<Vec<_>>()
                    .join("\n    ");
                let show = |data: Option<&Vec<u8>>| {
                    data.map_or("no match".to_owned(), |d| format!("[{}]", d.escape_ascii()))
                };
                differences.entry(round as u64 * 1000 + id).or_insert_with(|| {
                    format!(
                        "{rule}\n  on {} {} {:?} {}\n  ours {} theirs {}",
                        asked.method,
                        asked.target.escape_debug(),
                        asked.headers,
                        asked.body.escape_debug(),
                        show(mine),
                        show(other)
                    )
                });
                break;
            }
        }
    }
    let shown: Vec<&str> = differences.values().take(25).map(String::as_str).collect();
    assert!(shown.is_empty(), "{} rules differ:\n{}", differences.len(), shown.join("\n"));
}
