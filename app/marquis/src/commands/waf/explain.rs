//! `marquis waf explain`: why was this request blocked, and what would let it through?

use std::fmt::Write as _;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use marquis_config::sections::waf::Waf;
use marquis_gateway::waf::Loaded;
use marquis_kernel::{Clock as _, SystemClock};
use marquis_waf::{
    InterventionKind, MemoryCollections, RuleMatch, Transaction, TransactionContext,
};
use marquis_waf_suite::Stage;

use super::{Found, sums_up};
use crate::exit::{Code, Context as _, Failure, say};

/// Longest part of a value that is shown.
const SHOWN: usize = 100;

pub(super) fn explain(
    loaded: Loaded,
    settings: &Waf,
    request: &Path,
    address: IpAddr,
) -> Result<(), Failure> {
    let raw = if request == Path::new("-") {
        let mut raw = Vec::new();
        std::io::stdin().read_to_end(&mut raw).or_fail(Code::Io, "the request cannot be read")?;
        raw
    } else {
        std::fs::read(request).or_fail(Code::Io, format!("{} cannot be read", request.display()))?
    };
    let stage = Stage::from_wire(&raw);
    if stage.method.is_empty() || stage.header("host").is_none() {
        return Err(Failure::new(Code::Io, "this is not an HTTP request")
            .remedy("a file begins with a line such as: GET /path?query HTTP/1.1")
            .remedy("then header fields (Host at least), an empty line, and the body"));
    }
    let transaction = evaluate(loaded, &stage, address);
    say(format_args!("{} {} {}", stage.method, stage.uri, stage.version));
    say(decision(&transaction, settings));
    match transaction.limits_exceeded() {
        0 => {}
        count => say(format_args!(
            "{count} evaluations of expressions ran out of steps (SecPcreMatchLimit): they decided \
             nothing."
        )),
    }
    let told: Vec<&RuleMatch> =
        transaction.matches().iter().filter(|found| found.logged || found.disruptive).collect();
    if told.is_empty() {
        say("\nNo rule matched.");
        return Ok(());
    }
    say("");
    for found in &told {
        describe(found);
    }
    if let Some(text) = exclusion(&stage, &told) {
        say(
            "\nIf this request is harmless, put this into a file named in gateway.waf.rules_before",
        );
        say("(saving the file is enough, the gateway reads it again), with your reason:\n");
        say(text);
    }
    Ok(())
}

fn evaluate(loaded: Loaded, stage: &Stage, address: IpAddr) -> Transaction {
    let now = SystemClock.now().unix_timestamp_nanos() / 1_000;
    let context = TransactionContext {
        now: u64::try_from(now).unwrap_or(0),
        id: "explain".to_owned(),
        mode: None,
        collections: Some(Arc::new(MemoryCollections::default())),
    };
    let mut transaction = Transaction::new(Arc::new(loaded.rules), context);
    transaction.connection(address, 40_000, address, 443);
    let (method, uri, version) = (&stage.method, &stage.uri, &stage.version);
    transaction.request_line(method.as_bytes(), uri.as_bytes(), version.as_bytes());
    for (name, value) in &stage.headers {
        // The gateway sees names in lower case.
        transaction.request_header(name.to_ascii_lowercase().as_bytes(), value.as_bytes());
    }
    transaction.request_headers();
    transaction.append_request_body(&stage.body);
    transaction.request_body();
    transaction.finish();
    transaction
}

fn decision(transaction: &Transaction, settings: &Waf) -> String {
    let score = ["anomaly_score", "blocking_inbound_anomaly_score"]
        .iter()
        .find_map(|name| transaction.tx(name));
    let score = score.map_or_else(String::new, |score| {
        format!(
            "\nAnomaly score {score}, refused from {}; paranoia level {}.",
            settings.inbound_threshold, settings.paranoia_level
        )
    });
    let Some(intervention) = transaction.intervention() else {
        return format!("Passes.{score}");
    };
    let rule = intervention.rule_id.map_or_else(
        || "by the limit on bodies (gateway.waf.body, body_without_files)".to_owned(),
        |id| format!("by rule {id}"),
    );
    match &intervention.kind {
        InterventionKind::Redirect(location) => format!("Redirected to {location} {rule}.{score}"),
        _ => format!("Refused with {} {rule}.{score}", intervention.status),
    }
}

