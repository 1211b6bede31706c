//! Tasks of the repository that are programs rather than shell: `cargo xtask <task>`.
//!
//! Each task prints what it does, names the file and line of what it found, and ends with
//! 0 when all is well and 1 otherwise. No task is part of the product.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the terminal")]

mod arch;
mod bench;
mod conformance;
mod history;
mod queries;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What a task ends with; the message is printed once, by [`main`].
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Tasks of the Marquis repository.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check that no crate, layer or file sees or is what it must not (rules: xtask/arch.toml)
    Arch(arch::Arguments),
    /// Turn services/*/queries/*.sql into Rust against a real PostgreSQL
    Queries(queries::Arguments),
    /// Measure the release binary side by side with nginx and pgbench, and print the ratios
    Bench(bench::Arguments),
    /// Run a rule set's regression suite through the gateway and through nginx with libmodsecurity
    Conformance(conformance::Arguments),
    /// Let people talk over two chat nodes that are killed, and judge what each of them saw
    History(history::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Arch(arguments) => arch::run(&arguments),
        Task::Queries(arguments) => queries::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Conformance(arguments) => conformance::run(&arguments),
        Task::History(arguments) => history::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}
