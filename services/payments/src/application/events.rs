//! Events that tell the rest of the platform what happened to a payment. They leave
//! through the outbox, so exactly those that were committed are published.

use marquis_contracts::events::Event;
use marquis_kernel::Clock;
use marquis_kernel::id::new_uuid;
use marquis_telemetry::context;
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::{Change, Payment, PaymentStatus};

/// `data` of every event. Free text stays behind: consumers that may see it read the payment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentData {
    reference: String,
    user_id: String,
    status: &'static str,
    amount: i64,
    currency: String,
    amount_refunded: i64,
}

/// The event of a payment that was just made.
#[must_use]
pub fn created(payment: &Payment, clock: &dyn Clock) -> Event {
    event("payment.created", payment, data(payment, payment.status), clock)
}

/// The events of a change, in order: one for each transition and one for each refund.
#[must_use]
pub fn of(change: &Change, clock: &dyn Clock) -> Vec<Event> {
    let payment = &change.after;
    let transitions = change.steps.iter().filter_map(|step| {
        let kind = match step.to {
            PaymentStatus::Processing => "payment.processing",
            PaymentStatus::Succeeded => "payment.succeeded",
            PaymentStatus::Failed => "payment.failed",
            PaymentStatus::Cancelled => "payment.cancelled",
            // Told by the refund itself, which need not change the state.
            PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => return None,
            PaymentStatus::Pending => return None,
        };
        let mut told = payment.clone();
        told.refunded = 0;
        Some(event(kind, payment, data(&told, step.to), clock))
    });
    let refunds = change.refunds.iter().map(|refund| {
        let mut data = data(payment, payment.status);
        if let Value::Object(fields) = &mut data {
            let refund = json!({
                "reference": refund.reference.to_string(),
                "amount": refund.amount.minor_units(),
            });
            fields.insert("refund".to_owned(), refund);
        }
        event("payment.refunded", payment, data, clock)
    });
    transitions.chain(refunds).collect()
}

fn data(payment: &Payment, status: PaymentStatus) -> Value {
    let data = PaymentData {
        reference: payment.reference.to_string(),
        user_id: payment.owner.to_string(),
        status: status.as_str(),
        amount: payment.amount.minor_units(),
        currency: payment.amount.currency().to_string(),
        amount_refunded: payment.refunded,
    };
    // Strings and integers only: this cannot fail.
    serde_json::to_value(data).unwrap_or_default()
}

fn event(kind: &str, payment: &Payment, data: Value, clock: &dyn Clock) -> Event {
    Event {
        id: new_uuid(clock),
        kind: kind.to_owned(),
        subject: payment.reference.to_string(),
        occurred_at: payment.updated_at,
        data,
        traceparent: context::current().map(|context| context.trace.to_traceparent()),
    }
}