fn describe(found: &RuleMatch) {
    let severity = found.severity.unwrap_or("-");
    say(format_args!(
        "{:<7} phase {}  {severity:<9} {}",
        found.rule_id, found.phase, found.message
    ));
    for variable in &found.variables {
        say(format_args!("          {} = {:?}", variable.name, cut(&variable.value)));
    }
    say(format_args!("          {}:{}", found.file, found.line));
}

fn cut(value: &str) -> String {
    let mut text: String = value.chars().take(SHOWN).collect();
    if text.len() < value.len() {
        text.push('…');
    }
    text
}

/// A rule that takes exactly these variables from exactly these rules, on this path only.
fn exclusion(stage: &Stage, matches: &[&RuleMatch]) -> Option<String> {
    let mut found = Found::new();
    for one in matches.iter().filter(|one| !sums_up(one.rule_id)) {
        let names = found.entry(one.rule_id).or_default();
        for variable in &one.variables {
            if !variable.name.starts_with("TX:") && !names.contains(&variable.name) {
                names.push(variable.name.clone());
            }
        }
    }
    let mut actions = Vec::new();
    for (rule, names) in &found {
        if names.is_empty() {
            actions.push(format!("ctl:ruleRemoveById={rule}"));
        }
        for name in names {
            // A name the language cannot write inside a list of actions: the whole rule goes.
            let action = match is_plain(name) {
                true => format!("ctl:ruleRemoveTargetById={rule};{name}"),
                false => format!("ctl:ruleRemoveById={rule}"),
            };
            if !actions.contains(&action) {
                actions.push(action);
            }
        }
    }
    if actions.is_empty() {
        return None;
    }
    let (condition, actions) = (condition(&stage.uri), actions.join(",\\\n    "));
    // Ids below 100,000 are reserved for installations. Exclusions for the same path stand side
    // by side, so that the id follows from all that one says.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in condition.bytes().chain(actions.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let id = 10_000 + hash % 90_000;
    Some(format!(
        "# Why: ...\nSecRule REQUEST_FILENAME \"{condition}\" \\\n    \
         \"id:{id},phase:1,nolog,pass,t:none,\\\n    {actions}\"",
    ))
}

/// Whether a variable's name can stand in an action and means itself there: what begins with a
/// slash is an expression, but in XML.
fn is_plain(name: &str) -> bool {
    let (collection, member) = name.split_once(':').unwrap_or((name, ""));
    name.bytes().all(|byte| byte.is_ascii_graphic() && !b",'\"\\|".contains(&byte))
        && !name.contains("%{")
        && (collection == "XML" || !member.starts_with('/'))
}

/// The operator that finds the path of a target as rules see it: decoded, without the query.
fn condition(uri: &str) -> String {
    let raw = uri.split(['?', '#']).next().unwrap_or(uri).as_bytes();
    let mut path = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        let hex = |place: usize| raw.get(place).and_then(|&byte| char::from(byte).to_digit(16));
        match (raw[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                path.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 3;
            }
            (byte, ..) => {
                path.push(byte);
                at += 1;
            }
        }
    }
    let text = std::str::from_utf8(&path).ok();
    let is_clear = |text: &&str| {
        !text.contains("%{")
            && !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '"' || c == '\\')
    };
    if let Some(text) = text.filter(is_clear) {
        return format!("@streq {text}");
    }
    // Anything may stand in an expression, as the number of its byte.
    let mut expression = String::from("@rx ^");
    for byte in path {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' => {
                expression.push(char::from(byte));
            }
            other => {
                // A string takes whatever is written to it.
                let _ = write!(expression, "\\x{other:02x}");
            }
        }
    }
    expression.push('$');
    expression
}

