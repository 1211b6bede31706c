-- What providers sent.

-- Returns nothing when the event is known already.
--! store_event
INSERT INTO provider_events (source, event_id, payload, received_at)
VALUES (:source, :event_id, :payload, :received_at)
ON CONFLICT (source, event_id) DO NOTHING
RETURNING id;

--! event_id_of
SELECT id FROM provider_events WHERE source = :source AND event_id = :event_id;

--! lock_event : (payment_id?, detail?)
SELECT payload, outcome, payment_id, detail FROM provider_events WHERE id = :id FOR UPDATE;

--! settle_event (payment_id?, detail?)
UPDATE provider_events
SET outcome = :outcome, payment_id = :payment_id, detail = :detail, settled_at = :settled_at
WHERE id = :id;

-- Events left behind by a crash, and those whose payment has appeared since.
--! open_events
SELECT e.id FROM provider_events AS e
WHERE e.outcome IN ('received', 'unmatched')
  AND ((e.outcome = 'received' AND e.received_at <= :left_behind_since)
    OR EXISTS (SELECT FROM payments AS p WHERE p.id = e.payment_id))
ORDER BY e.id LIMIT 100;
