//! Background work: key rotation and the removal of what ended. Every node does it; rows
//! that another node is busy with are passed over.

use std::sync::Arc;
use std::time::Duration;

use marquis_auth_queries::client::Params as _;
use marquis_auth_queries::queries::attempts;
use marquis_auth_queries::queries::sessions::{
    self, DeleteEndedSessionsParams, DeleteExpiredTokensParams,
};
use marquis_cluster::PubSub;
use marquis_database::{Database, DatabaseError};
use marquis_kernel::SharedClock;
use tokio::time::MissedTickBehavior;

use super::issuer::REVOCATION_MEMORY;
use super::keyring::{KEYS_CHANGED, KeyRing};

/// How often the keys are looked at.
const KEYS_EVERY: Duration = Duration::from_secs(30);
/// How often ended things are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// Rows removed by one statement.
const BATCH: i64 = 1_000;
/// A count of failed logins is forgotten after this much quiet.
const ATTEMPT_MEMORY: Duration = Duration::from_secs(7 * 86_400);

/// Rows that were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Sessions that ended, with their tokens.
    pub sessions: u64,
    /// Refresh tokens whose replay nobody has to recognise any more.
    pub refresh_tokens: u64,
    /// Counts of failed logins.
    pub attempts: u64,
}

/// Keeps this node's keys current. Never ends.
pub async fn keep_keys(keys: Arc<KeyRing>, pubsub: Arc<dyn PubSub>) {
    let mut changes = pubsub.subscribe(KEYS_CHANGED).await;
    let mut ticks = tokio::time::interval(KEYS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let open = tokio::select! {
            _ = ticks.tick() => true,
            message = changes.recv() => message.is_some(),
        };
        if let Err(error) = keys.reload().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "signing keys not reloaded");
        }
        if !open {
            ticks.tick().await;
        }
    }
}

/// Removes what ended, again and again. Never ends.
pub async fn keep_sweeping(database: Database, clock: SharedClock) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match sweep(&database, &clock).await {
            Ok(swept) if swept != Swept::default() => tracing::info!(?swept, "removed what ended"),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "what ended is removed later"
                );
            }
        }
    }
}

/// Removes sessions, tokens and counts that nobody needs any more.
///
/// # Errors
///
/// Those of the database; what was removed before stays removed.
pub async fn sweep(database: &Database, clock: &SharedClock) -> Result<Swept, DatabaseError> {
    let now = clock.now();
    let client = database.client().await?;
    let mut swept = Swept::default();
    loop {
        let ended = DeleteEndedSessionsParams { before: now - REVOCATION_MEMORY, batch: BATCH };
        let deleted = sessions::delete_ended_sessions().params(&client, &ended).await?;
        swept.sessions += deleted;
        if deleted < BATCH.unsigned_abs() {
            break;
        }
    }
    loop {
        let expired = DeleteExpiredTokensParams { before: now, batch: BATCH };
        let deleted = sessions::delete_expired_tokens().params(&client, &expired).await?;
        swept.refresh_tokens += deleted;
        if deleted < BATCH.unsigned_abs() {
            break;
        }
    }
    swept.attempts =
        attempts::delete_stale_attempts().bind(&client, &(now - ATTEMPT_MEMORY)).await?;
    Ok(swept)
}
