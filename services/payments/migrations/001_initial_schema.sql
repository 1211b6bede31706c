-- Payments, their history, the ledger, idempotency keys and provider events.
-- Every id is a UUIDv7, so primary keys grow at one end and sort by creation.

CREATE TABLE payments (
    id uuid PRIMARY KEY,
    -- The auth service's user; no foreign key crosses schemas.
    user_id uuid NOT NULL,
    -- Minor units.
    amount bigint NOT NULL CHECK (amount > 0),
    refunded bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status text NOT NULL CHECK (status IN (
        'pending', 'processing', 'succeeded', 'failed', 'cancelled', 'partially_refunded', 'refunded'
    )),
    description text,
    metadata jsonb,
    CHECK (refunded BETWEEN 0 AND amount)
);

-- One user's payments, newest first. Everybody's are read by the primary key.
CREATE INDEX payments_by_user ON payments (user_id, id);
CREATE INDEX payments_by_status ON payments (status, id);

-- Transitions after creation. The state machine has no cycle, so a state is reached once.
CREATE TABLE payment_transitions (
    payment_id uuid NOT NULL REFERENCES payments,
    position bigint GENERATED ALWAYS AS IDENTITY,
    from_status text NOT NULL,
    to_status text NOT NULL,
    -- provider, owner, staff or refund.
    cause text NOT NULL,
    -- The user who asked for it, unless it was the provider.
    actor_id uuid,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (payment_id, position),
    UNIQUE (payment_id, to_status)
);

CREATE TABLE refunds (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments,
    amount bigint NOT NULL CHECK (amount > 0),
    reason text,
    -- The provider's own id of a refund that the provider began.
    provider_refund_id text,
    -- The user who asked for it, unless it was the provider.
    actor_id uuid,
    created_at timestamptz NOT NULL
);

CREATE INDEX refunds_by_payment ON refunds (payment_id, id);
CREATE UNIQUE INDEX refunds_by_provider_id ON refunds (provider_refund_id)
    WHERE provider_refund_id IS NOT NULL;

-- The journal: why money moved.
CREATE TABLE ledger_transactions (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments,
    -- Null for the capture.
    refund_id uuid REFERENCES refunds,
    occurred_at timestamptz NOT NULL
);

-- A payment is captured once and a refund is posted once.
CREATE UNIQUE INDEX ledger_one_capture ON ledger_transactions (payment_id) WHERE refund_id IS NULL;
CREATE UNIQUE INDEX ledger_one_posting_per_refund ON ledger_transactions (refund_id);

-- The entries: a debit is positive, a credit negative.
CREATE TABLE ledger_entries (
    transaction_id uuid NOT NULL REFERENCES ledger_transactions,
    position smallint NOT NULL,
    account text NOT NULL,
    amount bigint NOT NULL CHECK (amount <> 0),
    currency text NOT NULL,
    PRIMARY KEY (transaction_id, position)
);

-- A commit whose journal transactions do not sum to zero in every currency is refused.
-- sum(bigint) is numeric, so the check itself cannot overflow.
CREATE FUNCTION refuse_unbalanced_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- ledger_transactions has id, ledger_entries has transaction_id.
    checked uuid := coalesce(to_jsonb(NEW) ->> 'transaction_id', to_jsonb(NEW) ->> 'id');
BEGIN
    IF (SELECT count(*) FROM ledger_entries WHERE transaction_id = checked) < 2 THEN
        RAISE EXCEPTION 'ledger transaction % has fewer than two entries', checked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT FROM ledger_entries WHERE transaction_id = checked
        GROUP BY currency HAVING sum(amount) <> 0
    ) THEN
        RAISE EXCEPTION 'ledger transaction % does not sum to zero', checked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER ledger_transaction_is_balanced
    AFTER INSERT ON ledger_transactions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_transaction();
CREATE CONSTRAINT TRIGGER ledger_entry_is_balanced
    AFTER INSERT ON ledger_entries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_transaction();

-- What is written in the books stays as it was written; a mistake is corrected by a new entry.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER ledger_transactions_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entries_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payment_transitions_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refunds_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON refunds
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- First answers by Idempotency-Key. A row appears in the transaction that did the work, so
-- there is none whose work is still going on or was lost.
CREATE TABLE idempotency_keys (
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    status smallint NOT NULL,
    key text NOT NULL,
    -- SHA-256 over the operation and its parameters.
    fingerprint bytea NOT NULL,
    -- As it was sent, byte for byte.
    body text NOT NULL,
    PRIMARY KEY (user_id, key)
);

-- For the clean-up. Rows arrive in this order, so a block range index is enough and next
-- to free on insert.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys
    USING brin (created_at) WITH (pages_per_range = 32);

-- What providers sent, stored before it is understood.
CREATE TABLE provider_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Whose event ids these are: standard, stripe or sandbox.
    source text NOT NULL,
    event_id text NOT NULL,
    payload bytea NOT NULL,
    payment_id uuid,
    -- received: not settled yet; applied, stale, conflict, ignored: final;
    -- malformed: signed but not understood; unmatched: waits for its payment.
    outcome text NOT NULL DEFAULT 'received' CHECK (outcome IN (
        'received', 'applied', 'stale', 'conflict', 'ignored', 'malformed', 'unmatched'
    )),
    detail text,
    received_at timestamptz NOT NULL,
    settled_at timestamptz,
    UNIQUE (source, event_id)
);

CREATE INDEX provider_events_open ON provider_events (payment_id)
    WHERE outcome IN ('received', 'unmatched');
