-- First answers by Idempotency-Key. create_payment writes its own.

--! try_lock_key
SELECT pg_try_advisory_xact_lock(:lock) AS acquired;

--! stored_answer
SELECT fingerprint, status, body FROM idempotency_keys
WHERE user_id = :user_id AND key = :key AND created_at > :expired_at;

--! store_answer
INSERT INTO idempotency_keys (user_id, key, created_at, status, fingerprint, body)
VALUES (:user_id, :key, :now, :status, :fingerprint, :body)
ON CONFLICT (user_id, key) DO UPDATE
SET created_at = excluded.created_at, status = excluded.status,
    fingerprint = excluded.fingerprint, body = excluded.body
WHERE idempotency_keys.created_at <= :expired_at;

-- Bounded, so that a clean-up after a long stop does not hold its snapshot for long.
--! delete_expired_answers
DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at <= :expired_at LIMIT 5000
));
