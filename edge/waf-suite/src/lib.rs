//! Regression suites for firewall rules: YAML files of requests with the rules that must, or
//! must not, match.
//!
//! Reads the format of `ftw` (Core Rule Set 3) and of `go-ftw` (Core Rule Set 4), and runs it
//! either against the engine in this process ([`engine::run`]) or over a socket against
//! anything that speaks HTTP and logs its matches ([`http::Target`]). Requests are sent byte
//! for byte as the suite has them, broken ones too.

mod answer;
pub mod engine;
pub mod http;
mod read;
mod stage;
mod verdict;

pub use answer::Answer;
pub use read::{SuiteError, read};
pub use stage::{Expectation, Stage, Test};
pub use verdict::{Observed, Outcome, Report, judge};
