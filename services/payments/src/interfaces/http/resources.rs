//! What clients get.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::application::ports::HistoryEntry;
use crate::domain::{Description, Payment, PaymentStatus, Refund};

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentResource {
    /// Its name.
    #[schema(example = "pay_01JD5ZK0Y8QW5V0N3T9M2R7XBC")]
    reference: String,
    /// Who made it.
    #[schema(format = Uuid)]
    user_id: String,
    /// `pending`, `processing`, `succeeded`, `failed`, `cancelled`, `partially_refunded` or `refunded`.
    #[schema(value_type = String, example = "pending")]
    status: &'static str,
    /// Minor units.
    #[schema(example = 1250)]
    amount: i64,
    /// ISO 4217 code.
    #[schema(example = "EUR")]
    currency: String,
    /// What for.
    description: Option<String>,
    /// The caller's own facts.
    metadata: BTreeMap<String, String>,
    /// How much of the amount was returned.
    #[schema(example = 0)]
    amount_refunded: i64,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it last changed.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// Its states, oldest first; only where one payment is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<HistoryResource>>,
}

/// One state in a payment's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentHistoryEntry)]
struct HistoryResource {
    /// The state.
    #[schema(value_type = String)]
    status: &'static str,
    /// Who brought it about: `owner`, `staff` or `provider`.
    by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

impl From<&Payment> for PaymentResource {
    fn from(payment: &Payment) -> Self {
        Self {
            reference: payment.reference.to_string(),
            user_id: payment.owner.to_string(),
            status: payment.status.as_str(),
            amount: payment.amount.minor_units(),
            currency: payment.amount.currency().to_string(),
            description: payment.description.as_ref().map(text),
            metadata: payment.metadata.entries().clone(),
            amount_refunded: payment.refunded,
            created_at: payment.created_at,
            updated_at: payment.updated_at,
            history: None,
        }
    }
}

impl PaymentResource {
    /// With its history, which begins with the creation.
    pub(super) fn with_history(mut self, transitions: Vec<HistoryEntry>) -> Self {
        let created = HistoryResource {
            status: PaymentStatus::Pending.as_str(),
            by: "owner".to_owned(),
            at: self.created_at,
        };
        let later = transitions.into_iter().map(|entry| HistoryResource {
            status: entry.status.as_str(),
            by: entry.author,
            at: entry.at,
        });
        self.history = Some(std::iter::once(created).chain(later).collect());
        self
    }

    /// The body of the answer to its creation.
    pub(super) fn body(payment: &Payment) -> String {
        // Strings, integers and times of this age of the world: this cannot fail.
        serde_json::to_string(&Self::from(payment)).unwrap_or_default()
    }
}

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundResource {
    /// Its name.
    #[schema(example = "ref_01JD5ZK0Y8QW5V0N3T9M2R7XBC")]
    reference: String,
    /// The payment that it returns.
    payment: String,
    /// Always `succeeded`: a refund is complete when it is recorded.
    #[schema(value_type = String, example = "succeeded")]
    status: &'static str,
    /// Minor units.
    #[schema(example = 500)]
    amount: i64,
    /// ISO 4217 code.
    #[schema(example = "EUR")]
    currency: String,
    /// Why.
    reason: Option<String>,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<&Refund> for RefundResource {
    fn from(refund: &Refund) -> Self {
        Self {
            reference: refund.reference.to_string(),
            payment: refund.payment.to_string(),
            status: "succeeded",
            amount: refund.amount.minor_units(),
            currency: refund.amount.currency().to_string(),
            reason: refund.reason.as_ref().map(text),
            created_at: refund.created_at,
        }
    }
}

impl RefundResource {
    /// The body of the answer to its creation.
    pub(super) fn body(refund: &Refund) -> String {
        serde_json::to_string(&Self::from(refund)).unwrap_or_default()
    }
}

/// What became of a provider's event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventReceipt)]
pub(super) struct EventReceipt {
    /// `applied`, `stale`, `conflict`, `ignored` or `unmatched`.
    #[schema(value_type = String, example = "applied")]
    pub(super) outcome: &'static str,
}

fn text(description: &Description) -> String {
    description.as_str().to_owned()
}
