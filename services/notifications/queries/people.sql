-- What people want, and where their browsers listen.

--: Preferences (quiet_from?, quiet_to?, time_zone?)
--: Subscription ()

--! preferences_of : Preferences
SELECT channels, quiet_from, quiet_to, time_zone FROM preferences WHERE user_id = :user_id;

--! put_preferences (quiet_from?, quiet_to?, time_zone?)
INSERT INTO preferences (user_id, channels, quiet_from, quiet_to, time_zone, updated_at)
VALUES (:user_id, :channels, :quiet_from, :quiet_to, :time_zone, :now)
ON CONFLICT (user_id) DO UPDATE
SET channels = excluded.channels, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to,
    time_zone = excluded.time_zone, updated_at = excluded.updated_at;

--! subscriptions_of : Subscription
SELECT id, user_id, endpoint, p256dh, auth, created_at
FROM push_subscriptions WHERE user_id = :user_id ORDER BY id;

--! subscription_by_id : Subscription
SELECT id, user_id, endpoint, p256dh, auth, created_at
FROM push_subscriptions WHERE id = :id;

-- A browser belongs to whoever signed in with it last.
--! put_subscription
INSERT INTO push_subscriptions (id, user_id, endpoint, p256dh, auth, created_at)
VALUES (:id, :user_id, :endpoint, :p256dh, :auth, :now)
ON CONFLICT (endpoint) DO UPDATE
SET user_id = excluded.user_id, p256dh = excluded.p256dh, auth = excluded.auth
RETURNING id, created_at, created_at = :now AND id = :id AS created;

-- The oldest beyond the limit.
--! drop_old_subscriptions
DELETE FROM push_subscriptions WHERE id IN (
    SELECT s.id FROM push_subscriptions AS s
    WHERE s.user_id = :user_id AND s.id <> :keep
    ORDER BY s.id DESC OFFSET :others
);

--! delete_subscription
DELETE FROM push_subscriptions WHERE id = :id AND user_id = :user_id;

-- The push service says it is gone: only if the browser has not subscribed anew meanwhile.
--! delete_gone_subscription
DELETE FROM push_subscriptions WHERE id = :id AND endpoint = :endpoint;
