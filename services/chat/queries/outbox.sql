-- Many events at once.

--! append_events
INSERT INTO outbox (id, kind, subject, occurred_at, data)
SELECT i.id, i.kind, i.subject, i.occurred_at, i.data
FROM unnest(:ids::uuid[], :kinds::text[], :subjects::text[], :occurred_at::timestamptz[], :data::jsonb[])
    AS i (id, kind, subject, occurred_at, data);
