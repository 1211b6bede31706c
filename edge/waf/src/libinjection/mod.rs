//! Injection detection by structure instead of patterns: `@detectSQLi`, `@detectXSS`.
//!
//! A new implementation of the published algorithm of libinjection (Nick Galbreath,
//! "SQL-RISC: New Directions in SQLi Prevention", 2012) that decides and fingerprints
//! every input as version 3.9.2 inside libmodsecurity 3.0.9 does. Time is linear in the
//! input, memory constant.

mod sqli;
mod xss;

pub use sqli::{Fingerprint, detect_sqli};
pub use xss::detect_xss;
