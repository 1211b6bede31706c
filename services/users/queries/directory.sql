-- The directory. Each statement returns one row: how many people it found, counted up to a
-- ceiling, and the ids of those on the page, in order. Statements differ in the index they
-- read; a single one with optional conditions would be planned without any. They are planned
-- anew for each search, because the best way depends on how rare the text is.

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

-- Names that begin with the text come first, then those that contain it. `beyond` is the
-- first text after all that begin with it; `pattern` is null for texts too short to be
-- looked for inside names. Parts are looked for only while the beginnings do not reach the
-- ceiling, and fewer of them: among a million names a text that stands in one of a hundred
-- is looked for in a hundred names for each that is found.

--! search_everybody (pattern?)
WITH beginnings AS MATERIALIZED (
    SELECT id, 0 AS class, username_key FROM people
    WHERE username_key >= :text AND username_key < :beyond
    ORDER BY username_key, id LIMIT :ceiling
), parts AS MATERIALIZED (
    SELECT id, 1 AS class, username_key FROM people
    WHERE username_key LIKE :pattern
        AND NOT (username_key >= :text AND username_key < :beyond)
        AND (SELECT count(*) FROM beginnings) < :ceiling
    ORDER BY username_key, id LIMIT :most_parts
), hits AS (
    SELECT id, class, username_key FROM beginnings
    UNION ALL
    SELECT id, class, username_key FROM parts
)
SELECT
    (SELECT count(*) FROM hits) AS total,
    ARRAY(SELECT id FROM hits ORDER BY class, username_key, id LIMIT :limit OFFSET :offset) AS ids;

--! search_online (pattern?)
WITH beginnings AS MATERIALIZED (
    SELECT user_id AS id, 0 AS class, username_key FROM presence
    WHERE is_online AND username_key >= :text AND username_key < :beyond
    ORDER BY username_key, user_id LIMIT :ceiling
), parts AS MATERIALIZED (
    SELECT user_id AS id, 1 AS class, username_key FROM presence
    WHERE is_online AND username_key LIKE :pattern
        AND NOT (username_key >= :text AND username_key < :beyond)
        AND (SELECT count(*) FROM beginnings) < :ceiling
    ORDER BY username_key, user_id LIMIT :most_parts
), hits AS (
    SELECT id, class, username_key FROM beginnings
    UNION ALL
    SELECT id, class, username_key FROM parts
)
SELECT
    (SELECT count(*) FROM hits) AS total,
    ARRAY(SELECT id FROM hits ORDER BY class, username_key, id LIMIT :limit OFFSET :offset) AS ids;

--! search_offline (pattern?)
WITH beginnings AS MATERIALIZED (
    SELECT p.id, 0 AS class, p.username_key FROM people AS p
    WHERE p.username_key >= :text AND p.username_key < :beyond
        AND NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online)
    ORDER BY p.username_key, p.id LIMIT :ceiling
), parts AS MATERIALIZED (
    SELECT p.id, 1 AS class, p.username_key FROM people AS p
    WHERE p.username_key LIKE :pattern
        AND NOT (p.username_key >= :text AND p.username_key < :beyond)
        AND NOT EXISTS (SELECT FROM presence AS s WHERE s.user_id = p.id AND s.is_online)
        AND (SELECT count(*) FROM beginnings) < :ceiling
    ORDER BY p.username_key, p.id LIMIT :most_parts
), hits AS (
    SELECT id, class, username_key FROM beginnings
    UNION ALL
    SELECT id, class, username_key FROM parts
)
SELECT
    (SELECT count(*) FROM hits) AS total,
    ARRAY(SELECT id FROM hits ORDER BY class, username_key, id LIMIT :limit OFFSET :offset) AS ids;

-- The whole address, under each version of the keyring.
--! people_with_email
SELECT p.id, coalesce(s.is_online, false) AS is_online
FROM people AS p LEFT JOIN presence AS s ON s.user_id = p.id
WHERE p.email_index = ANY(:indexes)
ORDER BY p.username_key, p.id LIMIT 100;
