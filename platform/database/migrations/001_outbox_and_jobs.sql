-- Tables that every service's schema has. Readers and writers: marquis_database::{outbox, jobs}.

-- Events waiting to leave the service. A row is deleted once it has been published.
CREATE TABLE outbox (
    -- Order of appending. Assigned while the transaction holds the locks on what the event
    -- is about, so that two events of one subject are numbered in the order of their commits.
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    occurred_at timestamptz NOT NULL,
    data jsonb NOT NULL,
    traceparent text
) WITH (
    -- A queue: vacuumed by the number of rows that passed, not by a share of its size.
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 20000
);

-- Work to be done once, some time after the transaction that asked for it.
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    -- Not before this time of the application's clock.
    run_at timestamptz NOT NULL,
    -- Runs begun so far, the current one included.
    attempts integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL CHECK (max_attempts > 0),
    -- While a worker runs the job. A worker that died leaves a lease that ends.
    leased_until timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    -- Set when no attempt is left; the row stays for a person to look at.
    died_at timestamptz
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    fillfactor = 70
);

CREATE INDEX jobs_waiting ON jobs (run_at) WHERE died_at IS NULL;
CREATE INDEX jobs_dead ON jobs (died_at) WHERE died_at IS NOT NULL;

-- Wakes whoever consumes a queue, but only one that sleeps: a committing transaction that
-- notifies holds a lock of the whole server while its commit reaches the disk, so notifying
-- from each append would end the grouping of commits. A sleeping consumer holds the advisory
-- lock below exclusively; appenders take it shared until they commit. Hence either the
-- consumer cannot fall asleep yet and looks again, or the appender sees it asleep and
-- wakes it.
CREATE FUNCTION wake_consumers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock_shared(
        hashtextextended(TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME || '.asleep', 0)
    ) THEN
        PERFORM pg_notify(TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, '');
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER wake_relay AFTER INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION wake_consumers();

CREATE TRIGGER wake_workers AFTER INSERT ON jobs
    FOR EACH STATEMENT EXECUTE FUNCTION wake_consumers();
