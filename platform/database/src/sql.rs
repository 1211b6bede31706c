//! The statements of this crate. Names are unqualified: `search_path` is the service's schema.

/// Quotes an identifier.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Creates the schema and its record of migrations.
pub(crate) fn create_schema(schema: &str) -> String {
    let schema = identifier(schema);
    format!(
        "CREATE SCHEMA IF NOT EXISTS {schema};
         CREATE TABLE IF NOT EXISTS {schema}.schema_migrations (
             series text NOT NULL,
             version integer NOT NULL,
             name text NOT NULL,
             checksum text NOT NULL,
             applied_at timestamptz NOT NULL DEFAULT now(),
             PRIMARY KEY (series, version)
         );"
    )
}

pub(crate) const TRY_LOCK_MIGRATIONS: &str =
    "SELECT pg_try_advisory_lock(hashtextextended($1::text || '.migrations', 0))";
pub(crate) const UNLOCK_MIGRATIONS: &str =
    "SELECT pg_advisory_unlock(hashtextextended($1::text || '.migrations', 0))";
pub(crate) const APPLIED_MIGRATIONS: &str =
    "SELECT version, name, checksum FROM schema_migrations WHERE series = $1 ORDER BY version";
pub(crate) const RECORD_MIGRATION: &str =
    "INSERT INTO schema_migrations (series, version, name, checksum) VALUES ($1, $2, $3, $4)";

/// The relay that publishes; others stand by. Released by the server when the session ends.
pub(crate) const TRY_LEAD_OUTBOX: &str =
    "SELECT pg_try_advisory_lock(hashtextextended($1::text || '.outbox.leader', 0))";
