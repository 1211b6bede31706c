-- The outbox becomes a log: events stay for a time after they were published, so that other
-- services read them with cursors of their own. Readers: marquis_database::{outbox, feed}.

-- What an appended event waits for: the newest transaction that may have been at work when
-- the event was appended. An event is read once every transaction up to that one has ended.
--
-- * Complete: a transaction at work appends nothing below its own number, so what lies below
--   the oldest transaction at work is final, and a cursor that passed it has missed nothing.
-- * Ordered: whoever appends for a subject after another transaction's commit sees that
--   transaction ended (a volatile function's statements see by snapshots of their own), and
--   is given at least its number. A transaction's own number would not do: it is given out
--   at the first write, which may come before the wait for the subject's lock.
CREATE FUNCTION outbox_transaction() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN greatest(
        pg_current_xact_id()::text::bigint,
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1
    );
END
$$;

ALTER TABLE outbox ADD COLUMN transaction bigint NOT NULL DEFAULT outbox_transaction();

-- One index as before: readers go through it in the order of their cursors.
ALTER TABLE outbox DROP CONSTRAINT outbox_pkey;
ALTER TABLE outbox ADD PRIMARY KEY (transaction, position);

-- A log: rows are added at one end and swept at the other, in large steps.
ALTER TABLE outbox RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);

-- How far this schema has read each log.
CREATE TABLE feed_cursors (
    -- The service whose log it is; 'outbox' is the relay's place in the log of this schema.
    source text PRIMARY KEY,
    transaction bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0,
    -- Failed attempts at the event after the cursor.
    failures integer NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (
    -- One row, updated all the time, within its page.
    fillfactor = 10,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000
);

-- What was published before had been deleted: all that is there waits.
INSERT INTO feed_cursors (source) VALUES ('outbox');

-- Events that could not be handled and were passed over. They stay for a person to look at.
CREATE TABLE events_parked (
    source text NOT NULL,
    transaction bigint NOT NULL,
    position bigint NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    occurred_at timestamptz NOT NULL,
    data jsonb NOT NULL,
    traceparent text,
    attempts integer NOT NULL,
    last_error text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    -- Set by whoever wants it to be tried once more.
    retry_at timestamptz,
    PRIMARY KEY (source, transaction, position)
);
