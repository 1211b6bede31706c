//! Section `[secrets]`: keys that belong to the whole installation. Its manual is
//! `defaults/secrets.toml`.

use marquis_kernel::Secret;
use serde::{Deserialize, Serialize};

use crate::problem::{Finding, Problems};

/// Settings of `[secrets]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The key that other keys are wrapped with: at least 32 characters. Empty lets
    /// `marquis up` generate one under the data directory.
    pub master_key: Secret,
    /// The keyring of personal data. Empty lets `marquis up` generate one under the data
    /// directory.
    pub personal_data_keys: Secret,
}

impl Secrets {
    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        problems.require(
            self.master_key.is_empty() || self.master_key.expose().len() >= 32,
            "secrets.master_key",
            "must have at least 32 characters",
            "make one with `openssl rand -base64 32`",
        );
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, findings: &mut Vec<Finding>) {
        let key = self.master_key.expose();
        let distinct = key.bytes().collect::<std::collections::BTreeSet<_>>().len();
        if !key.is_empty() && distinct < 12 {
            findings.push(Finding::new(
                "secrets.master_key",
                "the key has so few different characters that it can be guessed",
                "make one with `openssl rand -base64 32`",
            ));
        }
    }
}
