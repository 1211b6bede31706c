-- Addresses are found by their blind index, under each version of the keyring. A plain
-- address is one that is about to be sealed.

--: Credentials (email?, data_key?, sealed_email?)

--! credentials_by_email : Credentials
SELECT id, email, data_key, sealed_email, username, roles, password_change_required,
       created_at, updated_at, password_hash, pepper_version
FROM users
WHERE email_index = ANY(:email_indexes);

--! credentials_by_id : Credentials
SELECT id, email, data_key, sealed_email, username, roles, password_change_required,
       created_at, updated_at, password_hash, pepper_version
FROM users
WHERE id = :id;

--! account_by_id : (email?, data_key?, sealed_email?)
SELECT id, email, data_key, sealed_email, username, roles, password_change_required,
       created_at, updated_at
FROM users
WHERE id = :id;

--! taken
SELECT EXISTS (SELECT FROM users WHERE email_index = ANY(:email_indexes)) AS email,
       EXISTS (SELECT FROM users WHERE username_key = :username_key) AS username;

--! admin_exists
SELECT EXISTS (SELECT FROM users WHERE roles @> ARRAY['admin']) AS admin;

-- Holds until the end of the transaction what was read before: nobody changes the password
-- or the roles meanwhile. No row when somebody did.
--! hold_user
SELECT id FROM users WHERE id = :id AND updated_at = :seen FOR SHARE;

-- Nothing when the address belongs to somebody, under whichever version of the keyring.
--! insert_user
INSERT INTO users (id, data_key, key_version, sealed_email, email_index, email_index_version,
                   username, username_key, password_hash, pepper_version, password_changed_at,
                   password_change_required, roles, created_at, updated_at)
SELECT :id, :data_key, :key_version, :sealed_email, :email_index, :key_version,
       :username, :username_key, :password_hash, :pepper_version, :now,
       :password_change_required, :roles, :now, :now
WHERE NOT EXISTS (SELECT FROM users WHERE email_index = ANY(:email_indexes));

-- The hash read at verification guards against overwriting a password that was changed
-- in between.
--! upgrade_password_hash
UPDATE users
SET password_hash = :password_hash, pepper_version = :pepper_version
WHERE id = :id AND password_hash = :verified_hash;

-- `updated_at` never stands still, even when the clock does: `hold_user` relies on it.
--! change_password
UPDATE users
SET password_hash = :password_hash, pepper_version = :pepper_version,
    password_changed_at = :now,
    updated_at = greatest(:now, updated_at + interval '1 microsecond'),
    password_change_required = :password_change_required
WHERE id = :id AND password_hash = :verified_hash;

--! set_roles
UPDATE users
SET roles = :roles, updated_at = greatest(:now, updated_at + interval '1 microsecond')
WHERE id = :id;
