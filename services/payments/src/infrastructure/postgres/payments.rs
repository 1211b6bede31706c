//! [`PaymentStore`] on PostgreSQL.

use std::collections::BTreeMap;

use async_trait::async_trait;
use marquis_database::tokio_postgres::types::Json;
use marquis_database::{Transaction, jobs};
use marquis_payments_queries::client::Params as _;
use marquis_payments_queries::queries::idempotency::{
    StoreAnswerParams, StoredAnswer as StoredAnswerRow, delete_expired_answers, store_answer,
    stored_answer, try_lock_key,
};
use marquis_payments_queries::queries::payments::{
    AllPaymentsParams, CountPaymentsInStatusParams, CountPaymentsOfUserParams, CreatePayment,
    CreatePaymentParams, PaymentsInStatusParams, PaymentsOfUserParams, all_payments,
    count_all_payments, count_payments_in_status, count_payments_of_user, create_payment,
    lock_payment, payment_by_id, payments_in_status, payments_of_user, transitions_of_payment,
};
use marquis_payments_queries::queries::refunds::{
    RefundsOfPaymentParams, count_refunds_of_payment, refunds_of_payment,
};
use serde_json::Value;
use time::OffsetDateTime;

use super::{Failure, PostgresPayments, rows, write};
use crate::application::idempotency::{Claim, Claimed, StoredAnswer};
use crate::application::ports::{
    COUNT_CEILING, Creation, Decide, Filter, HistoryEntry, Listing, PaymentStore, Refusal,
    StoreError, Window,
};
use crate::domain::{Change, Description, Payment, PaymentReference, Refund};
use crate::infrastructure::submission;

#[async_trait]
impl PaymentStore for PostgresPayments {
    async fn create(&self, creation: Creation<'_>) -> Result<Claimed<()>, StoreError> {
        let work = self.create_payment(&creation);
        Ok(self.database.observe("insert", "payment", work).await?)
    }

    async fn find(&self, reference: PaymentReference) -> Result<Option<Payment>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let row = payment_by_id().bind(&client, &reference.uuid()).opt().await?;
            row.map(rows::payment).transpose()
        };
        Ok(self.database.observe("select", "payment", work).await?)
    }

    async fn history(&self, reference: PaymentReference) -> Result<Vec<HistoryEntry>, StoreError> {
        let work = async {
            let id = reference.uuid();
            let client = self.database.client().await?;
            let found = transitions_of_payment().bind(&client, &id).all().await?;
            found
                .into_iter()
                .map(|row| {
                    let status = row.to_status.parse();
                    let status = status.map_err(|_| Failure::Row { what: "transition", id })?;
                    Ok(HistoryEntry { status, author: row.cause, at: row.occurred_at })
                })
                .collect::<Result<_, Failure>>()
        };
        Ok(self.database.observe("select", "payment_transition", work).await?)
    }

    async fn list(&self, filter: Filter, window: Window) -> Result<Listing<Payment>, StoreError> {
        let work = self.list_payments(filter, window);
        Ok(self.database.observe("list", "payment", work).await?)
    }

    async fn refunds(
        &self,
        reference: PaymentReference,
        window: Window,
    ) -> Result<Listing<Refund>, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let payment_id = reference.uuid();
            let wanted = RefundsOfPaymentParams {
                payment_id,
                limit: i64::from(window.limit),
                offset: window.offset,
            };
            let found = refunds_of_payment().params(&client, &wanted).all().await?;
            let total = count_refunds_of_payment().bind(&client, &payment_id).one().await?;
            let items = found.into_iter().map(rows::refund).collect::<Result<_, _>>()?;
            Ok::<_, Failure>(Listing { items, total })
        };
        Ok(self.database.observe("list", "refund", work).await?)
    }

    async fn change(
        &self,
        reference: PaymentReference,
        claim: Option<&Claim>,
        decide: &Decide<'_>,
    ) -> Result<Option<Claimed<Result<Change, Refusal>>>, StoreError> {
        let work = self.change_payment(reference, claim, decide);
        Ok(self.database.observe("update", "payment", work).await?)
    }

    async fn forget_answers(&self, expired_at: OffsetDateTime) -> Result<u64, StoreError> {
        let work = async {
            let client = self.database.client().await?;
            let deleted = delete_expired_answers().bind(&client, &expired_at).await?;
            Ok::<_, Failure>(deleted)
        };
        Ok(self.database.observe("delete", "idempotency_key", work).await?)
    }
}

impl PostgresPayments {
    async fn create_payment(&self, creation: &Creation<'_>) -> Result<Claimed<()>, Failure> {
        let mut client = self.database.client().await?;
        let created = if creation.submit {
            let transaction = client.transaction().await?;
            let created = create_payment().params(&transaction, &row(creation)).one().await?;
            if created.created {
                let job = submission::job(creation.payment.reference, &*self.clock);
                jobs::enqueue(&transaction, &job).await?;
            }
            transaction.commit().await?;
            created
        } else {
            create_payment().params(&client, &row(creation)).one().await?
        };
        if created.created {
            return Ok(Claimed::Now(()));
        }
        let Some((claim, _)) = &creation.claim else { return Ok(Claimed::InUse) };
        if let CreatePayment {
            fingerprint: Some(fingerprint),
            status: Some(status),
            body: Some(body),
            ..
        } = created
        {
            let answer = StoredAnswer { status: http_status(status), body };
            return Ok(Claimed::known(&claim.fingerprint, &fingerprint, answer));
        }
        if created.acquired == Some(true) {
            // The first request committed between our snapshot and our lock.
            let (user, key) = (claim.owner.uuid(), claim.key.as_str());
            let found = stored_answer().bind(&client, &user, &key, &claim.expired_at).opt().await?;
            return Ok(found.map_or(Claimed::InUse, |row| known(claim, row)));
        }
        Ok(Claimed::InUse)
    }

