//! `[payments]`: limits, idempotency, the sandbox provider and incoming webhooks.
//!
//! The commented defaults in `defaults/payments.toml` are the manual of these keys.

use marquis_kernel::Secret;
use serde::{Deserialize, Serialize};

use crate::Span;
use crate::problem::{Finding, Problems};

/// The payments service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// Largest amount of one payment, in minor units of its currency.
    pub maximum_amount: i64,
    /// How long a stored answer is replayed for its `Idempotency-Key`.
    pub idempotency_retention: Span,
    /// The built-in provider.
    pub sandbox: PaymentSandbox,
    /// Events that providers send to `POST /payments/webhook`.
    pub webhooks: PaymentWebhooks,
}

impl Payments {
    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        problems.require(
            (1..=9_007_199_254_740_991).contains(&self.maximum_amount),
            "payments.maximum_amount",
            "must be between 1 and 9007199254740991",
            "the default is 99999999999",
        );
        problems.require(
            self.idempotency_retention >= Span::from_secs(60),
            "payments.idempotency_retention",
            "must be at least 1m",
            "clients repeat a request for a while; the default is \"24h\"",
        );
        problems.require(
            !self.webhooks.tolerance.is_zero(),
            "payments.webhooks.tolerance",
            "must not be zero",
            "the default is \"5m\"",
        );
        self.validate_webhooks(problems);
    }

    fn validate_webhooks(&self, problems: &mut Problems) {
        for (index, secret) in self.webhooks.secrets.iter().enumerate() {
            problems.require(
                is_standard_webhooks_secret(secret.expose()),
                &format!("payments.webhooks.secrets[{index}]"),
                "is not a Standard Webhooks secret",
                "write `whsec_` followed by 24 to 64 bytes in base64",
            );
        }
        for (index, secret) in self.webhooks.stripe_secrets.iter().enumerate() {
            problems.require(
                !secret.is_empty(),
                &format!("payments.webhooks.stripe_secrets[{index}]"),
                "is empty",
                "copy the endpoint's signing secret, or remove the entry",
            );
        }
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, findings: &mut Vec<Finding>) {
        if self.sandbox.enabled {
            findings.push(Finding::new(
                "payments.sandbox.enabled",
                "whoever pays can declare the payment successful without moving money",
                "set it to false",
            ));
        }
        if self.webhooks.tolerance > Span::from_secs(3_600) {
            findings.push(Finding::new(
                "payments.webhooks.tolerance",
                "a recorded event can be replayed for more than an hour",
                "set it to \"5m\"",
            ));
        }
    }
}

/// The built-in provider that settles payments without moving money.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentSandbox {
    /// Whether `metadata.sandbox` is obeyed.
    pub enabled: bool,
}

/// How incoming webhooks are authenticated.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentWebhooks {
    /// Standard Webhooks secrets, `whsec_` and base64; all are accepted.
    pub secrets: Vec<Secret>,
    /// Endpoint secrets of Stripe's scheme; all are accepted.
    pub stripe_secrets: Vec<Secret>,
    /// Largest difference between an event's timestamp and our clock, both ways.
    pub tolerance: Span,
}

/// `whsec_` and 24 to 64 bytes in padded base64 (RFC 4648, section 4).
fn is_standard_webhooks_secret(text: &str) -> bool {
    let Some(encoded) = text.strip_prefix("whsec_") else { return false };
    let symbols = encoded.trim_end_matches('=');
    let padding = encoded.len() - symbols.len();
    let bytes = symbols.len() * 3 / 4;
    encoded.len() % 4 == 0
        && padding <= 2
        && (24..=64).contains(&bytes)
        && symbols.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_a_form() {
        for good in [
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        ] {
            assert!(is_standard_webhooks_secret(good), "{good}");
        }
        for bad in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_AAAA",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w",
            &format!("whsec_{}", "A".repeat(92)),
        ] {
            assert!(!is_standard_webhooks_secret(bad), "{bad}");
        }
    }
}
