//! `marquis waf explain`: why was this request blocked, and what would let it through?

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr};
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

pub(super) fn explain(loaded: Loaded, settings: &Waf, request: &Path) -> Result<(), Failure> {
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
    let transaction = evaluate(loaded, &stage);
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

fn evaluate(loaded: Loaded, stage: &Stage) -> Transaction {
    let now = SystemClock.now().unix_timestamp_nanos() / 1_000;
    let context = TransactionContext {
        now: u64::try_from(now).unwrap_or(0),
        id: "explain".to_owned(),
        mode: None,
        collections: Some(Arc::new(MemoryCollections::default())),
    };
    let mut transaction = Transaction::new(Arc::new(loaded.rules), context);
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
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
            let plain =
                name.bytes().all(|byte| byte.is_ascii_graphic() && !b",'\"\\".contains(&byte));
            actions.push(match plain {
                true => format!("ctl:ruleRemoveTargetById={rule};{name}"),
                false => format!("ctl:ruleRemoveById={rule}"),
            });
        }
    }
    if actions.is_empty() {
        return None;
    }
    let path = stage.uri.split('?').next().unwrap_or("/");
    // Ids below 100,000 are reserved for installations.
    let id = 10_000 + path.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 80_000);
    Some(format!(
        "# Why: ...\nSecRule REQUEST_FILENAME \"@streq {}\" \\\n    \
         \"id:{id},phase:1,nolog,pass,t:none,\\\n    {}\"",
        path.replace('\\', "\\\\").replace('"', "\\\""),
        actions.join(",\\\n    "),
    ))
}
