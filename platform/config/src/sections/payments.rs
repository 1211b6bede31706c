//! `[payments]`: limits, idempotency, the sandbox provider and incoming webhooks.
//!
//! The commented defaults in `defaults/payments.toml` are the manual of these keys.

use marquis_kernel::Secret;
use serde::{Deserialize, Serialize};

use crate::Span;

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
