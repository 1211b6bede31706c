//! A web application firewall engine for the ModSecurity v3 rule language.
//!
//! The crate loads SecLang rule files, compiles them and evaluates HTTP transactions
//! against them. It performs no network I/O and knows nothing of the server around it.

pub mod body;
pub mod libinjection;
mod pattern;
mod rule;
pub mod seclang;
pub mod transform;
