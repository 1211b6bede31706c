//! Rows as domain values. A row that does not convert was not written by this program.

use marquis_kernel::Money;
use marquis_payments_queries::queries::payments::Payment as PaymentRow;
use marquis_payments_queries::queries::refunds::RefundsOfPayment as RefundRow;

use super::Failure;
use crate::domain::{
    Amount, Description, Metadata, OwnerId, Payment, PaymentReference, Refund, RefundReference,
};

pub(super) fn payment(row: PaymentRow) -> Result<Payment, Failure> {
    let invalid = |what| Failure::Row { what, id: row.id };
    let currency = row.currency.parse().map_err(|_| invalid("currency"))?;
    let metadata = match row.metadata {
        None => Metadata::default(),
        Some(value) => {
            Metadata::from_stored(serde_json::from_value(value).map_err(|_| invalid("metadata"))?)
        }
    };
    Ok(Payment {
        reference: PaymentReference::from_uuid(row.id),
        owner: OwnerId::from_uuid(row.user_id),
        amount: Amount::new(Money::new(row.amount, currency)).map_err(|_| invalid("amount"))?,
        refunded: row.refunded,
        status: row.status.parse().map_err(|_| invalid("status"))?,
        description: row.description.map(Description::from_stored),
        metadata,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

pub(super) fn refund(row: RefundRow) -> Result<Refund, Failure> {
    let invalid = |what| Failure::Row { what, id: row.payment_id };
    let currency = row.currency.parse().map_err(|_| invalid("currency"))?;
    Ok(Refund {
        reference: RefundReference::from_uuid(row.id),
        payment: PaymentReference::from_uuid(row.payment_id),
        amount: Amount::new(Money::new(row.amount, currency)).map_err(|_| invalid("refund"))?,
        reason: row.reason.map(Description::from_stored),
        provider_id: row.provider_refund_id,
        created_at: row.created_at,
    })
}