#[cfg(test)]
mod tests {
    use super::*;
    use marquis_config::{Config, Environment};

    const OWN: &str = "SecRule ARGS \"@contains evil\" \"id:7001,phase:2,deny,status:403,log\"\n\
        SecRule ARGS_NAMES \"@contains bad\" \"id:7002,phase:2,deny,status:403,log\"\n";

    fn stage(wire: &str) -> Stage {
        Stage::from_wire(wire.as_bytes())
    }

    fn get(target: &str, agent: &str) -> Stage {
        stage(&format!("GET {target} HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent}\r\n\r\n"))
    }

    /// The evaluation with these exclusions before all rules.
    fn with(exclusions: &str, stage: &Stage) -> Transaction {
        let dir = tempfile::tempdir().unwrap();
        let (before, after) = (dir.path().join("before.conf"), dir.path().join("after.conf"));
        std::fs::write(&before, exclusions).unwrap();
        std::fs::write(&after, OWN).unwrap();
        let mut waf = Config::defaults(Environment::Test).unwrap().gateway.waf;
        waf.crs = std::path::PathBuf::new();
        waf.rules_before = vec![before.display().to_string()];
        waf.rules = vec![after.display().to_string()];
        let loaded = marquis_gateway::waf::load(&waf).expect("the exclusions can be loaded");
        evaluate(loaded, stage, "203.0.113.1".parse().unwrap())
    }

    fn suggestion(before: &str, stage: &Stage) -> String {
        let transaction = with(before, stage);
        assert!(transaction.intervention().is_some(), "{} is not refused", stage.uri);
        let told: Vec<&RuleMatch> = transaction.matches().iter().filter(|m| m.logged).collect();
        exclusion(stage, &told).expect("an exclusion")
    }

    #[test]
    fn what_is_printed_lets_the_request_through() {
        let form = "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: \
            application/x-www-form-urlencoded\r\n\r\n4\r\na=ev\r\n2\r\nil\r\n0\r\n\r\n";
        for stage in [
            get("/x?q=evil", "curl"),
            get("/find%20me/a?q=evil", "curl"),
            get("/%25%7bTX.a%7d?q=evil", "curl"),
            get("/a%22b%5c%0a%ff?q=evil", "curl"),
            get("/%D0%BC%D0%B8%D1%80?q=evil", "curl"),
            get("http://x/absolute?q=evil", "curl"),
            get("/x?%2fy%2f=evil", "curl"),
            get("/x?%2fbad=1", "curl"),
            get("/x?a|b=evil&c%20d=evil&%25%7bTX.x%7d=evil", "curl"),
            get("/x", "sqlmap"),
            get("/api/admin", "curl"),
            stage(form),
        ] {
            let text = suggestion("", &stage);
            let after = with(&text, &stage);
            assert!(after.intervention().is_none(), "{} with {text}", stage.uri);
        }
        let narrow = suggestion("", &get("/x?%2fy%2f=evil", "curl"));
        assert!(narrow.contains("ctl:ruleRemoveById=7001"), "{narrow}");
        let other = with(&suggestion("", &get("/x?q=evil", "curl")), &get("/x?z=evil", "curl"));
        assert!(other.intervention().is_some(), "other arguments are still looked at");
    }

    #[test]
    fn exclusions_for_one_path_stand_side_by_side() {
        let (first, second) = (get("/x?q=evil", "curl"), get("/x?z=evil", "curl"));
        let one = suggestion("", &first);
        let both = format!("{one}\n{}\n", suggestion(&one, &second));
        assert!(with(&both, &first).intervention().is_none(), "{both}");
        assert!(with(&both, &second).intervention().is_none(), "{both}");
    }
}
