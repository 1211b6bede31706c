-- Sealing addresses, and renewing what they are sealed with, a batch at a time.

--! unsealed
SELECT id, email FROM users WHERE email IS NOT NULL
ORDER BY id LIMIT :limit FOR UPDATE;

--! seal
UPDATE users AS u
SET email = NULL, data_key = s.data_key, key_version = :version,
    sealed_email = s.sealed_email, email_index = s.email_index, email_index_version = :version
FROM unnest(:ids::uuid[], :data_keys::bytea[], :sealed_emails::bytea[], :email_indexes::bytea[])
    AS s (id, data_key, sealed_email, email_index)
WHERE u.id = s.id;

--! outdated_keys
SELECT id, data_key FROM users WHERE key_version < :version
ORDER BY id LIMIT :limit FOR UPDATE;

--! renew_keys
UPDATE users AS u SET data_key = s.data_key, key_version = :version
FROM unnest(:ids::uuid[], :data_keys::bytea[]) AS s (id, data_key)
WHERE u.id = s.id;

--! outdated_indexes
SELECT id, data_key, sealed_email FROM users WHERE email_index_version < :version
ORDER BY id LIMIT :limit FOR UPDATE;

--! renew_indexes
UPDATE users AS u SET email_index = s.email_index, email_index_version = :version
FROM unnest(:ids::uuid[], :email_indexes::bytea[]) AS s (id, email_index)
WHERE u.id = s.id;
