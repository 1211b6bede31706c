-- Blocks, and what is held about one person.

-- Who of these people was erased. Certain only about people whose mailboxes the transaction
-- has locked in a statement before.
--! erased_among
SELECT user_id FROM erased_people WHERE user_id = ANY (:user_ids);

-- Keeps people from being erased until the transaction ends, and lets messages be numbered
-- meanwhile. Who has a mailbox under this lock is not erased.
--! hold_mailboxes
SELECT m.user_id FROM mailboxes AS m WHERE m.user_id = ANY (:user_ids) ORDER BY m.user_id FOR KEY SHARE;

-- The same for people who may have no mailbox yet.
--! open_mailboxes
INSERT INTO mailboxes AS m (user_id)
SELECT i.user_id FROM unnest(:user_ids::uuid[]) AS i (user_id) ORDER BY i.user_id
ON CONFLICT (user_id) DO UPDATE SET seq = m.seq;

--! block
INSERT INTO blocks (user_id, blocked_id, created_at) VALUES (:user_id, :blocked_id, :now)
ON CONFLICT (user_id, blocked_id) DO NOTHING;

--! unblock
DELETE FROM blocks WHERE user_id = :user_id AND blocked_id = :blocked_id;

--! blocked_by
SELECT blocked_id, created_at FROM blocks WHERE user_id = :user_id ORDER BY created_at DESC, blocked_id;

-- The living nodes that hold a person's sockets, unless one of the two blocks the other.
--! nodes_of
SELECT n.id FROM mailboxes AS m JOIN nodes AS n ON n.id = ANY (m.nodes)
WHERE m.user_id = :user_id AND n.lease_until > clock_timestamp()
  AND NOT EXISTS (
    SELECT FROM blocks AS b
    WHERE (b.user_id, b.blocked_id) = (:user_id, :from_id)
       OR (b.user_id, b.blocked_id) = (:from_id, :user_id)
  );

--! export_mailbox : (last_seen_at?)
SELECT seq, last_seen_at FROM mailboxes WHERE user_id = :user_id;

--! export_reads
SELECT peer_id, seq, read_at FROM reads WHERE user_id = :user_id ORDER BY peer_id;

-- Erasing. First the mark that stays, then the lock on the mailbox: who held it before has
-- committed rows that the following statements see, who gets it afterwards sees the mark.
--! bury_person
INSERT INTO erased_people (user_id, erased_at) VALUES (:user_id, clock_timestamp())
ON CONFLICT (user_id) DO NOTHING;

--! erase_opens_mailbox
INSERT INTO mailboxes (user_id) VALUES (:user_id) ON CONFLICT (user_id) DO NOTHING;

--! erase_locks_mailbox
SELECT user_id FROM mailboxes WHERE user_id = :user_id FOR UPDATE;

-- What the other person still has stays with them; what nobody has any more goes.
--! erase_messages
DELETE FROM messages AS m USING deliveries AS d
WHERE d.user_id = :user_id AND m.id = d.message_id
  AND NOT EXISTS (
    SELECT FROM deliveries AS other
    WHERE other.user_id = d.peer_id AND other.seq = d.peer_seq
  );

-- Names that the person's own programs gave to messages.
--! erase_client_ids
UPDATE messages SET client_id = NULL, content_hash = NULL
WHERE sender_id = :user_id AND client_id IS NOT NULL;

--! erase_deliveries
DELETE FROM deliveries WHERE user_id = :user_id;

--! erase_reads
DELETE FROM reads WHERE user_id = :user_id OR peer_id = :user_id;

--! erase_blocks
DELETE FROM blocks WHERE user_id = :user_id OR blocked_id = :user_id;

--! erase_mailbox
DELETE FROM mailboxes WHERE user_id = :user_id;

-- Events that name the person and may still be read by others.
--! erase_events
DELETE FROM outbox
WHERE subject = :subject OR data ->> 'senderId' = :subject OR data ->> 'peerId' = :subject;
