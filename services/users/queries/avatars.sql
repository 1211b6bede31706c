-- Stored pictures.

-- Locks the row, whether it was there or not.
--! keep_avatar
INSERT INTO avatars (hash, media_type, size, created_at)
VALUES (:hash, :media_type, :size, :now)
ON CONFLICT (hash) DO UPDATE SET created_at = excluded.created_at;

--! avatar
SELECT media_type FROM avatars WHERE hash = :hash;

--! lock_avatar
SELECT true AS locked FROM avatars WHERE hash = :hash FOR UPDATE;

-- After its lock: then a new snapshot sees every person who was given it.
--! delete_unused_avatar
DELETE FROM avatars AS a
WHERE a.hash = :hash AND NOT EXISTS (SELECT FROM people AS p WHERE p.avatar_hash = a.hash);

--! unused_avatars
SELECT a.hash FROM avatars AS a
WHERE a.created_at < :before AND NOT EXISTS (SELECT FROM people AS p WHERE p.avatar_hash = a.hash)
LIMIT 100;
