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
