//! `marquis config`: print or check the configuration; and how every command loads it.

use std::path::PathBuf;

use marquis_config::{Config, LoadOptions};
use marquis_gateway::{Gateway, Premises};
use marquis_kernel::SystemClock;

use crate::cli::Sources;
use crate::databases::SERVICES;
use crate::edge;
use crate::exit::{Code, Context as _, Failure, say};

/// The effective configuration.
pub fn load(sources: &Sources) -> Result<Config, Failure> {
    read(&options(sources))
}

/// The configuration from these sources.
pub fn read(options: &LoadOptions) -> Result<Config, Failure> {
    Config::load(options).map_err(|errors| Failure::new(Code::Config, errors.to_string()))
}

/// Where the command line says that settings come from.
pub fn options(sources: &Sources) -> LoadOptions {
    let options = LoadOptions::from_process(sources.config.clone(), sources.environment.clone());
    match &sources.data_dir {
        Some(directory) => options.with("data_dir", directory.display().to_string(), "--data-dir"),
        None => options,
    }
}

/// The sources with a match log of the firewall.
pub fn with_match_log(options: LoadOptions, file: &Option<PathBuf>) -> LoadOptions {
    match file {
        Some(file) => options.with(
            "gateway.waf.match_log.path",
            file.display().to_string(),
            "--waf-match-log",
        ),
        None => options,
    }
}

/// In production, a configuration that must not be used there.
pub fn refuse_insecure(config: &Config) -> Result<(), Failure> {
    let findings = config.insecurities();
    if !config.environment.is_production() || findings.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(Code::Config, "these settings must not be used in production");
    Err(findings.iter().fold(failure, |failure, finding| failure.remedy(finding.to_string())))
}

/// `marquis config print`.
pub fn print(sources: &Sources, default: bool) -> Result<(), Failure> {
    if default {
        say(Config::default_toml().trim_end());
        return Ok(());
    }
    let text =
        load(sources)?.to_toml().or_fail(Code::Internal, "the configuration cannot be printed")?;
    say(text.trim_end());
    Ok(())
}

/// `marquis config check`: refuses what a start would refuse.
pub fn check(sources: &Sources) -> Result<(), Failure> {
    let config = load(sources)?;
    refuse_insecure(&config)?;
    let premises = Premises {
        environment: config.environment,
        services: &SERVICES,
        data_dir: &config.data_dir,
    };
    Gateway::check(&edge::settings(&config), premises, &SystemClock::shared())
        .or_fail(Code::Config, "the gateway would not start")?;
    say(format_args!("The configuration is valid (environment {}).", config.environment));
    for finding in config.insecurities() {
        say(format_args!("  not for production: {finding}"));
    }
    Ok(())
}
