//! `marquis waf`: the firewall's rules, looked at without a gateway.

mod explain;

use std::collections::BTreeMap;
use std::net::ToSocketAddrs as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use marquis_config::Config;
use marquis_config::sections::waf::{Waf, WafMode};
use marquis_gateway::waf::{Crs, Loaded};
use marquis_waf::RuleSet;
use marquis_waf::seclang::Loader;
use marquis_waf_suite::http::{Log, Target};
use marquis_waf_suite::{Report, Test};

use crate::cli::{WafCommand, WafTest};
use crate::exit::{Code, Context as _, Failure, announce, say};

/// Runs the command.
pub fn run(config: &Config, command: WafCommand) -> Result<(), Failure> {
    let settings = &config.gateway.waf;
    match command {
        WafCommand::Check { files } if files.is_empty() => check_configured(settings),
        WafCommand::Check { files } => check(&files),
        WafCommand::Test(options) => test(settings, &options),
        WafCommand::Explain { request, paranoia, address } => {
            let mut settings = settings.clone();
            settings.paranoia_level = level(paranoia, &settings)?;
            if settings.engine == WafMode::Off {
                settings.engine = WafMode::On;
            }
            explain::explain(load(&settings)?, &settings, &request, address)
        }
    }
}

fn level(asked: Option<u8>, settings: &Waf) -> Result<u8, Failure> {
    match asked {
        None => Ok(settings.paranoia_level),
        Some(level @ 1..=4) => Ok(level),
        Some(_) => Err(Failure::new(Code::Config, "a paranoia level is between 1 and 4")),
    }
}

/// The rules as the gateway loads them.
fn load(settings: &Waf) -> Result<Loaded, Failure> {
    let loaded = marquis_gateway::waf::load(settings)
        .or_fail(Code::No, "the firewall's rules cannot be loaded")?;
    if let Crs::Missing(directory) = &loaded.crs {
        announce(format_args!(
            "The Core Rule Set is not in {}: only the rules built in and your own are loaded.\n\
             Install the Debian package modsecurity-crs, or set gateway.waf.crs.",
            directory.display()
        ));
    }
    Ok(loaded)
}

fn check_configured(settings: &Waf) -> Result<(), Failure> {
    let loaded = load(settings)?;
    let crs = match &loaded.crs {
        Crs::Loaded(from) => from.display().to_string(),
        Crs::Missing(_) => "missing".to_owned(),
        Crs::Unwanted => "none".to_owned(),
    };
    say(format_args!("Core Rule Set    {crs}"));
    say(format_args!("Paranoia level   {}", settings.paranoia_level));
    describe(&loaded.rules, loaded.took.as_millis());
    Ok(())
}

fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let started = Instant::now();
    let mut loader = Loader::new();
    for file in files {
        let loaded = loader.file(&std::path::absolute(file).unwrap_or_else(|_| file.clone()));
        loaded.or_fail(Code::No, "the rules cannot be loaded")?;
    }
    let rules = RuleSet::compile(loader.finish());
    let rules = rules.or_fail(Code::No, "the rules cannot be loaded")?;
    describe(&rules, started.elapsed().as_millis());
    Ok(())
}

fn describe(rules: &RuleSet, millis: u128) {
    say(format_args!("Files            {}", rules.files().len()));
    let phases = rules.by_phase();
    let names = ["headers", "body", "answer's headers", "answer's body", "logging"];
    say(format_args!("Rules            {} in {millis} ms", rules.len()));
    for ((number, count), name) in phases.iter().enumerate().zip(names) {
        say(format_args!("  phase {}        {count:>4}  {name}", number + 1));
    }
    for warning in rules.warnings() {
        say(format_args!("Warning          {warning}"));
    }
}

fn test(settings: &Waf, options: &WafTest) -> Result<(), Failure> {
    let mut tests: Vec<Test> = Vec::new();
    for suite in &options.suites {
        tests.extend(marquis_waf_suite::read(suite).or_fail(Code::Io, "the suite cannot be read")?);
    }
    if tests.is_empty() {
        return Err(Failure::new(Code::Io, "there are no tests in these files"));
    }
    let started = Instant::now();
    let report = match &options.url {
        Some(url) => over_http(url, options.match_log.as_deref(), &tests)?,
        None => in_process(settings, options, &tests)?,
    };
    if options.json {
        let text = serde_json::to_string_pretty(&report);
        say(text.or_fail(Code::Internal, "the report cannot be printed")?);
    } else {
        for (title, why) in report.failed() {
            say(format_args!("failed  {title}: {}", why.join(", ")));
        }
    }
    let (passed, failed, skipped) = (report.passed(), report.failed().count(), report.skipped());
    announce(format_args!(
        "{passed} passed, {failed} failed, {skipped} ask for nothing that can be seen here, \
         in {:.1} s",
        started.elapsed().as_secs_f64()
    ));
    if failed == 0 {
        return Ok(());
    }
    Err(Failure::new(Code::No, format!("{failed} of {} tests failed", tests.len())))
}

/// Rules only detect in a suite: otherwise the first that blocks hides the others.
fn in_process(settings: &Waf, options: &WafTest, tests: &[Test]) -> Result<Report, Failure> {
    let mut settings = settings.clone();
    settings.engine = WafMode::Detection;
    settings.paranoia_level = level(options.paranoia, &settings)?;
    settings.rules_before.extend(options.rules.iter().map(|path| path.display().to_string()));
    let rules = Arc::new(load(&settings)?.rules);
    Ok(marquis_waf_suite::engine::run(&rules, tests))
}

fn over_http(url: &str, log: Option<&Path>, tests: &[Test]) -> Result<Report, Failure> {
    let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let Some(authority) = authority.filter(|authority| !authority.contains('/')) else {
        return Err(Failure::new(
            Code::Config,
            format!("{url} is not of the form http://host:port"),
        )
        .remedy(
            "suites send requests that no TLS client library would: use a plain listener \
                     (gateway.http, gateway.plain = \"serve\")",
        ));
    };
    let with_port =
        if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let address = with_port
        .to_socket_addrs()
        .or_fail(Code::Unavailable, format!("{authority} cannot be resolved"))?
        .next()
        .ok_or_else(|| Failure::new(Code::Unavailable, format!("{authority} has no address")))?;
    let log = log.map_or(Log::None, |path| Log::Matches(path.to_owned()));
    let target = Target { address, log };
    target.run(tests, |_| {}).or_fail(Code::Unavailable, format!("{url} cannot be tested"))
}

/// Rules that only sum up what others found: excluding them would exclude everything.
fn sums_up(rule: u64) -> bool {
    matches!(rule / 1_000, 949 | 959 | 980)
}

/// By rule, the variables it matched on.
type Found = BTreeMap<u64, Vec<String>>;
