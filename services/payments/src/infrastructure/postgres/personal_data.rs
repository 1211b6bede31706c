//! A person's own copy of what is held about them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use marquis_contracts::identity::UserId;
use marquis_contracts::personal_data::{PersonalData, PersonalDataUnavailable};
use marquis_payments_queries::client::Params as _;
use marquis_payments_queries::queries::people::{
    Payment as PaymentRow, PersonalPaymentsParams, PersonalRefunds, PersonalTransitions,
    personal_keys, personal_payments, personal_refunds, personal_transitions,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{Failure, PostgresPayments};
use crate::domain::{PaymentReference, RefundReference};

/// Most payments in one copy, the latest ones: bounded memory.
const MOST_PAYMENTS: i64 = 20_000;

#[async_trait]
impl PersonalData for PostgresPayments {
    async fn export(&self, user: UserId) -> Result<Value, PersonalDataUnavailable> {
        let work = self.database.observe("list", "payment", self.copy_of(user.uuid()));
        work.await.map_err(|failure| PersonalDataUnavailable(Box::new(failure)))
    }
}

impl PostgresPayments {
    async fn copy_of(&self, user_id: Uuid) -> Result<Value, Failure> {
        let client = self.database.client().await?;
        let wanted = PersonalPaymentsParams { user_id, most: MOST_PAYMENTS };
        let payments = personal_payments().params(&client, &wanted).all().await?;
        let keys = personal_keys().bind(&client, &user_id).all().await?;
        if payments.is_empty() && keys.is_empty() {
            return Ok(json!({}));
        }
        let mut histories: BTreeMap<Uuid, Vec<Value>> = BTreeMap::new();
        for row in personal_transitions().bind(&client, &user_id).all().await? {
            histories.entry(row.payment_id).or_default().push(transition(&row));
        }
        let mut refunds: BTreeMap<Uuid, Vec<Value>> = BTreeMap::new();
        for row in personal_refunds().bind(&client, &user_id).all().await? {
            refunds.entry(row.payment_id).or_default().push(refund(&row));
        }
        let payments: Vec<Value> = payments
            .iter()
            .map(|row| {
                let history = histories.remove(&row.id).unwrap_or_default();
                payment(row, &history, &refunds.remove(&row.id).unwrap_or_default())
            })
            .collect();
        let keys: Vec<Value> = keys
            .iter()
            .map(|row| json!({ "key": row.key, "usedAt": at(row.created_at) }))
            .collect();
        Ok(json!({ "payments": payments, "idempotencyKeys": keys }))
    }
}

fn payment(row: &PaymentRow, history: &[Value], refunds: &[Value]) -> Value {
    json!({
        "reference": PaymentReference::from_uuid(row.id).to_string(),
        "amount": row.amount,
        "currency": row.currency,
        "status": row.status,
        "amountRefunded": row.refunded,
        "description": row.description,
        "metadata": row.metadata,
        "createdAt": at(row.created_at),
        "updatedAt": at(row.updated_at),
        "history": history,
        "refunds": refunds,
    })
}

fn transition(row: &PersonalTransitions) -> Value {
    json!({ "status": row.to_status, "by": row.cause, "at": at(row.occurred_at) })
}

fn refund(row: &PersonalRefunds) -> Value {
    json!({
        "reference": RefundReference::from_uuid(row.id).to_string(),
        "amount": row.amount,
        "currency": row.currency,
        "reason": row.reason,
        "createdAt": at(row.created_at),
    })
}

fn at(time: OffsetDateTime) -> String {
    // Times that PostgreSQL holds have years that RFC 3339 can write.
    time.format(&Rfc3339).unwrap_or_default()
}
