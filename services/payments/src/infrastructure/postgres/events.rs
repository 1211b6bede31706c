//! [`ProviderEvents`] on PostgreSQL. An event's row is locked before its payment's row, in
//! every transaction, so two deliveries never wait for each other in a circle.

use async_trait::async_trait;
use marquis_database::Transaction;
use marquis_kernel::Clock;
use marquis_payments_queries::client::Params as _;
use marquis_payments_queries::queries::events::{
    SettleEventParams, StoreEventParams, event_id_of, lock_event, open_events, settle_event,
    store_event,
};
use marquis_payments_queries::queries::payments::lock_payment;
use marquis_payments_queries::queries::refunds::refund_is_known;
use time::OffsetDateTime;

use super::{Failure, PostgresPayments, rows, write};
use crate::application::events;
use crate::application::ports::{Author, Outcome, ProviderEvents, Settled, StoreError, Understand};
use crate::application::webhook::payload::Understanding;
use crate::domain::{PaymentReference, Report, Settlement};

#[async_trait]
impl ProviderEvents for PostgresPayments {
    async fn record(
        &self,
        source: &'static str,
        event_id: &str,
        payload: &[u8],
        received_at: OffsetDateTime,
    ) -> Result<i64, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let row = StoreEventParams { source, event_id, payload, received_at };
            match store_event().params(&client, &row).opt().await? {
                Some(id) => Ok(id),
                None => {
                    Ok::<_, Failure>(event_id_of().bind(&client, &source, &event_id).one().await?)
                }
            }
        };
        Ok(self.database.observe("insert", "provider_event", work).await?)
    }

    async fn settle(
        &self,
        event: i64,
        understand: &Understand<'_>,
        clock: &dyn Clock,
    ) -> Result<Settled, StoreError> {
        let work = self.settle_event(event, understand, clock);
        Ok(self.database.observe("update", "provider_event", work).await?)
    }

    async fn open(&self, left_behind_since: OffsetDateTime) -> Result<Vec<i64>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            Ok::<_, Failure>(open_events().bind(&client, &left_behind_since).all().await?)
        };
        Ok(self.database.observe("list", "provider_event", work).await?)
    }
}

impl PostgresPayments {
    async fn settle_event(
        &self,
        event: i64,
        understand: &Understand<'_>,
        clock: &dyn Clock,
    ) -> Result<Settled, Failure> {
        let mut client = self.database.client().await?;
        let transaction = client.transaction().await?;
        let row = lock_event().bind(&transaction, &event).opt().await?;
        let row = row.ok_or(Failure::NoEvent(event))?;
        let before = Outcome::from_name(&row.outcome);
        if let Some(outcome) = before.filter(|outcome| *outcome != Outcome::Unmatched) {
            let payment = row.payment_id.map(PaymentReference::from_uuid);
            return Ok(Settled { outcome, detail: row.detail, payment, now: false });
        }
        let mut settled = match understand(&row.payload) {
            Understanding::Report(reference, report) => {
                settle_report(&transaction, reference, &report, clock).await?
            }
            Understanding::Ignored(why) => settled(Outcome::Ignored, Some(why), None),
            Understanding::Malformed(why) => settled(Outcome::Malformed, Some(why), None),
        };
        settled.now = before != Some(settled.outcome);
        let row = SettleEventParams {
            outcome: settled.outcome.as_str(),
            payment_id: settled.payment.map(PaymentReference::uuid),
            detail: settled.detail.as_deref(),
            settled_at: clock.now(),
            id: event,
        };
        settle_event().params(&transaction, &row).await?;
        transaction.commit().await?;
        Ok(settled)
    }
}

async fn settle_report(
    transaction: &Transaction<'_>,
    reference: PaymentReference,
    report: &Report,
    clock: &dyn Clock,
) -> Result<Settled, Failure> {
    let Some(row) = lock_payment().bind(transaction, &reference.uuid()).opt().await? else {
        return Ok(settled(Outcome::Unmatched, None, Some(reference)));
    };
    let payment = rows::payment(row)?;
    let known_refund = match report {
        Report::Refunded { provider_id, .. } => {
            refund_is_known().bind(transaction, &provider_id.as_str()).one().await?
        }
        Report::Reached { .. } => false,
    };
    Ok(match payment.settle(report, known_refund, clock) {
        Settlement::Applied(change) => {
            let told = events::of(&change, clock);
            write::change(transaction, &change, Author::Provider, &told).await?;
            settled(Outcome::Applied, None, Some(reference))
        }
        Settlement::Stale => settled(Outcome::Stale, None, Some(reference)),
        Settlement::Conflict(why) => settled(Outcome::Conflict, Some(why), Some(reference)),
    })
}

const fn settled(
    outcome: Outcome,
    detail: Option<String>,
    payment: Option<PaymentReference>,
) -> Settled {
    Settled { outcome, detail, payment, now: true }
}
