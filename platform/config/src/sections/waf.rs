//! `[gateway.waf]`: the web application firewall.
//!
//! The commented default file is the manual. Whether rules can be loaded is checked by the
//! gateway, which reports the place in the file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::problem::{Finding, Problems};

/// The firewall's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waf {
    /// Whether rules block, report, or do not run.
    pub engine: WafMode,
    /// Directory of the Core Rule Set, empty for none.
    pub crs: PathBuf,
    /// The Core Rule Set's settings, or `auto`.
    pub crs_setup: PathBuf,
    /// 1 to 4.
    pub paranoia_level: u8,
    /// Score from which a request is refused.
    pub inbound_threshold: u32,
    /// Score from which an answer is refused.
    pub outbound_threshold: u32,
    /// Whether the rules built into the binary run.
    pub builtin_rules: bool,
    /// Rule files read before the Core Rule Set.
    pub rules_before: Vec<String>,
    /// Rule files read after the Core Rule Set.
    pub rules: Vec<String>,
    /// Largest request body, in bytes.
    pub body: usize,
    /// Largest request body without files, in bytes.
    pub body_without_files: usize,
    /// Most arguments.
    pub arguments: usize,
    /// Deepest nesting of JSON.
    pub json_depth: usize,
    /// Bytes of all bodies under inspection.
    pub body_memory: usize,
    /// Whether bodies of answers are inspected.
    pub response_bodies: bool,
    /// Content types of the answers inspected.
    pub response_types: Vec<String>,
    /// Bytes of an answer that are inspected.
    pub response_body: usize,
    /// The audit log.
    pub audit: WafAudit,
    /// The match log.
    pub match_log: WafMatchLog,
}

/// What the firewall does with what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WafMode {
    /// Blocks.
    On,
    /// Reports.
    Detection,
    /// Looks at nothing.
    Off,
}

/// `[gateway.waf.audit]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WafAudit {
    /// Whether relevant transactions are logged.
    pub enabled: bool,
    /// File, or empty for standard output.
    pub path: PathBuf,
    /// Variables whose values are left out.
    pub redact: Vec<String>,
}

/// `[gateway.waf.match_log]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WafMatchLog {
    /// File, empty for none.
    pub path: PathBuf,
}

impl Waf {
    /// Bytes that one request body may hold while it is inspected: as it is passed on, as the
    /// engine has it, and taken apart. Documents grow more than forms, but are shorter.
    #[must_use]
    pub fn memory_of_one_body(&self) -> usize {
        let names = self.arguments.saturating_mul(64).max(256 * 1024);
        let document = self.body_without_files.saturating_mul(6).saturating_add(names);
        self.body.saturating_mul(3).max(document)
    }

    /// Reports values that parse but cannot work.
    pub(crate) fn validate(&self, problems: &mut Problems) {
        problems.require(
            (1..=4).contains(&self.paranoia_level),
            "gateway.waf.paranoia_level",
            "must be between 1 and 4",
            "1 is right unless you tune exclusions",
        );
        for (key, value) in [
            ("gateway.waf.inbound_threshold", u64::from(self.inbound_threshold)),
            ("gateway.waf.outbound_threshold", u64::from(self.outbound_threshold)),
            ("gateway.waf.body", self.body as u64),
            ("gateway.waf.body_without_files", self.body_without_files as u64),
            ("gateway.waf.arguments", self.arguments as u64),
            ("gateway.waf.json_depth", self.json_depth as u64),
            ("gateway.waf.response_body", self.response_body as u64),
        ] {
            problems.require(
                value > 0,
                key,
                "must not be zero",
                "the defaults are in `marquis config print --default`",
            );
        }
        // A quarter of it is one client's share, in which one body has to fit.
        let least = self.memory_of_one_body().saturating_mul(4);
        problems.require(
            self.body_memory >= least,
            "gateway.waf.body_memory",
            "is less than four of the largest bodies take while they are inspected",
            &format!("set it to {} at least, or gateway.waf.body to less", least.max(268_435_456)),
        );
    }

    /// Reports values that must not be used in production.
    pub(crate) fn insecurities(&self, findings: &mut Vec<Finding>) {
        if self.engine != WafMode::On {
            findings.push(Finding::new(
                "gateway.waf.engine",
                "attacks are not blocked",
                "set it to \"on\"; use \"detection\" only while you tune exclusions",
            ));
        }
        if !self.match_log.path.as_os_str().is_empty() {
            findings.push(Finding::new(
                "gateway.waf.match_log.path",
                "every match is written synchronously, for measurements",
                "leave it empty",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Environment};

    #[test]
    fn the_memory_has_room_for_four_of_the_largest_bodies() {
        let mut waf = Config::defaults(Environment::Test).unwrap().gateway.waf;
        assert_eq!(waf.memory_of_one_body(), 3 * 10_485_760);
        waf.body = 100_000;
        assert_eq!(waf.memory_of_one_body(), 6 * 131_072 + 262_144, "documents grow");
        waf.body = 100_000_000;
        let mut problems = Problems::default();
        waf.validate(&mut problems);
        let text = format!("{problems:?}");
        assert!(text.contains("gateway.waf.body_memory") && text.contains("1200000000"), "{text}");
    }
}