pub(crate) const APPEND_EVENT: &str = "INSERT INTO outbox (id, kind, subject, occurred_at, data, traceparent) VALUES ($1, $2, $3, $4, $5, $6)";
/// The last column tells whether the event may be read: see `outbox_transaction` in the migration.
pub(crate) const EVENTS_AFTER: &str = "
    SELECT transaction, position, id, kind, subject, occurred_at, data, traceparent,
           transaction < (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
    FROM outbox WHERE (transaction, position) > ($1, $2)
    ORDER BY transaction, position LIMIT $3";
pub(crate) const OUTBOX_BACKLOG: &str = "
    SELECT count(*), min(occurred_at) FROM outbox
    WHERE (transaction, position) >
        (SELECT transaction, position FROM feed_cursors WHERE source = 'outbox')";
/// The database's clock: events are swept by age, and nobody decides by it.
pub(crate) const AGO: &str = "SELECT clock_timestamp() - make_interval(secs => $1)";
/// Only what the relay has published, oldest first, as long as it is old enough.
pub(crate) const SWEEP_EVENTS: &str = "
    DELETE FROM outbox WHERE (transaction, position) IN (
        SELECT transaction, position FROM outbox
        WHERE (transaction, position) <=
            (SELECT transaction, position FROM feed_cursors WHERE source = 'outbox')
        ORDER BY transaction, position LIMIT $2
    ) AND occurred_at < $1";

pub(crate) const FEED_CURSOR: &str =
    "SELECT transaction, position, failures FROM feed_cursors WHERE source = $1";
pub(crate) const BEGIN_FEED: &str =
    "INSERT INTO feed_cursors (source) VALUES ($1) ON CONFLICT DO NOTHING";
/// Nothing when another node is at work, or has been since the cursor was read.
pub(crate) const LOCK_FEED: &str = "
    SELECT FROM feed_cursors WHERE source = $1 AND transaction = $2 AND position = $3
    FOR UPDATE SKIP LOCKED";
pub(crate) const ADVANCE_FEED: &str = "
    UPDATE feed_cursors
    SET transaction = $2, position = $3, failures = 0, updated_at = clock_timestamp()
    WHERE source = $1";
pub(crate) const COUNT_FEED_FAILURE: &str = "
    UPDATE feed_cursors SET failures = failures + 1, updated_at = clock_timestamp()
    WHERE source = $1 AND transaction = $2 AND position = $3 RETURNING failures";
pub(crate) const PARK_EVENT: &str = "
    INSERT INTO events_parked (
        source, transaction, position, id, kind, subject, occurred_at, data, traceparent,
        attempts, last_error
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (source, transaction, position) DO NOTHING";
pub(crate) const PARKED_EVENTS: &str = "
    SELECT transaction, position, id, kind, subject, occurred_at, data, traceparent,
           source, attempts, last_error, parked_at
    FROM events_parked ORDER BY parked_at DESC, source, transaction, position LIMIT $1";
pub(crate) const COUNT_PARKED: &str = "SELECT count(*) FROM events_parked";
pub(crate) const ASK_FOR_RETRY: &str = "
    UPDATE events_parked SET retry_at = clock_timestamp()
    WHERE source = $1 AND transaction = $2 AND position = $3";
pub(crate) const LOCK_RETRY: &str = "
    SELECT transaction, position, id, kind, subject, occurred_at, data, traceparent
    FROM events_parked WHERE source = $1 AND retry_at IS NOT NULL
    ORDER BY transaction, position LIMIT 1 FOR UPDATE SKIP LOCKED";
pub(crate) const FORGET_PARKED: &str =
    "DELETE FROM events_parked WHERE source = $1 AND transaction = $2 AND position = $3";
pub(crate) const REFUSE_RETRY: &str = "
    UPDATE events_parked SET retry_at = NULL, attempts = attempts + 1, last_error = $4
    WHERE source = $1 AND transaction = $2 AND position = $3";

pub(crate) const ENQUEUE_JOB: &str = "INSERT INTO jobs (id, kind, payload, run_at, max_attempts, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const CLAIM_JOBS: &str = "
    UPDATE jobs
    SET attempts = attempts + 1,
        leased_until = clock_timestamp() + make_interval(secs => $4)
    WHERE id IN (
        SELECT id FROM jobs
        WHERE died_at IS NULL
          AND run_at <= $1
          AND (leased_until IS NULL OR leased_until < clock_timestamp())
          AND kind = ANY($2)
        ORDER BY run_at
        LIMIT $3
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id, kind, payload, attempts, max_attempts, created_at";
/// The number of attempts tells whether the lease is still the same one.
pub(crate) const FINISH_JOB: &str = "DELETE FROM jobs WHERE id = $1 AND attempts = $2";
pub(crate) const POSTPONE_JOB: &str = "UPDATE jobs SET run_at = $3, leased_until = NULL, last_error = $4 WHERE id = $1 AND attempts = $2";
pub(crate) const BURY_JOB: &str = "UPDATE jobs SET died_at = $3, leased_until = NULL, last_error = $4 WHERE id = $1 AND attempts = $2";
pub(crate) const DEAD_JOBS: &str = "
    SELECT id, kind, payload, attempts, created_at, died_at, last_error
    FROM jobs WHERE died_at IS NOT NULL ORDER BY died_at DESC, id LIMIT $1";
pub(crate) const REVIVE_JOB: &str = "
    UPDATE jobs SET died_at = NULL, attempts = 0, run_at = $2
    WHERE id = $1 AND died_at IS NOT NULL";
pub(crate) const COUNT_JOBS: &str = "SELECT count(*) FILTER (WHERE died_at IS NULL), count(*) FILTER (WHERE died_at IS NOT NULL) FROM jobs";

/// The lock that a sleeping consumer holds: see `wake_consumers` in the migration.
pub(crate) const TRY_SLEEP: &str =
    "SELECT pg_try_advisory_lock(hashtextextended($1::text || '.asleep', 0))";
pub(crate) const WAKE_UP: &str =
    "SELECT pg_advisory_unlock(hashtextextended($1::text || '.asleep', 0))";

/// Subscribes the session to a channel of the migration's triggers, `<schema>.<table>`.
pub(crate) fn listen(channel: &str) -> String {
    format!("LISTEN {}", identifier(channel))
}
