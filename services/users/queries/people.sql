-- One person, and what changes about them.

--: PersonRow (email?, display_name?, avatar_url?, avatar_hash?, avatar_media_type?, is_online?, last_seen_at?)
--: Erasable (avatar_hash?)

-- A transaction that brings a person in and one that erases them happen one after the other.
--! lock_person
SELECT true AS locked FROM pg_advisory_xact_lock(:lock);

--! people_by_ids : PersonRow
SELECT p.id, p.username, p.data_key, p.email, p.display_name, p.avatar_url, p.avatar_hash,
    p.avatar_media_type, s.is_online, s.last_seen_at, p.created_at, p.updated_at
FROM people AS p
LEFT JOIN presence AS s ON s.user_id = p.id
WHERE p.id = ANY(:ids);

--! is_erased
SELECT EXISTS (SELECT FROM erased_people WHERE user_id = :id) AS erased;

-- For a change that depends on what is there.
--! lock_keys : (email_index?)
SELECT username, data_key, email_index FROM people WHERE id = :id FOR UPDATE;

--! insert_person (email?, email_index?, email_index_version?)
INSERT INTO people (
    id, username, username_key, data_key, key_version, email, email_index, email_index_version,
    created_at, updated_at
)
SELECT :id, :username, :username_key, :data_key, :key_version, :email, :email_index,
    :email_index_version, :created_at, :now
WHERE NOT EXISTS (SELECT FROM erased_people WHERE user_id = :id)
ON CONFLICT (id) DO NOTHING;

--! update_identity (email?, email_index?, email_index_version?)
UPDATE people
SET username = :username, username_key = :username_key, email = :email,
    email_index = :email_index, email_index_version = :email_index_version, updated_at = :now
WHERE id = :id;

--! update_name
UPDATE people SET username = :username, username_key = :username_key, updated_at = :now
WHERE id = :id AND username <> :username;

--! update_presence_name
UPDATE presence SET username_key = :username_key
WHERE user_id = :id AND username_key <> :username_key;

--! update_profile (display_name?, avatar_url?)
UPDATE people
SET display_name = CASE WHEN :change_display_name THEN :display_name ELSE display_name END,
    avatar_url = CASE WHEN :change_avatar THEN :avatar_url ELSE avatar_url END,
    avatar_hash = CASE WHEN :change_avatar THEN NULL ELSE avatar_hash END,
    avatar_media_type = CASE WHEN :change_avatar THEN NULL ELSE avatar_media_type END,
    updated_at = :now
WHERE id = :id;

--! set_stored_avatar
UPDATE people
SET avatar_hash = :hash, avatar_media_type = :media_type, avatar_url = NULL, updated_at = :now
WHERE id = :id;

--! delete_person : Erasable
DELETE FROM people WHERE id = :id RETURNING avatar_hash;

--! remember_erasure
INSERT INTO erased_people (user_id, erased_at) VALUES (:id, :now) ON CONFLICT DO NOTHING;
