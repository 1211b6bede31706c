-- Identity: who can sign in, the sessions they are signed in with, the keys that sign
-- their tokens, and the trail of what happened. Every time is the application's clock.

CREATE TABLE users (
    id uuid PRIMARY KEY,
    -- Normalised: trimmed and in lower case.
    email text NOT NULL CONSTRAINT users_email_key UNIQUE,
    username text NOT NULL,
    -- The username in lower case: unique whatever the spelling.
    username_key text NOT NULL CONSTRAINT users_username_key UNIQUE,
    -- bcrypt over a keyed hash of the password; pepper_version names the key.
    password_hash text NOT NULL,
    pepper_version integer NOT NULL,
    password_changed_at timestamptz NOT NULL,
    -- The password is a one-time one: sessions opened with it have no roles.
    password_change_required boolean NOT NULL DEFAULT false,
    roles text[] NOT NULL CONSTRAINT users_roles_known
        CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['user', 'admin', 'finance', 'service']),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Is there an administrator?
CREATE INDEX users_admins ON users (id) WHERE roles @> ARRAY['admin'];

-- Consecutive failures per account, whether or not the account exists: keyed by an HMAC
-- of the normalised e-mail, so that the table neither stores nor confirms an address.
CREATE TABLE login_attempts (
    account bytea PRIMARY KEY CHECK (octet_length(account) = 32),
    failures integer NOT NULL CHECK (failures >= 0),
    last_attempt_at timestamptz NOT NULL,
    locked_until timestamptz
);

CREATE INDEX login_attempts_age ON login_attempts (last_attempt_at);

-- One sign-in each: the family of refresh tokens that began with it.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- How the user proved who they are (RFC 8176): pwd, later otp, hwk.
    amr text[] NOT NULL,
    -- Opened with a one-time password: its tokens carry no roles, ever.
    restricted boolean NOT NULL,
    address inet,
    user_agent text,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    -- Absolute end of the session.
    expires_at timestamptz NOT NULL,
    -- End of the session unless it is used before.
    idle_expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_because text,
    CHECK ((revoked_at IS NULL) = (revoked_because IS NULL))
);

CREATE INDEX sessions_of_user ON sessions (user_id, last_used_at DESC) WHERE revoked_at IS NULL;
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
-- Who was active lately?
CREATE INDEX sessions_activity ON sessions (last_used_at) WHERE revoked_at IS NULL;
CREATE INDEX sessions_end ON sessions (idle_expires_at);
-- Cascading deletes from users find every session, revoked ones too.
CREATE INDEX sessions_user_fk ON sessions (user_id);

-- SHA-256 of each refresh token. A used one is remembered until it would have expired by
-- itself, so that its replay is recognised.
CREATE TABLE refresh_tokens (
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_end ON refresh_tokens (expires_at);

-- Ed25519 keys that sign access tokens. The one with the latest active_from not in the
-- future signs; a later one is published ahead of its use.
CREATE TABLE signing_keys (
    -- Thumbprint of the public key (RFC 7638).
    kid text PRIMARY KEY,
    -- PKCS#8, encrypted with AES-256-GCM under a key derived from the master key:
    -- nonce (12) || ciphertext || tag (16).
    sealed_private_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    active_from timestamptz NOT NULL
);

-- Every authentication and authorization event. Rows are only ever added; ids of users
-- and sessions are not foreign keys, because the trail outlives both.
CREATE TABLE audit_records (
    id uuid PRIMARY KEY,
    occurred_at timestamptz NOT NULL,
    kind text NOT NULL,
    -- Whom it concerns; null when nobody is known by the credentials presented.
    user_id uuid,
    session_id uuid,
    address inet,
    user_agent text,
    trace_id text,
    details jsonb NOT NULL DEFAULT '{}'
);

CREATE INDEX audit_records_time ON audit_records (occurred_at);
CREATE INDEX audit_records_user ON audit_records (user_id, occurred_at) WHERE user_id IS NOT NULL;

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit records are append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_records_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
