-- Saving messages: three statements of one transaction for any number of messages.

-- Saves the messages that nobody blocks and that were not saved before; their ids.
-- An empty client id is none. The order of the rows keeps two nodes from waiting for each
-- other in a circle.
--! insert_messages
INSERT INTO messages (id, sender_id, receiver_id, created_at, client_id, content, content_hash)
SELECT i.id, i.sender_id, i.receiver_id, :now, nullif(i.client_id, ''), i.content,
    CASE WHEN i.client_id <> '' THEN sha256(convert_to(i.content, 'UTF8')) END
FROM unnest(:ids::uuid[], :sender_ids::uuid[], :receiver_ids::uuid[], :client_ids::text[], :contents::text[])
    AS i (id, sender_id, receiver_id, client_id, content)
WHERE NOT EXISTS (
    SELECT FROM blocks AS b
    WHERE (b.user_id, b.blocked_id) = (i.receiver_id, i.sender_id)
       OR (b.user_id, b.blocked_id) = (i.sender_id, i.receiver_id)
)
ORDER BY i.sender_id, i.client_id
ON CONFLICT (sender_id, client_id) WHERE client_id IS NOT NULL DO NOTHING
RETURNING id;

-- What was saved under the names of these drafts before, and whether it said the same to the
-- same person. Of one that was taken back nothing is known but to whom it went.
--! known_messages
SELECT i.id AS draft_id, m.id,
    m.receiver_id = i.receiver_id
    AND coalesce(m.content_hash = sha256(convert_to(i.content, 'UTF8')), true) AS same
FROM unnest(:ids::uuid[], :sender_ids::uuid[], :receiver_ids::uuid[], :client_ids::text[], :contents::text[])
    AS i (id, sender_id, receiver_id, client_id, content)
JOIN messages AS m ON m.sender_id = i.sender_id AND m.client_id = i.client_id;

-- Takes the next numbers of people, given in the order of their ids: the last number taken
-- and the living nodes that hold the person's sockets.
--! take_numbers
INSERT INTO mailboxes AS m (user_id, seq)
SELECT i.user_id, i.wanted FROM unnest(:user_ids::uuid[], :wanted::bigint[]) AS i (user_id, wanted)
ORDER BY i.user_id
ON CONFLICT (user_id) DO UPDATE SET seq = m.seq + excluded.seq
RETURNING m.user_id, m.seq, ARRAY(
    SELECT n.id FROM nodes AS n WHERE n.id = ANY (m.nodes) AND n.lease_until > clock_timestamp()
) AS nodes;

-- After the mailboxes are locked: nothing at all when one of the people was erased, because
-- erasing locks the mailbox too and this statement sees what was committed before.
--! insert_deliveries
INSERT INTO deliveries (user_id, seq, peer_id, peer_seq, message_id, outgoing)
SELECT i.user_id, i.seq, i.peer_id, i.peer_seq, i.message_id, i.outgoing
FROM unnest(:user_ids::uuid[], :seqs::bigint[], :peer_ids::uuid[], :peer_seqs::bigint[],
    :message_ids::uuid[], :outgoing::boolean[])
    AS i (user_id, seq, peer_id, peer_seq, message_id, outgoing)
WHERE NOT EXISTS (SELECT FROM erased_people AS e WHERE e.user_id = ANY (:user_ids));

-- What somebody has above a number, in order.
--! deliveries_after : (edited_at?, deleted_at?)
SELECT d.seq, d.peer_id, d.outgoing, m.id, m.content, m.created_at, m.edited_at, m.deleted_at
FROM deliveries AS d JOIN messages AS m ON m.id = d.message_id
WHERE d.user_id = :user_id AND d.seq > :after
ORDER BY d.seq LIMIT :limit;

-- A conversation backwards from a number.
--! history : (edited_at?, deleted_at?)
SELECT d.seq, d.peer_id, d.outgoing, m.id, m.content, m.created_at, m.edited_at, m.deleted_at
FROM deliveries AS d JOIN messages AS m ON m.id = d.message_id
WHERE d.user_id = :user_id AND d.peer_id = :peer_id AND d.seq < :before
ORDER BY d.seq DESC LIMIT :limit;

