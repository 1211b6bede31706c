-- The payment's row, its creation and its history.

--: Payment (description?, metadata?)

-- Creates a payment, its event and, when a key is given, the stored answer, all or nothing
-- in one round trip.
--
-- One row comes back:
--   created                     the payment was created now;
--   fingerprint, status, body   the key was used before: what was answered then;
--   neither, acquired           the first use committed after this statement's snapshot was
--                               taken: read it with stored_answer;
--   neither, not acquired       the first use is still going on.
--
-- A first use is recognised by an advisory lock and not by a row "in progress", so a crash
-- leaves nothing behind. An expired key is taken over in place.
--! create_payment (key?, description?, metadata?, traceparent?) : (acquired?, fingerprint?, status?, body?)
WITH known AS (
    SELECT k.fingerprint, k.status, k.body FROM idempotency_keys AS k
    WHERE k.user_id = :user_id AND k.key = :key AND k.created_at > :expired_at
), claim AS (
    SELECT CASE WHEN :key::text IS NULL THEN true ELSE pg_try_advisory_xact_lock(:lock) END AS acquired
    WHERE NOT EXISTS (SELECT FROM known)
), stored AS (
    INSERT INTO idempotency_keys (user_id, key, created_at, status, fingerprint, body)
    SELECT :user_id, :key, :now, 201, :fingerprint, :body FROM claim
    WHERE claim.acquired AND :key::text IS NOT NULL
    ON CONFLICT (user_id, key) DO UPDATE
    SET created_at = excluded.created_at, status = excluded.status,
        fingerprint = excluded.fingerprint, body = excluded.body
    WHERE idempotency_keys.created_at <= :expired_at
    RETURNING 1
), payment AS (
    INSERT INTO payments (
        id, user_id, amount, currency, status, description, metadata, created_at, updated_at
    )
    SELECT :id, :user_id, :amount, :currency, 'pending', :description, :metadata, :now, :now
    FROM claim
    WHERE claim.acquired AND (:key::text IS NULL OR EXISTS (SELECT FROM stored))
    RETURNING id
), event AS (
    INSERT INTO outbox (id, kind, subject, occurred_at, data, traceparent)
    SELECT :event_id, 'payment.created', :reference, :now, :event, :traceparent FROM payment
)
SELECT
    (SELECT claim.acquired FROM claim) AS acquired,
    EXISTS (SELECT FROM payment) AS created,
    known.fingerprint,
    known.status,
    known.body
FROM (SELECT) AS always LEFT JOIN known ON true;

--! payment_by_id : Payment
SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at
FROM payments WHERE id = :id;

--! lock_payment : Payment
SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at
FROM payments WHERE id = :id FOR UPDATE;

--! update_payment
UPDATE payments SET status = :status, refunded = :refunded, updated_at = :updated_at WHERE id = :id;

-- The lists differ in what they are indexed by; a single statement with optional
-- conditions would be planned without any index. Counts stop at the ceiling.

--! payments_of_user (status?) : Payment
SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at
FROM payments
WHERE user_id = :user_id AND (:status::text IS NULL OR status = :status)
ORDER BY id DESC LIMIT :limit OFFSET :offset;

--! count_payments_of_user (status?)
SELECT count(*) FROM (
    SELECT FROM payments
    WHERE user_id = :user_id AND (:status::text IS NULL OR status = :status)
    LIMIT :ceiling
) AS counted;

--! payments_in_status : Payment
SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at
FROM payments WHERE status = :status ORDER BY id DESC LIMIT :limit OFFSET :offset;

--! count_payments_in_status
SELECT count(*) FROM (
    SELECT FROM payments WHERE status = :status LIMIT :ceiling
) AS counted;

--! all_payments : Payment
SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at
FROM payments ORDER BY id DESC LIMIT :limit OFFSET :offset;

--! count_all_payments
SELECT count(*) FROM (SELECT FROM payments LIMIT :ceiling) AS counted;

--! insert_transition (actor_id?)
INSERT INTO payment_transitions (payment_id, from_status, to_status, cause, actor_id, occurred_at)
VALUES (:payment_id, :from_status, :to_status, :cause, :actor_id, :occurred_at);

--! transitions_of_payment
SELECT to_status, cause, occurred_at FROM payment_transitions
WHERE payment_id = :payment_id ORDER BY position;
