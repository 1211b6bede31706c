//! [`Books`] on PostgreSQL: one read-only transaction that sees one moment, streamed.

use std::pin::pin;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use marquis_database::tokio_postgres::IsolationLevel;
use marquis_payments_queries::queries::verification::{
    PaymentFacts as FactsRow, global_sums, payment_facts, unbalanced_transactions,
};

use super::{Failure, PostgresPayments};
use crate::application::ports::{Books, BooksReader, StoreError};
use crate::domain::PaymentReference;
use crate::domain::reconciliation::{Discrepancy, PaymentFacts, StatedFacts};

#[async_trait]
impl Books for PostgresPayments {
    async fn read(&self, reader: &mut (dyn BooksReader + '_)) -> Result<u64, StoreError> {
        Ok(self.read_books(reader).await?)
    }
}

impl PostgresPayments {
    async fn read_books(&self, reader: &mut (dyn BooksReader + '_)) -> Result<u64, Failure> {
        let mut client = self.database.client().await?;
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        // The books may be large; nobody waits for this in a request.
        transaction.batch_execute("SET LOCAL statement_timeout = 0").await?;
        for row in global_sums().bind(&transaction).all().await? {
            let sum = number(&row.sum, uuid::Uuid::nil())?;
            reader.imbalance(Discrepancy::GlobalImbalance { currency: row.currency, sum });
        }
        for row in unbalanced_transactions().bind(&transaction).all().await? {
            reader.imbalance(Discrepancy::TransactionImbalance {
                reference: row.payment_id.map(PaymentReference::from_uuid),
                transaction: row.transaction_id,
                sum: number(&row.sum, row.transaction_id)?,
            });
        }
        let mut entries = 0_u64;
        let mut facts = pin!(payment_facts().bind(&transaction).iter().await?);
        while let Some(row) = facts.try_next().await? {
            entries += u64::try_from(row.entries).unwrap_or(0);
            reader.payment(&read(&row)?);
        }
        Ok(entries)
    }
}

fn read(row: &FactsRow) -> Result<PaymentFacts, Failure> {
    let id = row.payment_id;
    let status = |name: &str| name.parse().map_err(|_| Failure::Row { what: "status", id });
    let payment = match (row.amount, row.refunded, &row.status) {
        (Some(amount), Some(refunded), Some(name)) => {
            Some(StatedFacts { amount, refunded, status: status(name)? })
        }
        _ => None,
    };
    Ok(PaymentFacts {
        reference: PaymentReference::from_uuid(id),
        payment,
        net: number(&row.net, id)?,
        clearing: number(&row.clearing, id)?,
        balance: number(&row.balance, id)?,
        refunds: number(&row.refunds, id)?,
        foreign_entries: row.foreign_entries,
        captures: row.captures,
        refunded: number(&row.returned, id)?,
        last_transition: row.last_transition.as_deref().map(status).transpose()?,
    })
}

/// Sums of 64-bit numbers fit into 128 bits, however many there are.
fn number(text: &str, id: uuid::Uuid) -> Result<i128, Failure> {
    text.parse().map_err(|_| Failure::Row { what: "sum", id })
}
