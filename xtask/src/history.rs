//! `cargo xtask history`: the long run of the history checker, which `./test.sh` runs short.

use std::process::Command;

use marquis_testkit::postgres_url;

use crate::{Outcome, workspace};

/// Options of `cargo xtask history`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Messages in all
    #[arg(long, default_value_t = 20_000)]
    messages: u64,
    /// Repeats the choices of the run that printed this seed
    #[arg(long)]
    seed: Option<u64>,
}

/// Builds the binary and the test, and runs it; its figures are printed.
pub fn run(arguments: &Arguments) -> Outcome {
    let mut build = Command::new("cargo");
    build.args(["build", "--locked", "-p", "marquis"]).current_dir(workspace::root());
    if !build.status()?.success() {
        return Err("marquis does not build".into());
    }
    // A server of our own unless the environment names one; it ends with this process.
    let runtime = tokio::runtime::Runtime::new()?;
    let postgres = runtime.block_on(postgres_url());
    let mut test = Command::new("cargo");
    test.args(["test", "--locked", "-p", "marquis-tests", "--test", "e2e", "realtime_history"]);
    test.args(["--", "--nocapture"]).current_dir(workspace::root());
    test.env("MARQUIS_TEST_POSTGRES", postgres);
    test.env("MARQUIS_HISTORY_MESSAGES", arguments.messages.to_string());
    if let Some(seed) = arguments.seed {
        test.env("MARQUIS_SEED", seed.to_string());
    }
    if test.status()?.success() { Ok(()) } else { Err("the history does not hold".into()) }
}
