-- Who is connected.

--! set_online
INSERT INTO presence (user_id, username_key, is_online, changed_at)
SELECT p.id, p.username_key, true, :now FROM people AS p WHERE p.id = :id
ON CONFLICT (user_id) DO UPDATE SET is_online = true, changed_at = excluded.changed_at;

--! set_offline
INSERT INTO presence (user_id, username_key, is_online, last_seen_at, changed_at)
SELECT p.id, p.username_key, false, :last_seen_at, :now FROM people AS p WHERE p.id = :id
ON CONFLICT (user_id) DO UPDATE
SET is_online = false, changed_at = excluded.changed_at,
    last_seen_at = greatest(presence.last_seen_at, excluded.last_seen_at);

--! online_after
SELECT user_id, changed_at FROM presence WHERE is_online AND user_id > :after
ORDER BY user_id LIMIT :limit;

-- Only while nothing has been heard of them since they were read.
--! correct_to_offline
UPDATE presence
SET is_online = false, last_seen_at = greatest(last_seen_at, changed_at), changed_at = :now
WHERE user_id = :id AND is_online AND changed_at = :read_at;
