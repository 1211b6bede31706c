-- Notifications of one person.

--: Notification (merge_key?, read_at?, seen_at?, email_due?, push_due?)

-- What concerns a person waits for what else concerns them only when one of both erases
-- the person: events hold the lock together, erasing holds it alone.
--! lock_person_shared
SELECT 1 AS locked FROM (SELECT pg_advisory_xact_lock_shared(hashtextextended('notifications.' || :user_id::text, 0))) AS taken;

--! lock_person
SELECT 1 AS locked FROM (SELECT pg_advisory_xact_lock(hashtextextended('notifications.' || :user_id::text, 0))) AS taken;

--! is_erased
SELECT EXISTS (SELECT FROM erased_people WHERE user_id = :user_id);

-- One row when the event has not been handled before.
--! mark_handled
INSERT INTO handled_events (id, handled_at) VALUES (:id, :now)
ON CONFLICT (id) DO NOTHING RETURNING id;

--! lock_open_notification : Notification
SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at,
    seen_at, email_due, push_due
FROM notifications
WHERE user_id = :user_id AND merge_key = :merge_key AND read_at IS NULL
FOR UPDATE;

--! insert_notification (merge_key?, email_due?, push_due?)
INSERT INTO notifications (
    id, user_id, kind, event, data, merge_key, listed, created_at, updated_at, occurred_at,
    email_due, push_due
) VALUES (
    :id, :user_id, :kind, :event, :data, :merge_key, :listed, :now, :now, :occurred_at,
    :email_due, :push_due
);

--! merge_notification (email_due?, push_due?)
UPDATE notifications
SET event = :event, data = :data, count = count + 1, listed = listed OR :listed,
    updated_at = greatest(updated_at, :now), occurred_at = greatest(occurred_at, :occurred_at),
    seen_at = NULL,
    email_due = :email_due, push_due = :push_due
WHERE id = :id;

-- Waits for a transaction that is adding an event to it.
--! notification_for_delivery : Notification
SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at,
    seen_at, email_due, push_due
FROM notifications WHERE id = :id FOR SHARE;

-- Lists begin after a place; the first page begins after the end of time.
--! list_notifications : Notification
SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at,
    seen_at, email_due, push_due
FROM notifications
WHERE user_id = :user_id AND listed AND (updated_at, id) < (:before_at, :before_id)
ORDER BY updated_at DESC, id DESC LIMIT :limit;

--! list_unread_notifications : Notification
SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at,
    seen_at, email_due, push_due
FROM notifications
WHERE user_id = :user_id AND listed AND read_at IS NULL
    AND (updated_at, id) < (:before_at, :before_id)
ORDER BY updated_at DESC, id DESC LIMIT :limit;

--! one_notification : Notification
SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at,
    seen_at, email_due, push_due
FROM notifications WHERE id = :id AND user_id = :user_id AND listed;

--! count_unread
SELECT count(*) FROM (
    SELECT FROM notifications
    WHERE user_id = :user_id AND listed AND read_at IS NULL
    LIMIT :ceiling
) AS counted;

--! mark_read
UPDATE notifications SET read_at = coalesce(read_at, :now)
WHERE id = :id AND user_id = :user_id AND listed;

-- Those added to after `until` came in while the person looked at the list.
--! mark_all_read
UPDATE notifications SET read_at = :now
WHERE user_id = :user_id AND listed AND read_at IS NULL AND updated_at <= :until;

-- The next two change nothing when they are repeated.

--! mark_conversation_read
UPDATE notifications SET read_at = :now
WHERE user_id = :user_id AND merge_key = :merge_key AND read_at IS NULL AND occurred_at <= :until;

-- The person is there: what waits to be told by e-mail because they were away need not be.
--! mark_seen
UPDATE notifications SET seen_at = :now
WHERE user_id = :user_id AND merge_key IS NOT NULL AND kind = 'message' AND read_at IS NULL
    AND seen_at IS NULL AND occurred_at <= :until;

--! export_notifications : Notification
SELECT id, user_id, kind, event, data, merge_key, count, listed, created_at, updated_at, read_at,
    seen_at, email_due, push_due
FROM notifications WHERE user_id = :user_id ORDER BY id;

-- Sweeping, in steps.

--! forget_notifications
DELETE FROM notifications WHERE id IN (
    SELECT n.id FROM notifications AS n WHERE n.updated_at < :before LIMIT :limit
);

--! forget_handled_events
DELETE FROM handled_events WHERE id IN (
    SELECT h.id FROM handled_events AS h WHERE h.handled_at < :before LIMIT :limit
);

--! forget_erased_people
DELETE FROM erased_people WHERE erased_at < :before;

-- Erasing.

--! erase_notifications
DELETE FROM notifications WHERE user_id = :user_id;

--! erase_preferences
DELETE FROM preferences WHERE user_id = :user_id;

--! erase_subscriptions
DELETE FROM push_subscriptions WHERE user_id = :user_id;

--! erase_jobs
DELETE FROM jobs WHERE payload ->> 'userId' = :user_id;

--! remember_erased
INSERT INTO erased_people (user_id, erased_at) VALUES (:user_id, :now)
ON CONFLICT (user_id) DO NOTHING;
