-- E-mail addresses are sealed under a key of their own person, and found by a keyed index.
--
-- Accounts that are there keep the plain address until a node starts: it seals them before
-- it serves. Nodes of the version before do not find sealed accounts, so stop them first.

ALTER TABLE users
    ALTER COLUMN email DROP NOT NULL,
    -- The person's own key, wrapped by a version of the installation's keyring.
    ADD COLUMN data_key bytea,
    ADD COLUMN key_version integer,
    ADD COLUMN sealed_email bytea,
    -- HMAC of the normalised address, and the version of the keyring whose key made it.
    ADD COLUMN email_index bytea CHECK (octet_length(email_index) = 32),
    ADD COLUMN email_index_version integer,
    ADD CONSTRAINT users_address CHECK (
        (email IS NULL) = (data_key IS NOT NULL)
        AND (data_key IS NULL) = (key_version IS NULL)
        AND (data_key IS NULL) = (sealed_email IS NULL)
        AND (data_key IS NULL) = (email_index IS NULL)
        AND (data_key IS NULL) = (email_index_version IS NULL)
    );

CREATE UNIQUE INDEX users_email_index ON users (email_index);
CREATE INDEX users_by_key_version ON users (key_version, id);
CREATE INDEX users_by_index_version ON users (email_index_version, id);
CREATE INDEX users_unsealed ON users (id) WHERE email IS NOT NULL;
