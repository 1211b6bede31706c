//! One file per subcommand.

pub mod account;
pub mod config;
pub mod doctor;
pub mod healthcheck;
pub mod keys;
pub mod ledger;
pub mod migrate;
pub mod openapi;
pub mod run;
pub mod seed;
pub mod waf;
