--! signing_keys
SELECT kid, sealed_private_key, active_from
FROM signing_keys
ORDER BY active_from, kid;

--! insert_signing_key
INSERT INTO signing_keys (kid, sealed_private_key, created_at, active_from)
VALUES (:kid, :sealed_private_key, :now, :active_from);

--! delete_signing_keys
DELETE FROM signing_keys WHERE kid = ANY(:kids);

-- Held until the end of the transaction: one node at a time changes the keys.
--! lock_keys
SELECT true AS locked FROM pg_advisory_xact_lock(hashtextextended('marquis.auth.signing_keys', 0));

-- Held until the end of the transaction: one node creates the first administrator.
--! lock_first_admin
SELECT true AS locked FROM pg_advisory_xact_lock(hashtextextended('marquis.auth.first_admin', 0));
