-- Who is connected where. Rows of mailboxes are locked in the order of their people's ids.

--! open_node
INSERT INTO nodes (name, lease_until)
VALUES (:name, clock_timestamp() + make_interval(secs => :lease)) RETURNING id;

-- Nothing comes back when others have declared the node dead.
--! renew_node
UPDATE nodes SET lease_until = clock_timestamp() + make_interval(secs => :lease)
WHERE id = :id AND lease_until > clock_timestamp() RETURNING id;

--! close_node
DELETE FROM nodes WHERE id = :id;

-- Takes the rows of nodes whose lease has ended.
--! bury_nodes
DELETE FROM nodes WHERE lease_until <= clock_timestamp() RETURNING id;

-- The people of dead nodes lose these nodes: who of them is connected nowhere now.
--! abandon
WITH held AS (
    SELECT m.user_id FROM mailboxes AS m WHERE m.nodes <> '{}' AND m.nodes && :dead::integer[]
    ORDER BY m.user_id FOR UPDATE
)
UPDATE mailboxes AS m
SET nodes = ARRAY(SELECT n FROM unnest(m.nodes) AS n WHERE n <> ALL (:dead::integer[])),
    last_seen_at = clock_timestamp()
FROM held WHERE m.user_id = held.user_id
RETURNING m.user_id, m.last_seen_at AS seen_at, NOT EXISTS (
    SELECT FROM nodes AS n WHERE n.id = ANY (m.nodes) AND n.id <> ALL (:dead::integer[])
      AND n.lease_until > clock_timestamp()
) AS gone;

-- Nodes that are named in mailboxes and do not exist any more: left by a crash between two
-- statements.
--! orphans
SELECT DISTINCT n.id AS node FROM mailboxes AS m, unnest(m.nodes) AS n (id)
WHERE m.nodes <> '{}' AND NOT EXISTS (SELECT FROM nodes WHERE nodes.id = n.id);

-- People connect to a node: their last number, and whether they were connected nowhere.
--! arrive
INSERT INTO mailboxes AS m (user_id, nodes)
SELECT i.user_id, ARRAY[:node::integer] FROM unnest(:user_ids::uuid[]) AS i (user_id) ORDER BY i.user_id
ON CONFLICT (user_id) DO UPDATE SET nodes = array_append(array_remove(m.nodes, :node), :node)
RETURNING m.user_id, m.seq, NOT EXISTS (
    SELECT FROM nodes AS n
    WHERE n.id = ANY (m.nodes) AND n.id <> :node AND n.lease_until > clock_timestamp()
) AS appeared;

-- People leave a node: who of them is connected nowhere now.
--! leave
WITH held AS (
    SELECT m.user_id FROM mailboxes AS m WHERE m.user_id = ANY (:user_ids) ORDER BY m.user_id FOR UPDATE
)
UPDATE mailboxes AS m SET nodes = array_remove(m.nodes, :node::integer), last_seen_at = clock_timestamp()
FROM held WHERE m.user_id = held.user_id
RETURNING m.user_id, m.seq, m.last_seen_at AS seen_at, NOT EXISTS (
    SELECT FROM nodes AS n
    WHERE n.id = ANY (m.nodes) AND n.id <> :node AND n.lease_until > clock_timestamp()
) AS gone;

-- Numbers of people, for a node that may have missed some.
--! numbers_of
SELECT user_id, seq FROM mailboxes WHERE user_id = ANY (:user_ids);

--! online
SELECT m.user_id FROM mailboxes AS m
WHERE m.user_id = ANY (:user_ids)
  AND EXISTS (SELECT FROM nodes AS n WHERE n.id = ANY (m.nodes) AND n.lease_until > clock_timestamp());

-- The connected people whom somebody has a conversation with and no quarrel, and where they
-- are. Of each at most 500 conversations are looked at, found by jumping through the index
-- from one peer to the next. Somebody with more is sure to reach those of their last 1000
-- messages as well, which the primary key has in order.
--! connected_peers
SELECT w.user_id, p.peer_id, n.id AS node
FROM unnest(:user_ids::uuid[]) AS w (user_id)
CROSS JOIN LATERAL (
    WITH RECURSIVE peers AS (
        (SELECT d.peer_id, 1 AS nth FROM deliveries AS d WHERE d.user_id = w.user_id ORDER BY d.peer_id LIMIT 1)
        UNION ALL
        SELECT (SELECT d.peer_id FROM deliveries AS d
                WHERE d.user_id = w.user_id AND d.peer_id > p.peer_id ORDER BY d.peer_id LIMIT 1), p.nth + 1
        FROM peers AS p WHERE p.peer_id IS NOT NULL AND p.nth < 500
    )
    SELECT peer_id FROM peers WHERE peer_id IS NOT NULL
    UNION
    SELECT r.peer_id FROM (
        SELECT d.peer_id FROM deliveries AS d
        WHERE d.user_id = w.user_id AND (SELECT max(nth) FROM peers) >= 500
        ORDER BY d.seq DESC LIMIT 1000
    ) AS r
) AS p
JOIN mailboxes AS m ON m.user_id = p.peer_id
JOIN nodes AS n ON n.id = ANY (m.nodes) AND n.lease_until > clock_timestamp()
WHERE NOT EXISTS (
    SELECT FROM blocks AS b
    WHERE (b.user_id, b.blocked_id) = (w.user_id, p.peer_id) OR (b.user_id, b.blocked_id) = (p.peer_id, w.user_id)
);
