-- Renewal of keys.

--! outdated_keys
SELECT id, data_key FROM people WHERE key_version < :version
ORDER BY key_version, id LIMIT :limit FOR UPDATE;

--! replace_key
UPDATE people SET data_key = :data_key, key_version = :version WHERE id = :id;

--! outdated_indexes
SELECT id, data_key, email FROM people WHERE email_index_version < :version
ORDER BY email_index_version, id LIMIT :limit FOR UPDATE;

--! replace_index
UPDATE people SET email_index = :email_index, email_index_version = :version WHERE id = :id;
