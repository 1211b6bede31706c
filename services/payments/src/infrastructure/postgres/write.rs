//! Writing a change: the payment's row, its history, refunds, journal and events, in the
//! caller's transaction and with the payment's row locked.

use marquis_contracts::events::Event;
use marquis_database::{Transaction, outbox};
use marquis_payments_queries::client::Params as _;
use marquis_payments_queries::queries::payments::{
    InsertTransitionParams, UpdatePaymentParams, insert_transition, update_payment,
};
use marquis_payments_queries::queries::refunds::{
    InsertJournalTransactionParams, InsertRefundParams, insert_journal_transaction, insert_refund,
};

use super::Failure;
use crate::application::ports::Author;
use crate::domain::ledger::Cause;
use crate::domain::{Change, Description, JournalTransaction, Refund, Step};

pub(super) async fn change(
    transaction: &Transaction<'_>,
    change: &Change,
    author: Author,
    events: &[Event],
) -> Result<(), Failure> {
    let payment = &change.after;
    let row = UpdatePaymentParams {
        status: payment.status.as_str(),
        refunded: payment.refunded,
        updated_at: payment.updated_at,
        id: payment.reference.uuid(),
    };
    update_payment().params(transaction, &row).await?;
    for step in &change.steps {
        write_step(transaction, change, *step, author).await?;
    }
    for refund in &change.refunds {
        write_refund(transaction, refund, author).await?;
    }
    for journal in &change.journal {
        write_journal(transaction, journal).await?;
    }
    for event in events {
        outbox::append(transaction, event).await?;
    }
    Ok(())
}

async fn write_step(
    transaction: &Transaction<'_>,
    change: &Change,
    step: Step,
    author: Author,
) -> Result<(), Failure> {
    let row = InsertTransitionParams {
        payment_id: change.after.reference.uuid(),
        from_status: step.from.as_str(),
        to_status: step.to.as_str(),
        cause: author.kind(),
        actor_id: author.user().map(|user| user.uuid()),
        occurred_at: change.after.updated_at,
    };
    insert_transition().params(transaction, &row).await?;
    Ok(())
}

async fn write_refund(
    transaction: &Transaction<'_>,
    refund: &Refund,
    author: Author,
) -> Result<(), Failure> {
    let row = InsertRefundParams {
        id: refund.reference.uuid(),
        payment_id: refund.payment.uuid(),
        amount: refund.amount.minor_units(),
        reason: refund.reason.as_ref().map(Description::as_str),
        provider_refund_id: refund.provider_id.as_deref(),
        actor_id: author.user().map(|user| user.uuid()),
        created_at: refund.created_at,
    };
    insert_refund().params(transaction, &row).await?;
    Ok(())
}

async fn write_journal(
    transaction: &Transaction<'_>,
    journal: &JournalTransaction,
) -> Result<(), Failure> {
    let entries = journal.posting.entries();
    let accounts: Vec<String> = entries.iter().map(|entry| entry.account.to_string()).collect();
    let amounts: Vec<i64> = entries.iter().map(|entry| entry.amount.amount).collect();
    let row = InsertJournalTransactionParams {
        id: journal.id,
        payment_id: journal.payment.uuid(),
        refund_id: match journal.cause {
            Cause::Capture => None,
            Cause::Refund(refund) => Some(refund.uuid()),
        },
        occurred_at: journal.at,
        currency: entries[0].amount.currency.code(),
        accounts,
        amounts,
    };
    insert_journal_transaction().params(transaction, &row).await?;
    Ok(())
}
