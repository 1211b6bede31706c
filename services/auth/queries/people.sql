--! identities
SELECT id, username FROM users WHERE id = ANY(:ids);

--! identity_by_username
SELECT id, username FROM users WHERE username_key = :username_key;

-- No row when the name is already this one, or there is no such user.
--! rename_user
UPDATE users
SET username = :username, username_key = :username_key,
    updated_at = greatest(:now, updated_at + interval '1 microsecond')
WHERE id = :id AND username <> :username
RETURNING id;

-- A user's first device is no news.
--! see_device
WITH before AS (
    SELECT count(*) AS devices FROM devices WHERE user_id = :user_id
), seen AS (
    INSERT INTO devices (user_id, label, first_seen_at, last_seen_at)
    VALUES (:user_id, :label, :now, :now)
    ON CONFLICT (user_id, label) DO UPDATE SET last_seen_at = excluded.last_seen_at
    RETURNING xmax = 0 AS inserted
)
SELECT seen.inserted AND before.devices > 0 AS new_device FROM seen, before;

-- Everything held about a person, as they are given it.
--! personal_copy
SELECT jsonb_build_object(
    'account', jsonb_build_object(
        'id', u.id, 'username', u.username, 'roles', u.roles,
        'passwordChangedAt', u.password_changed_at,
        'createdAt', u.created_at, 'updatedAt', u.updated_at
    ),
    'sessions', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'id', s.id, 'amr', s.amr, 'address', host(s.address), 'userAgent', s.user_agent,
            'createdAt', s.created_at, 'lastUsedAt', s.last_used_at,
            'expiresAt', least(s.expires_at, s.idle_expires_at), 'revokedAt', s.revoked_at
        ) ORDER BY s.created_at, s.id), '[]')
        FROM sessions AS s WHERE s.user_id = u.id
    ),
    'devices', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'device', d.label, 'firstSeenAt', d.first_seen_at, 'lastSeenAt', d.last_seen_at
        ) ORDER BY d.first_seen_at, d.label), '[]')
        FROM devices AS d WHERE d.user_id = u.id
    ),
    'auditRecords', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'kind', a.kind, 'occurredAt', a.occurred_at, 'sessionId', a.session_id,
            'address', host(a.address), 'userAgent', a.user_agent, 'details', a.details
        ) ORDER BY a.occurred_at, a.id), '[]')
        FROM (
            SELECT * FROM audit_records WHERE user_id = :id ORDER BY occurred_at DESC LIMIT :most
        ) AS a
    )
) AS copy
FROM users AS u
WHERE u.id = :id;

-- Nobody signs in as the user any more, until the transaction has erased them.
--! hold_erased : (email?, data_key?, sealed_email?)
SELECT email, data_key, sealed_email FROM users WHERE id = :id FOR UPDATE;

--! remember_erased_sessions
INSERT INTO erased_sessions (id, revoked_at)
SELECT id, coalesce(revoked_at, :now) FROM sessions WHERE user_id = :user_id
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- Sessions, refresh tokens and devices go with the user.
--! delete_user
DELETE FROM users WHERE id = :id;

--! forget_in_audit
UPDATE audit_records
SET user_id = NULL, address = NULL, user_agent = NULL, details = details - 'account'
WHERE user_id = :user_id;

--! delete_old_erased_sessions
DELETE FROM erased_sessions WHERE revoked_at < :before;
