-- Refunds and the ledger's journal.

--! insert_refund (reason?, provider_refund_id?, actor_id?)
INSERT INTO refunds (id, payment_id, amount, reason, provider_refund_id, actor_id, created_at)
VALUES (:id, :payment_id, :amount, :reason, :provider_refund_id, :actor_id, :created_at);

--! refund_is_known
SELECT EXISTS (SELECT FROM refunds WHERE provider_refund_id = :provider_refund_id) AS known;

--! refunds_of_payment : (reason?, provider_refund_id?)
SELECT r.id, r.payment_id, r.amount, p.currency, r.reason, r.provider_refund_id, r.created_at
FROM refunds AS r JOIN payments AS p ON p.id = r.payment_id
WHERE r.payment_id = :payment_id ORDER BY r.id DESC LIMIT :limit OFFSET :offset;

--! count_refunds_of_payment
SELECT count(*) FROM refunds WHERE payment_id = :payment_id;

--! insert_journal_transaction (refund_id?)
WITH journal AS (
    INSERT INTO ledger_transactions (id, payment_id, refund_id, occurred_at)
    VALUES (:id, :payment_id, :refund_id, :occurred_at)
)
INSERT INTO ledger_entries (transaction_id, position, account, amount, currency)
SELECT :id, entry.position::smallint, entry.account, entry.amount, :currency
FROM unnest(:accounts::text[], :amounts::bigint[]) WITH ORDINALITY
    AS entry (account, amount, position);
