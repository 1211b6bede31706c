//! `marquis config`: print or check the configuration; and how every command loads it.

use marquis_config::{Config, LoadOptions};

use crate::cli::Sources;
use crate::exit::{Code, Context as _, Failure, say};

/// The effective configuration.
pub fn load(sources: &Sources) -> Result<Config, Failure> {
    let options = options(sources);
    Config::load(&options).map_err(|errors| Failure::new(Code::Config, errors.to_string()))
}

/// Where the command line says that settings come from.
pub fn options(sources: &Sources) -> LoadOptions {
    let options = LoadOptions::from_process(sources.config.clone(), sources.environment.clone());
    match &sources.data_dir {
        Some(directory) => options.with("data_dir", directory.display().to_string(), "--data-dir"),
        None => options,
    }
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

/// `marquis config check`.
pub fn check(sources: &Sources) -> Result<(), Failure> {
    let config = load(sources)?;
    say(format_args!("The configuration is valid (environment {}).", config.environment));
    for finding in config.insecurities() {
        say(format_args!("  not for production: {finding}"));
    }
    Ok(())
}
