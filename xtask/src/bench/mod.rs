//! `cargo xtask bench`: measures the release binary side by side with nginx and pgbench.

use crate::Outcome;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Arguments {}

/// Runs the task.
pub fn run(_arguments: &Arguments) -> Outcome {
    Err("no measurement yet".into())
}
