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
pub(crate) const OLDEST_EVENTS: &str = "SELECT position, id, kind, subject, occurred_at, data, traceparent FROM outbox ORDER BY position LIMIT $1";
pub(crate) const DELETE_EVENTS: &str = "DELETE FROM outbox WHERE position = ANY($1)";
pub(crate) const APPEND_EVENT: &str = "INSERT INTO outbox (id, kind, subject, occurred_at, data, traceparent) VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const OUTBOX_BACKLOG: &str = "SELECT count(*), min(occurred_at) FROM outbox";

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
