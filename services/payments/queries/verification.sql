-- The sums that reconciliation compares. Sums travel as text: numeric has no bound, and a
-- corrupted ledger must be reported rather than overflow.

--! payment_facts : (id?, amount?, refunded?, status?, last_transition?)
WITH journal AS (
    SELECT
        t.payment_id,
        count(DISTINCT t.id) FILTER (WHERE t.refund_id IS NULL) AS captures,
        count(e.position) AS entries,
        coalesce(sum(e.amount), 0) AS net,
        coalesce(sum(e.amount) FILTER (WHERE e.account LIKE 'provider:%:clearing'), 0) AS clearing,
        coalesce(sum(e.amount) FILTER (WHERE e.account = 'user:' || p.user_id || ':balance'), 0) AS balance,
        coalesce(sum(e.amount) FILTER (WHERE e.account = 'user:' || p.user_id || ':refunds'), 0) AS refunds,
        count(*) FILTER (WHERE e.currency <> p.currency) AS foreign_entries
    FROM ledger_transactions AS t
    LEFT JOIN ledger_entries AS e ON e.transaction_id = t.id
    LEFT JOIN payments AS p ON p.id = t.payment_id
    GROUP BY t.payment_id
), returned AS (
    SELECT payment_id, sum(amount) AS total FROM refunds GROUP BY payment_id
), history AS (
    SELECT DISTINCT ON (payment_id) payment_id, to_status
    FROM payment_transitions ORDER BY payment_id, position DESC
)
SELECT
    coalesce(p.id, j.payment_id, r.payment_id, h.payment_id) AS payment_id,
    p.id,
    p.amount,
    p.refunded,
    p.status,
    coalesce(j.captures, 0) AS captures,
    coalesce(j.entries, 0) AS entries,
    coalesce(j.net, 0)::text AS net,
    coalesce(j.clearing, 0)::text AS clearing,
    coalesce(j.balance, 0)::text AS balance,
    coalesce(j.refunds, 0)::text AS refunds,
    coalesce(j.foreign_entries, 0) AS foreign_entries,
    coalesce(r.total, 0)::text AS returned,
    h.to_status AS last_transition
FROM payments AS p
FULL JOIN journal AS j ON j.payment_id = p.id
FULL JOIN returned AS r ON r.payment_id = coalesce(p.id, j.payment_id)
FULL JOIN history AS h ON h.payment_id = coalesce(p.id, j.payment_id, r.payment_id);

-- Also finds entries whose journal transaction is gone.
--! unbalanced_transactions : (payment_id?)
SELECT e.transaction_id, t.payment_id, sum(e.amount)::text AS sum
FROM ledger_entries AS e LEFT JOIN ledger_transactions AS t ON t.id = e.transaction_id
GROUP BY e.transaction_id, t.payment_id, e.currency
HAVING sum(e.amount) <> 0 OR t.payment_id IS NULL;

--! global_sums
SELECT currency, sum(amount)::text AS sum FROM ledger_entries
GROUP BY currency HAVING sum(amount) <> 0;
