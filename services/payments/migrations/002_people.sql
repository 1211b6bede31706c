-- People who leave: what the books need stays, under a name that leads nowhere.

-- An erased owner is replaced by a fresh id everywhere, so that the ledger still agrees with
-- the payments. Nothing records which id replaced which.

-- What one user did to anybody's payments; null for what providers did.
CREATE INDEX payment_transitions_by_actor ON payment_transitions (actor_id)
    WHERE actor_id IS NOT NULL;
CREATE INDEX refunds_by_actor ON refunds (actor_id) WHERE actor_id IS NOT NULL;

-- What providers sent about a payment may tell of the person who paid.
CREATE INDEX provider_events_by_payment ON provider_events (payment_id)
    WHERE payment_id IS NOT NULL;

-- The books stay append-only, except for whom they speak of.
DROP TRIGGER ledger_entries_append_only ON ledger_entries;
DROP TRIGGER payment_transitions_append_only ON payment_transitions;
DROP TRIGGER refunds_append_only ON refunds;

CREATE TRIGGER ledger_entries_append_only
    BEFORE DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payment_transitions_append_only
    BEFORE DELETE OR TRUNCATE ON payment_transitions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refunds_append_only
    BEFORE DELETE OR TRUNCATE ON refunds
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- An entry's owner may become another one; the kind of account may not. That it became the
-- payment's owner is what the verification of the books checks.
CREATE FUNCTION refuse_change_but_of_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner CONSTANT text := '^user:[0-9a-f-]{36}:';
BEGIN
    IF OLD.account ~ owner AND NEW.account ~ owner AND NEW.account <> OLD.account
        AND regexp_replace(NEW.account, owner, '') = regexp_replace(OLD.account, owner, '')
        AND (NEW.transaction_id, NEW.position, NEW.amount, NEW.currency)
            = (OLD.transaction_id, OLD.position, OLD.amount, OLD.currency)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER ledger_entries_owner_only
    BEFORE UPDATE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_of_owner();

-- Who did it may become somebody else, and a reason in somebody's words may go.
CREATE FUNCTION refuse_change_but_of_actor() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept CONSTANT text[] := ARRAY['actor_id', 'reason'];
BEGIN
    IF NEW IS DISTINCT FROM OLD
        AND to_jsonb(NEW) - kept = to_jsonb(OLD) - kept
        AND (NEW.actor_id IS NULL) = (OLD.actor_id IS NULL)
        AND (to_jsonb(NEW) ->> 'reason' IS NULL OR to_jsonb(NEW) -> 'reason' = to_jsonb(OLD) -> 'reason')
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER payment_transitions_actor_only
    BEFORE UPDATE ON payment_transitions
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_of_actor();
CREATE TRIGGER refunds_actor_only
    BEFORE UPDATE ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_change_but_of_actor();
