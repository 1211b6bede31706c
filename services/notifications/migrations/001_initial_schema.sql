-- Notifications, what people want to be told and how, and where their browsers listen.
-- Every id is a UUIDv7. Texts are made when they are shown: rows hold ids, not names.

CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    -- The auth service's user; no foreign key crosses schemas.
    user_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('message', 'payment', 'sign_in', 'security')),
    -- The event it tells of: payment.succeeded.
    event text NOT NULL,
    data jsonb NOT NULL,
    -- Events with the same key become one notification as long as it is unread.
    merge_key text,
    -- How many events it tells of.
    count integer NOT NULL DEFAULT 1 CHECK (count > 0),
    -- Whether it is shown in lists; otherwise it exists for other channels only.
    listed boolean NOT NULL,
    created_at timestamptz NOT NULL,
    -- When the last event was added.
    updated_at timestamptz NOT NULL,
    -- When the last event happened, by the clock of whoever told of it.
    occurred_at timestamptz NOT NULL,
    read_at timestamptz,
    -- The person was there after the last event was added, without reading this.
    seen_at timestamptz,
    -- When the latest e-mail and push message about it are, or were, due.
    email_due timestamptz,
    push_due timestamptz
);

CREATE INDEX notifications_of_user ON notifications (user_id, updated_at DESC, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id, updated_at DESC, id DESC) WHERE listed AND read_at IS NULL;
CREATE UNIQUE INDEX notifications_open ON notifications (user_id, merge_key)
    WHERE merge_key IS NOT NULL AND read_at IS NULL;
-- For sweeping alone; the planner cannot take it for a way to the latest ones.
CREATE INDEX notifications_by_age ON notifications USING brin (updated_at);

CREATE TABLE preferences (
    user_id uuid PRIMARY KEY,
    -- {"message": {"inApp": true, "email": false, "push": true}, ...}; what is missing has
    -- its default.
    channels jsonb NOT NULL,
    -- Minutes of the local day; the hours may span midnight.
    quiet_from smallint CHECK (quiet_from BETWEEN 0 AND 1439),
    quiet_to smallint CHECK (quiet_to BETWEEN 0 AND 1439),
    -- IANA name.
    time_zone text,
    updated_at timestamptz NOT NULL,
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL) AND (quiet_from IS NULL) = (time_zone IS NULL))
);

-- A browser that listens (RFC 8030). Whoever knows the endpoint and the keys can write to it.
CREATE TABLE push_subscriptions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    endpoint text NOT NULL UNIQUE CHECK (length(endpoint) <= 1024),
    -- The browser's public key: 65 bytes, an uncompressed point of P-256.
    p256dh bytea NOT NULL CHECK (octet_length(p256dh) = 65),
    auth bytea NOT NULL CHECK (octet_length(auth) = 16),
    created_at timestamptz NOT NULL
);

CREATE INDEX push_subscriptions_of_user ON push_subscriptions (user_id, id);

-- Events that took effect, so that none does twice, however often it is delivered.
CREATE TABLE handled_events (
    id uuid PRIMARY KEY,
    handled_at timestamptz NOT NULL
);

CREATE INDEX handled_events_by_age ON handled_events (handled_at);

-- People who were erased, by their meaningless id, as long as events about them may still
-- arrive from other services.
CREATE TABLE erased_people (
    user_id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL
);

-- Jobs of a person are deleted when the person is.
CREATE INDEX jobs_of_user ON jobs ((payload ->> 'userId'));
