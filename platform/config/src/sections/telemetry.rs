//! Section `[telemetry]`: logs. Its manual is `defaults/telemetry.toml`.

use serde::{Deserialize, Serialize};

use crate::problem::{Finding, Problems};

/// Settings of `[telemetry]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// `error` to `trace`, optionally per module: `info,marquis_gateway=debug`.
    pub level: String,
    /// How log lines look.
    pub format: LogFormat,
    /// Names of fields to redact besides the built-in ones.
    pub redact: Vec<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text at a terminal, JSON everywhere else.
    Auto,
    /// One JSON object per line.
    Json,
    /// For a person at a terminal.
    Text,
}

impl Telemetry {
    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
        let valid = !self.level.is_empty()
            && self.level.split(',').all(|directive| {
                let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
                LEVELS.contains(&level.trim().to_ascii_lowercase().as_str())
            });
        problems.require(
            valid,
            "telemetry.level",
            "is not a log level",
            "write error, warn, info, debug or trace, optionally per module: \
             \"info,marquis_gateway=debug\"",
        );
        problems.require(
            self.redact.iter().all(|name| !name.trim().is_empty()),
            "telemetry.redact",
            "contains an empty name",
            "name the fields to redact",
        );
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, findings: &mut Vec<Finding>) {
        let level = self.level.split(',').find(|directive| !directive.contains('='));
        if level.is_some_and(|level| matches!(level.trim(), "debug" | "trace")) {
            findings.push(Finding::new(
                "telemetry.level",
                "at this level libraries log what they send and receive, personal data included",
                "set it to \"info\" and raise single modules of Marquis only",
            ));
        }
    }
}