-- Changes a message unless one of its two people blocks the other: an edit tells as much as
-- a message. Nothing comes back when there is no such message.
--! edit_message
WITH own AS (
    SELECT m.id, m.receiver_id, EXISTS (
        SELECT FROM blocks AS b
        WHERE (b.user_id, b.blocked_id) = (m.receiver_id, m.sender_id)
           OR (b.user_id, b.blocked_id) = (m.sender_id, m.receiver_id)
    ) AS blocked
    FROM messages AS m
    WHERE m.id = :id AND m.sender_id = :sender_id AND m.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM erased_people AS e WHERE e.user_id = m.sender_id)
), changed AS (
    UPDATE messages AS m SET content = :content, edited_at = :now
    FROM own WHERE m.id = own.id AND NOT own.blocked AND m.deleted_at IS NULL
    RETURNING m.id
)
SELECT own.receiver_id, own.blocked FROM own WHERE own.blocked OR EXISTS (SELECT FROM changed);

--! delete_message
UPDATE messages SET content = '', content_hash = NULL, deleted_at = :now
WHERE id = :id AND sender_id = :sender_id AND deleted_at IS NULL
RETURNING receiver_id;

-- The number under which somebody has a message.
--! number_of
SELECT d.seq FROM messages AS m
JOIN deliveries AS d ON d.message_id = m.id AND d.user_id = :user_id AND d.peer_id = :peer_id
WHERE m.id = :id;

-- Moves the mark forward, never back, with both mailboxes held; the last message that it
-- covers, as both have it. Nothing comes back when there is nothing to read up to there or the
-- mark was there already.
--! mark_read
WITH last AS (
    SELECT d.seq, d.peer_seq, d.message_id FROM deliveries AS d
    WHERE d.user_id = :user_id AND d.peer_id = :peer_id AND d.seq <= :up_to
    ORDER BY d.seq DESC LIMIT 1
), moved AS (
    INSERT INTO reads AS r (user_id, peer_id, seq, read_at)
    SELECT :user_id, :peer_id, last.seq, :now FROM last
    ON CONFLICT (user_id, peer_id) DO UPDATE SET seq = excluded.seq, read_at = excluded.read_at
    WHERE r.seq < excluded.seq
    RETURNING 1
)
SELECT last.seq, last.peer_seq, last.message_id FROM last, moved;

-- Conversations with the newest first: each with its last message, whether the other one is
-- connected, and how much is unread, without what was taken back and without what the erased
-- said, which nobody can mark as read any more. Peers are found by jumping through the index
-- from one to the next, so a long conversation costs no more than a short one. Across a block
-- nobody is seen to be connected.
--! conversations : (edited_at?, deleted_at?, last_seen_at?)
WITH RECURSIVE peers AS (
    (SELECT d.peer_id FROM deliveries AS d WHERE d.user_id = :user_id ORDER BY d.peer_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.peer_id FROM deliveries AS d
            WHERE d.user_id = :user_id AND d.peer_id > p.peer_id ORDER BY d.peer_id LIMIT 1)
    FROM peers AS p WHERE p.peer_id IS NOT NULL
), latest AS (
    SELECT p.peer_id, l.seq, l.message_id, l.outgoing, count(*) OVER () AS total
    FROM peers AS p
    CROSS JOIN LATERAL (
        SELECT d.seq, d.message_id, d.outgoing FROM deliveries AS d
        WHERE d.user_id = :user_id AND d.peer_id = p.peer_id ORDER BY d.seq DESC LIMIT 1
    ) AS l
    WHERE p.peer_id IS NOT NULL
    ORDER BY l.seq DESC LIMIT :limit OFFSET :offset
)
SELECT l.peer_id, l.seq, l.outgoing, l.total, m.id, m.content, m.created_at, m.edited_at, m.deleted_at,
    b.last_seen_at,
    EXISTS (SELECT FROM nodes AS n WHERE n.id = ANY (b.nodes) AND n.lease_until > clock_timestamp()) AS online,
    (SELECT count(*) FROM deliveries AS d
     JOIN messages AS u ON u.id = d.message_id AND u.deleted_at IS NULL
     WHERE d.user_id = :user_id AND d.peer_id = l.peer_id AND NOT d.outgoing
       AND NOT EXISTS (SELECT FROM erased_people AS e WHERE e.user_id = l.peer_id)
       AND d.seq > coalesce((SELECT r.seq FROM reads AS r
                             WHERE r.user_id = :user_id AND r.peer_id = l.peer_id), 0)) AS unread
FROM latest AS l
JOIN messages AS m ON m.id = l.message_id
LEFT JOIN mailboxes AS b ON b.user_id = l.peer_id AND NOT EXISTS (
    SELECT FROM blocks AS k
    WHERE (k.user_id, k.blocked_id) = (:user_id, l.peer_id)
       OR (k.user_id, k.blocked_id) = (l.peer_id, :user_id)
)
ORDER BY l.seq DESC;

-- How many conversations somebody has; for a page beyond the last.
--! count_conversations
SELECT count(DISTINCT peer_id) FROM deliveries WHERE user_id = :user_id;
