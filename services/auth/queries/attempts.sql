-- Counts the attempt as a failure before the password is looked at, so that any number
-- of concurrent guesses draw on one allowance. Reaching the allowance locks the account,
-- yet still admits this attempt: its success takes the lock away again. A lock that is
-- over starts a new count. The attempt is admitted when `failures` <= the allowance.
--! begin_attempt : (locked_until?)
INSERT INTO login_attempts AS a (account, failures, last_attempt_at, locked_until)
VALUES (:account, 1, :now, CASE WHEN 1 >= :allowed THEN :lock_until::timestamptz END)
ON CONFLICT (account) DO UPDATE SET
    last_attempt_at = :now,
    failures = CASE WHEN a.locked_until <= :now THEN 1 ELSE least(a.failures + 1, 1000000) END,
    locked_until = CASE
        WHEN a.locked_until > :now THEN a.locked_until
        WHEN a.locked_until <= :now AND :allowed > 1 THEN NULL
        WHEN a.failures + 1 >= :allowed THEN :lock_until::timestamptz
    END
RETURNING failures, locked_until;

-- Takes back an attempt that was never judged.
--! withdraw_attempt
UPDATE login_attempts
SET failures = greatest(failures - 1, 0),
    locked_until = CASE WHEN failures - 1 >= :allowed THEN locked_until END
WHERE account = :account;

--! clear_attempts
DELETE FROM login_attempts WHERE account = :account;

--! delete_stale_attempts
DELETE FROM login_attempts
WHERE last_attempt_at < :before AND (locked_until IS NULL OR locked_until < :before);
