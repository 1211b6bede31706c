-- One person's data: all of it, and taking the person out of it.

-- Newest first; a copy of years of payments stays within bounds.
--! personal_payments : Payment
SELECT id, user_id, amount, refunded, currency, status, description, metadata, created_at, updated_at
FROM payments WHERE user_id = :user_id ORDER BY id DESC LIMIT :most;

--: Payment (description?, metadata?)

--! personal_transitions
SELECT t.payment_id, t.to_status, t.cause, t.occurred_at
FROM payments AS p JOIN payment_transitions AS t ON t.payment_id = p.id
WHERE p.user_id = :user_id ORDER BY t.payment_id, t.position;

--! personal_refunds : (reason?, provider_refund_id?)
SELECT r.id, r.payment_id, r.amount, p.currency, r.reason, r.provider_refund_id, r.created_at
FROM payments AS p JOIN refunds AS r ON r.payment_id = p.id
WHERE p.user_id = :user_id ORDER BY r.payment_id, r.id;

--! personal_keys
SELECT key, created_at FROM idempotency_keys WHERE user_id = :user_id ORDER BY created_at, key;

-- The statements below run in one transaction, entries first: they are found by what the
-- last one changes.

-- However much there is.
--! take_time
SELECT set_config('statement_timeout', '0', true) AS set;

-- Changes of these payments wait until the owner is another one.
--! lock_payments_of
SELECT id FROM payments WHERE user_id = :user_id ORDER BY id FOR UPDATE;

--! disown_entries
UPDATE ledger_entries AS e
SET account = 'user:' || :successor::uuid || substr(e.account, length('user:' || :user_id::uuid) + 1)
WHERE e.transaction_id IN (
    SELECT t.id FROM payments AS p
    JOIN ledger_transactions AS t ON t.payment_id = p.id AND t.refund_id IS NULL
    WHERE p.user_id = :user_id
    UNION ALL
    SELECT t.id FROM payments AS p
    JOIN refunds AS r ON r.payment_id = p.id
    JOIN ledger_transactions AS t ON t.refund_id = r.id
    WHERE p.user_id = :user_id
) AND starts_with(e.account, 'user:' || :user_id::uuid || ':');

-- Reasons are somebody's words about this person.
--! silence_refunds
UPDATE refunds SET reason = NULL
WHERE reason IS NOT NULL AND payment_id IN (SELECT id FROM payments WHERE user_id = :user_id);

--! disown_refunds
UPDATE refunds SET actor_id = :successor WHERE actor_id = :user_id;

--! disown_transitions
UPDATE payment_transitions SET actor_id = :successor WHERE actor_id = :user_id;

-- What is not settled yet is still needed; it is settled within seconds or never.
--! silence_events
UPDATE provider_events SET payload = ''
WHERE payload <> '' AND outcome NOT IN ('received', 'unmatched')
  AND payment_id IN (SELECT id FROM payments WHERE user_id = :user_id);

--! forget_keys
DELETE FROM idempotency_keys WHERE user_id = :user_id;

--! disown_payments
UPDATE payments SET user_id = :successor, description = NULL, metadata = NULL
WHERE user_id = :user_id;
