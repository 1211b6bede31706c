-- pgbench -M prepared: what POST /payments must at least write, on tables of the same shape.
BEGIN;
INSERT INTO bench.payments (id, user_id, amount, currency, status, description, metadata, created_at, updated_at)
VALUES (lpad(to_hex(nextval('bench.numbers')), 32, '0')::uuid, '01890000-0000-7000-8000-000000000001', 1999, 'EUR', 'pending', 'Two coffees', '{"order":"A-1001"}', now(), now());
INSERT INTO bench.idempotency_keys (user_id, key, created_at, status, fingerprint, body)
VALUES ('01890000-0000-7000-8000-000000000001', 'bench-' || currval('bench.numbers'), now(), 201, decode('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'hex'), '{"reference":"01890000-0000-7000-8000-000000000001","status":"pending","amount":1999,"refundedAmount":0,"currency":"EUR","description":"Two coffees","metadata":{"order":"A-1001"},"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"}');
COMMIT;
