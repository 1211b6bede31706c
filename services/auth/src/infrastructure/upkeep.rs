//! Background work: key rotation, the removal of what ended, the count of active users. Every node does it; rows
//! that another node is busy with are passed over.

use std::sync::Arc;
use std::time::Duration;

use marquis_auth_queries::client::Params as _;
use marquis_auth_queries::queries::sessions::{
    self, DeleteEndedSessionsParams, DeleteExpiredTokensParams,
};
use marquis_auth_queries::queries::{attempts, people};
use marquis_cluster::PubSub;
use marquis_database::{Database, DatabaseError};
use marquis_kernel::SharedClock;
use marquis_telemetry::metrics::Metrics;
use tokio::time::MissedTickBehavior;

use super::issuer::REVOCATION_MEMORY;
use super::keyring::{KEYS_CHANGED, KeyRing};

/// How often the keys are looked at.
const KEYS_EVERY: Duration = Duration::from_secs(30);
/// How often ended things are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// How often active users are counted.
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// A client refreshes every quarter of an hour, the default life of an access token.
const ACTIVE_WITHIN: Duration = Duration::from_secs(20 * 60);
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

/// Keeps `active_users_total` current: users who signed in or refreshed within
/// [`ACTIVE_WITHIN`]. Every node counts all of them, so nodes are not to be added up. Never ends.
pub async fn keep_counting(database: Database, clock: SharedClock, metrics: Arc<Metrics>) {
    let mut ticks = tokio::time::interval(COUNT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match active_users(&database, &clock).await {
            Ok(users) => metrics.active_users_total.set(users),
            Err(error) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "active users are counted later"
                );
            }
        }
    }
}

/// Users who signed in or refreshed within [`ACTIVE_WITHIN`].
///
/// # Errors
///
/// Those of the database.
pub async fn active_users(database: &Database, clock: &SharedClock) -> Result<i64, DatabaseError> {
    let since = clock.now() - ACTIVE_WITHIN;
    let client = database.reader().await?;
    let query = sessions::count_active_users();
    let count = query.bind(&client, &since).one();
    Ok(database.observe("select", "session", count).await?)
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
    people::delete_old_erased_sessions().bind(&client, &(now - REVOCATION_MEMORY)).await?;
    Ok(swept)
}
