-- The directory. Each statement returns one row: how many people it found, counted up to a
-- ceiling, and the ids of those on the page, in order. Statements differ in the index they
-- read; a single one with optional conditions would be planned without any.

-- Beyond the ceiling the total is the planner's estimate, which follows the table.
--! list_everybody
SELECT
    greatest(
        (SELECT count(*) FROM (SELECT FROM people ORDER BY username_key LIMIT :ceiling) AS counted),
        (SELECT CASE WHEN c.reltuples >= :ceiling THEN c.reltuples::bigint ELSE 0 END
            FROM pg_class AS c WHERE c.oid = 'people'::regclass)
    ) AS total,
    ARRAY(SELECT id FROM people ORDER BY username_key, id LIMIT :limit OFFSET :offset) AS ids;

--! list_online
SELECT
    (SELECT count(*) FROM (
        SELECT FROM presence WHERE is_online ORDER BY username_key LIMIT :ceiling
    ) AS counted) AS total,
    ARRAY(
        SELECT user_id FROM presence WHERE is_online
        ORDER BY username_key, user_id LIMIT :limit OFFSET :offset
    ) AS ids;

--! list_offline
SELECT
    (SELECT count(*) FROM (
        SELECT FROM people AS p
        WHERE NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online)
        ORDER BY p.username_key, p.id LIMIT :ceiling
    ) AS counted) AS total,
    ARRAY(
        SELECT p.id FROM people AS p
        WHERE NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online)
        ORDER BY p.username_key, p.id LIMIT :limit OFFSET :offset
    ) AS ids;

-- Names that begin with a text. `beyond` is the first text after all that begin with it.

--! begin_everybody
SELECT
    (SELECT count(*) FROM (
        SELECT FROM people
        WHERE username_key >= :text AND username_key < :beyond
        ORDER BY username_key LIMIT :ceiling
    ) AS counted) AS total,
    ARRAY(
        SELECT id FROM people
        WHERE username_key >= :text AND username_key < :beyond
        ORDER BY username_key, id LIMIT :limit OFFSET :offset
    ) AS ids;

--! begin_online
SELECT
    (SELECT count(*) FROM (
        SELECT FROM presence
        WHERE is_online AND username_key >= :text AND username_key < :beyond
        ORDER BY username_key LIMIT :ceiling
    ) AS counted) AS total,
    ARRAY(
        SELECT user_id FROM presence
        WHERE is_online AND username_key >= :text AND username_key < :beyond
        ORDER BY username_key, user_id LIMIT :limit OFFSET :offset
    ) AS ids;

--! begin_offline
SELECT
    (SELECT count(*) FROM (
        SELECT FROM people AS p
        WHERE NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online)
            AND p.username_key >= :text AND p.username_key < :beyond
        ORDER BY p.username_key LIMIT :ceiling
    ) AS counted) AS total,
    ARRAY(
        SELECT p.id FROM people AS p
        WHERE NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online)
            AND p.username_key >= :text AND p.username_key < :beyond
        ORDER BY p.username_key, p.id LIMIT :limit OFFSET :offset
    ) AS ids;

-- Names that contain a text elsewhere than at the beginning; fewer of them than of others:
-- among a million names a text that stands in one of a hundred is looked for in a hundred
-- names for each that is found. Planned anew for each text, because the best way depends on
-- how rare it is.

--! parts_everybody
WITH parts AS MATERIALIZED (
    SELECT id, username_key FROM people
    WHERE username_key LIKE :pattern
        AND NOT (username_key >= :text AND username_key < :beyond)
    ORDER BY username_key, id LIMIT :ceiling
)
SELECT
    (SELECT count(*) FROM parts) AS total,
    ARRAY(SELECT id FROM parts ORDER BY username_key, id LIMIT :limit OFFSET :offset) AS ids;

--! parts_online
WITH parts AS MATERIALIZED (
    SELECT user_id AS id, username_key FROM presence
    WHERE is_online AND username_key LIKE :pattern
        AND NOT (username_key >= :text AND username_key < :beyond)
    ORDER BY username_key, user_id LIMIT :ceiling
)
SELECT
    (SELECT count(*) FROM parts) AS total,
    ARRAY(SELECT id FROM parts ORDER BY username_key, id LIMIT :limit OFFSET :offset) AS ids;

--! parts_offline
WITH parts AS MATERIALIZED (
    SELECT p.id AS id, p.username_key FROM people AS p
    WHERE NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online)
        AND p.username_key LIKE :pattern
        AND NOT (p.username_key >= :text AND p.username_key < :beyond)
    ORDER BY p.username_key, p.id LIMIT :ceiling
)
SELECT
    (SELECT count(*) FROM parts) AS total,
    ARRAY(SELECT id FROM parts ORDER BY username_key, id LIMIT :limit OFFSET :offset) AS ids;

-- The whole address, under each version of the keyring.
--! people_with_email
SELECT p.id, coalesce(s.is_online, false) AS is_online
FROM people AS p LEFT JOIN presence AS s ON s.user_id = p.id
WHERE p.email_index = ANY(:indexes)
ORDER BY p.username_key, p.id LIMIT 100;
