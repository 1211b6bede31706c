//! Audit records and outbox events, inside the transaction of what they tell of.

use marquis_auth_queries::client::Params as _;
use marquis_auth_queries::queries::audit::{self, InsertAuditRecordParams};
use marquis_contracts::identity::{SessionId, UserId};
use marquis_database::{DatabaseError, Transaction, outbox};

use crate::application::audit::AuditRecord;
use crate::application::ports::Journal;

/// Writes the journal.
pub(crate) async fn write(
    transaction: &Transaction<'_>,
    journal: &Journal,
) -> Result<(), DatabaseError> {
    for record in &journal.records {
        write_record(transaction, record).await?;
    }
    for event in &journal.events {
        outbox::append(transaction, event).await?;
    }
    Ok(())
}

async fn write_record(
    transaction: &Transaction<'_>,
    record: &AuditRecord,
) -> Result<(), DatabaseError> {
    let parameters = InsertAuditRecordParams {
        id: record.id,
        occurred_at: record.occurred_at,
        kind: record.kind.as_str(),
        user_id: record.user_id.map(UserId::uuid),
        session_id: record.session_id.map(SessionId::uuid),
        address: record.origin.address,
        user_agent: record.origin.user_agent.as_deref(),
        trace_id: record.origin.trace_id.as_deref(),
        details: &record.details,
    };
    audit::insert_audit_record().params(transaction, &parameters).await?;
    Ok(())
}
