-- People as others see them. Login names and e-mail addresses belong to the auth service;
-- what stands here is a projection that follows its events.

-- Pictures that people uploaded, as they were stored: by the digest of their bytes. A row
-- is locked while its file is written or removed, so the two never part.
CREATE TABLE avatars (
    -- SHA-256.
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    media_type text NOT NULL,
    size integer NOT NULL CHECK (size > 0),
    created_at timestamptz NOT NULL
);

CREATE TABLE people (
    id uuid PRIMARY KEY,
    username text NOT NULL,
    -- Lower case. Compared byte by byte, so that a prefix is a range of the index.
    username_key text COLLATE "C" NOT NULL,
    -- The person's own key, wrapped by a version of the installation's keyring. It opens
    -- the sealed columns below; with the row goes the key.
    data_key bytea NOT NULL,
    key_version integer NOT NULL,
    -- Sealed.
    email bytea,
    -- HMAC of the normalised address, and the version of the keyring whose key made it.
    email_index bytea CHECK (octet_length(email_index) = 32),
    email_index_version integer,
    -- Sealed.
    display_name bytea,
    -- A picture elsewhere, or one that is stored here; never both.
    avatar_url text,
    avatar_hash bytea REFERENCES avatars (hash),
    -- As in avatars, so that lists need not look there.
    avatar_media_type text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (avatar_url IS NULL OR avatar_hash IS NULL),
    CHECK ((avatar_hash IS NULL) = (avatar_media_type IS NULL)),
    CHECK ((email IS NULL) = (email_index IS NULL)),
    CHECK ((email_index IS NULL) = (email_index_version IS NULL))
);

-- The order of the directory, and searches for the beginning of a name.
CREATE UNIQUE INDEX people_by_name ON people (username_key, id);
CREATE INDEX people_by_email ON people (email_index) WHERE email_index IS NOT NULL;
CREATE INDEX people_by_avatar ON people (avatar_hash) WHERE avatar_hash IS NOT NULL;
CREATE INDEX people_by_key_version ON people (key_version, id);
CREATE INDEX people_by_index_version ON people (email_index_version, id)
    WHERE email_index_version IS NOT NULL;

-- Searches for a part of a name. pg_trgm is a trusted extension: whoever may create in the
-- database may create it, wherever PostgreSQL's contrib modules are installed. It may also
-- be there already, in another schema, so the operator class is named with its schema.
-- Without it searches read the index above in order: right, but slow for rare parts of
-- names. Then create the extension as a superuser and the index as it stands here.
DO $$
DECLARE
    home text;
BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
        RAISE WARNING 'pg_trgm cannot be created (%); searches for rare parts of names will be slow', SQLERRM;
    END;
    SELECT n.nspname INTO home
    FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_trgm';
    IF home IS NOT NULL THEN
        EXECUTE format(
            'CREATE INDEX people_by_part_of_name ON people '
            'USING gin (username_key %I.gin_trgm_ops) WITH (fastupdate = off)',
            home
        );
    END IF;
END
$$;

-- How rare a text is in names decides how a search is done. With the default of a hundred
-- samples one that stands in a single sample is taken to be in every hundredth name.
ALTER TABLE people ALTER COLUMN username_key SET STATISTICS 1000;

-- Who is connected, and who was. Apart from people, because it changes all the time and
-- each change of a person touches every index above.
CREATE TABLE presence (
    user_id uuid PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    username_key text COLLATE "C" NOT NULL,
    is_online boolean NOT NULL,
    last_seen_at timestamptz,
    -- When the row last changed, by this service's clock.
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 80);

CREATE INDEX online_by_name ON presence (username_key, user_id) WHERE is_online;
CREATE INDEX online_by_person ON presence (user_id) WHERE is_online;

-- People who had themselves erased: nothing but the id, so that an old event does not
-- bring them back.
CREATE TABLE erased_people (
    user_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL
);
