--! insert_session (address?, user_agent?)
INSERT INTO sessions (id, user_id, amr, restricted, address, user_agent, created_at,
                      last_used_at, expires_at, idle_expires_at)
VALUES (:id, :user_id, :amr, :restricted, :address, :user_agent, :now, :now,
        :expires_at, :idle_expires_at);

--! insert_refresh_token
INSERT INTO refresh_tokens (hash, session_id, issued_at, expires_at)
VALUES (:hash, :session_id, :now, :expires_at);

-- Everything about a refresh token changes under its session's row lock.
--! lock_session_of_token : (revoked_at?)
SELECT id, user_id, amr, restricted, expires_at, revoked_at
FROM sessions
WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = :hash)
FOR UPDATE;

--! token_state : (used_at?)
SELECT expires_at, used_at FROM refresh_tokens WHERE hash = :hash;

--! mark_token_used
UPDATE refresh_tokens SET used_at = :now WHERE hash = :hash AND used_at IS NULL;

--! touch_session (address?, user_agent?)
UPDATE sessions
SET last_used_at = :now, idle_expires_at = :idle_expires_at,
    address = coalesce(:address, address), user_agent = coalesce(:user_agent, user_agent)
WHERE id = :id;

--! revoke_session
UPDATE sessions SET revoked_at = :now, revoked_because = :because
WHERE id = :id AND revoked_at IS NULL
RETURNING user_id;

--! revoke_own_session
UPDATE sessions SET revoked_at = :now, revoked_because = :because
WHERE id = :id AND user_id = :user_id AND revoked_at IS NULL
  AND expires_at > :now AND idle_expires_at > :now
RETURNING id;

-- All of a user's sessions, or all but the one given.
--! revoke_sessions_of_user (except?)
UPDATE sessions SET revoked_at = :now, revoked_because = :because
WHERE user_id = :user_id AND revoked_at IS NULL AND id IS DISTINCT FROM :except
RETURNING id;

--! live_sessions : (address?, user_agent?)
SELECT id, amr, address, user_agent, created_at, last_used_at,
       least(expires_at, idle_expires_at) AS ends_at,
       count(*) OVER () AS total
FROM sessions
WHERE user_id = :user_id AND revoked_at IS NULL AND expires_at > :now AND idle_expires_at > :now
ORDER BY last_used_at DESC, id DESC
LIMIT :limit OFFSET :offset;

--! count_live_sessions
SELECT count(*) AS total
FROM sessions
WHERE user_id = :user_id AND revoked_at IS NULL AND expires_at > :now AND idle_expires_at > :now;

-- Users who signed in or refreshed since then.
--! count_active_users
SELECT count(DISTINCT user_id) AS total
FROM sessions
WHERE revoked_at IS NULL AND last_used_at > :since;

--! revocations_since
SELECT id, revoked_at FROM sessions
WHERE revoked_at > :since AND revoked_at IS NOT NULL
UNION ALL
SELECT id, revoked_at FROM erased_sessions
WHERE revoked_at > :since
ORDER BY revoked_at;

-- A session that ended stays until no verifier needs its revocation any more.
--! delete_ended_sessions
DELETE FROM sessions
WHERE id IN (
    SELECT id FROM sessions
    WHERE idle_expires_at < :before
    ORDER BY idle_expires_at LIMIT :batch
    FOR UPDATE SKIP LOCKED
);

--! delete_expired_tokens
DELETE FROM refresh_tokens
WHERE hash IN (
    SELECT hash FROM refresh_tokens
    WHERE expires_at < :before
    ORDER BY expires_at LIMIT :batch
    FOR UPDATE SKIP LOCKED
);
