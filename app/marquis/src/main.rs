//! `marquis`: one binary, whose subcommands are its roles. This file parses and dispatches.

mod background;
mod cli;
mod commands;
mod composition;
mod databases;
mod edge;
mod exit;
mod node;
mod services;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command, ConfigCommand};
use crate::commands::{
    account, config, doctor, healthcheck, keys, ledger, migrate, openapi, run, seed, waf,
};
use crate::exit::{Code, Context as _, Failure};

// Measured: 4 to 5 % more requests through the gateway than with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    let sources = &cli.sources;
    match cli.command {
        Command::Config(ConfigCommand::Print { default }) => config::print(sources, default),
        Command::Config(ConfigCommand::Check) => config::check(sources),
        Command::Openapi { service } => wait_for(openapi::print(service)),
        Command::Doctor => wait_for(doctor::examine(config::load(sources)?)),
        Command::Healthcheck { url, timeout } => wait_for(healthcheck::ask(&url, timeout)),
        Command::Up(options) => {
            let from = config::with_match_log(config::options(sources), &options.waf_match_log);
            serve(run::up(config::read(&from)?, from))
        }
        Command::Serve(options) => {
            let from = config::with_match_log(config::options(sources), &options.waf_match_log);
            serve(run::serve(config::read(&from)?, from, options))
        }
        Command::Migrate => wait_for(migrate::all(config::load(sources)?)),
        Command::Seed => wait_for(seed::development_users(config::load(sources)?)),
        Command::Auth(command) => wait_for(account::run(config::load(sources)?, command)),
        Command::Keys(command) => wait_for(keys::run(config::load(sources)?, command)),
        Command::Waf(command) => waf::run(&config::load(sources)?, command),
        Command::Payments(command) => wait_for(ledger::run(config::load(sources)?, command)),
    }
}

/// Runs a command that ends by itself.
fn wait_for(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .or_fail(Code::Internal, "the runtime cannot be started")?
        .block_on(work)
}

/// Runs roles until a signal stops them.
fn serve(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .or_fail(Code::Internal, "the runtime cannot be started")?;
    let outcome = runtime.block_on(work);
    // Everything that must end in order has ended; what is left may not hold the process.
    runtime.shutdown_background();
    outcome
}
