-- What other services are told of people, and what remains of people who left.

-- What each user has signed in from, by what it calls itself ("Firefox on Windows").
CREATE TABLE devices (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    label text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, label)
);

-- Sessions of people who were erased: void until no verifier needs to know.
CREATE TABLE erased_sessions (
    id uuid PRIMARY KEY,
    revoked_at timestamptz NOT NULL
);

CREATE INDEX erased_sessions_time ON erased_sessions (revoked_at);

-- The trail stays append-only, except that a record may lose the person it speaks of:
-- all that tells of them, at once, and nothing else.
DROP TRIGGER audit_records_append_only ON audit_records;

CREATE TRIGGER audit_records_append_only
    BEFORE DELETE OR TRUNCATE ON audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

CREATE FUNCTION refuse_audit_change_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.user_id IS NULL AND NEW.address IS NULL AND NEW.user_agent IS NULL
        AND NEW.details = OLD.details - 'account'
        AND (NEW.id, NEW.occurred_at, NEW.kind, NEW.session_id, NEW.trace_id)
            IS NOT DISTINCT FROM (OLD.id, OLD.occurred_at, OLD.kind, OLD.session_id, OLD.trace_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit records are append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_records_erasure_only
    BEFORE UPDATE ON audit_records
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change_but_erasure();
