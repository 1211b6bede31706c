-- Messages, each person's numbered copy of them, blocks, and who is connected where.
-- Ids of people are the auth service's; no foreign key crosses schemas.

CREATE TABLE messages (
    -- UUIDv7: grows at one end.
    id uuid PRIMARY KEY,
    sender_id uuid NOT NULL,
    receiver_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    edited_at timestamptz,
    -- Set with `content` emptied: the number stays taken, what was said is gone.
    deleted_at timestamptz,
    -- The sender's own name for the message, which makes sending it again harmless.
    client_id text,
    content text NOT NULL,
    CHECK (sender_id <> receiver_id)
);

CREATE UNIQUE INDEX messages_by_client_id ON messages (sender_id, client_id)
    WHERE client_id IS NOT NULL;

-- One row for each person: the last number given, and the nodes that hold their sockets.
-- Whoever numbers a message and whoever connects or leaves locks this row, so a node that
-- stands in `nodes` is told of every number above the one it read, and no number is skipped
-- or appears before a lower one.
CREATE TABLE mailboxes (
    user_id uuid PRIMARY KEY,
    seq bigint NOT NULL DEFAULT 0,
    last_seen_at timestamptz,
    nodes integer[] NOT NULL DEFAULT '{}'
) WITH (
    -- Updated with each message; no index on what that changes, so the new row stays in its page.
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.05
);

-- Who is connected: a small part of all people, and unchanged by messages.
CREATE INDEX mailboxes_connected ON mailboxes (user_id) WHERE nodes <> '{}';

-- A message as one of its two people has it: under a number of their own, from 1, without gaps.
CREATE TABLE deliveries (
    user_id uuid NOT NULL,
    seq bigint NOT NULL,
    peer_id uuid NOT NULL,
    -- The number of the same message with the other person.
    peer_seq bigint NOT NULL,
    message_id uuid NOT NULL,
    outgoing boolean NOT NULL,
    PRIMARY KEY (user_id, seq)
);

-- Conversations: their histories, their last messages, what is unread in them.
CREATE INDEX deliveries_by_peer ON deliveries (user_id, peer_id, seq);

-- How far somebody has read a conversation, in their own numbers.
CREATE TABLE reads (
    user_id uuid NOT NULL,
    peer_id uuid NOT NULL,
    seq bigint NOT NULL,
    read_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, peer_id)
);

CREATE TABLE blocks (
    user_id uuid NOT NULL,
    blocked_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, blocked_id)
);

CREATE INDEX blocks_by_blocked ON blocks (blocked_id);

-- Processes that hold sockets. A node that stops renewing its lease is dead: others take its
-- row and say that its people have gone.
CREATE TABLE nodes (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- By the clock of this server, the only one that all nodes share.
    lease_until timestamptz NOT NULL
);