    async fn change_payment(
        &self,
        reference: PaymentReference,
        claim: Option<&Claim>,
        decide: &Decide<'_>,
    ) -> Result<Option<Claimed<Result<Change, Refusal>>>, Failure> {
        let mut client = self.database.client().await?;
        let transaction = client.transaction().await?;
        if let Some(claim) = claim {
            // The lock first: the look that follows has a newer snapshot, so an answer that
            // was committed before the lock was free is seen.
            let acquired = try_lock_key().bind(&transaction, &claim.lock).one().await?;
            let (user, key) = (claim.owner.uuid(), claim.key.as_str());
            let found =
                stored_answer().bind(&transaction, &user, &key, &claim.expired_at).opt().await?;
            if let Some(row) = found {
                return Ok(Some(known(claim, row)));
            }
            if !acquired {
                return Ok(Some(Claimed::InUse));
            }
        }
        let Some(row) = lock_payment().bind(&transaction, &reference.uuid()).opt().await? else {
            return Ok(None);
        };
        let payment = rows::payment(row)?;
        let (result, answer) = match decide(&payment) {
            Ok(decision) => {
                let author = decision.author;
                write::change(&transaction, &decision.change, author, &decision.events).await?;
                (Ok(decision.change), decision.answer)
            }
            Err(refused) => (Err(refused.refusal), refused.answer),
        };
        if let (Some(claim), Some(answer)) = (claim, answer) {
            keep_answer(&transaction, claim, &answer).await?;
        }
        transaction.commit().await?;
        Ok(Some(Claimed::Now(result)))
    }

    async fn list_payments(
        &self,
        filter: Filter,
        window: Window,
    ) -> Result<Listing<Payment>, Failure> {
        let client = self.database.client().await?;
        let (limit, offset) = (i64::from(window.limit), window.offset);
        let status = filter.status.map(|status| status.as_str());
        let (found, total) = match (filter.owner, status) {
            (Some(owner), status) => {
                let user_id = owner.uuid();
                let counted = CountPaymentsOfUserParams { user_id, status, ceiling: COUNT_CEILING };
                let wanted = PaymentsOfUserParams { user_id, status, limit, offset };
                (
                    payments_of_user().params(&client, &wanted).all().await?,
                    count_payments_of_user().params(&client, &counted).one().await?,
                )
            }
            (None, Some(status)) => {
                let counted = CountPaymentsInStatusParams { status, ceiling: COUNT_CEILING };
                let wanted = PaymentsInStatusParams { status, limit, offset };
                (
                    payments_in_status().params(&client, &wanted).all().await?,
                    count_payments_in_status().params(&client, &counted).one().await?,
                )
            }
            (None, None) => {
                let wanted = AllPaymentsParams { limit, offset };
                (
                    all_payments().params(&client, &wanted).all().await?,
                    count_all_payments().bind(&client, &COUNT_CEILING).one().await?,
                )
            }
        };
        let items = found.into_iter().map(rows::payment).collect::<Result<_, _>>()?;
        Ok(Listing { items, total })
    }
}

type CreateRow<'a> = CreatePaymentParams<
    &'a str,
    &'a [u8],
    &'a str,
    String,
    &'a str,
    Json<&'a BTreeMap<String, String>>,
    &'a str,
    &'a Value,
    &'a str,
>;

/// What `create_payment` of `queries/payments.sql` takes.
fn row<'a>(creation: &'a Creation<'a>) -> CreateRow<'a> {
    let payment = creation.payment;
    let claim = creation.claim.as_ref().map(|(claim, _)| claim);
    let metadata = payment.metadata.entries();
    CreatePaymentParams {
        user_id: payment.owner.uuid(),
        key: claim.map(|claim| claim.key.as_str()),
        expired_at: claim.map_or(payment.created_at, |claim| claim.expired_at),
        lock: claim.map_or(0, |claim| claim.lock),
        now: payment.created_at,
        fingerprint: claim.map_or(&[][..], |claim| &claim.fingerprint),
        body: creation.claim.as_ref().map_or("", |(_, body)| body),
        id: payment.reference.uuid(),
        amount: payment.amount.minor_units(),
        currency: payment.amount.currency().to_string(),
        description: payment.description.as_ref().map(Description::as_str),
        metadata: (!metadata.is_empty()).then_some(Json(metadata)),
        event_id: creation.event.id,
        reference: creation.event.subject.as_str(),
        event: &creation.event.data,
        traceparent: creation.event.traceparent.as_deref(),
    }
}

fn known<T>(claim: &Claim, row: StoredAnswerRow) -> Claimed<T> {
    let answer = StoredAnswer { status: http_status(row.status), body: row.body };
    Claimed::known(&claim.fingerprint, &row.fingerprint, answer)
}

async fn keep_answer(
    transaction: &Transaction<'_>,
    claim: &Claim,
    answer: &StoredAnswer,
) -> Result<(), Failure> {
    let row = StoreAnswerParams {
        user_id: claim.owner.uuid(),
        key: claim.key.as_str(),
        now: claim.now,
        status: i16::try_from(answer.status).unwrap_or(i16::MAX),
        fingerprint: &claim.fingerprint[..],
        body: answer.body.as_str(),
        expired_at: claim.expired_at,
    };
    store_answer().params(transaction, &row).await?;
    Ok(())
}

fn http_status(stored: i16) -> u16 {
    u16::try_from(stored).unwrap_or(500)
}
