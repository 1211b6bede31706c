//! When failed logins lock an account. The same for accounts that do not exist.

use std::time::Duration;

use time::OffsetDateTime;

/// How many consecutive failures lock an account, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct LockoutPolicy {
    /// Consecutive failures that lock.
    pub failures: u32,
    /// How long.
    pub duration: Duration,
}

/// The state of an account's attempts after one more was counted as a failure in advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedAttempt {
    /// Consecutive failures, this attempt included.
    pub failures: u32,
    /// When the lock ends, once there is one.
    pub locked_until: Option<OffsetDateTime>,
}

impl LockoutPolicy {
    /// How long the attempt has to wait; `None` when it may be judged.
    ///
    /// The attempt that reaches the allowance is still judged: if the password is right,
    /// the count begins anew.
    #[must_use]
    pub fn wait(&self, attempt: CountedAttempt, now: OffsetDateTime) -> Option<Duration> {
        if attempt.failures <= self.failures {
            return None;
        }
        let until = attempt.locked_until?;
        Duration::try_from(until - now).ok().filter(|wait| !wait.is_zero())
    }

    /// Whether this attempt, should it fail, locks the account.
    #[must_use]
    pub fn locks(&self, attempt: CountedAttempt) -> bool {
        attempt.failures == self.failures
    }

    /// When a lock that begins now ends.
    #[must_use]
    pub fn lock_until(&self, now: OffsetDateTime) -> OffsetDateTime {
        now + self.duration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowance_is_judged_and_the_next_waits() {
        let policy = LockoutPolicy { failures: 10, duration: Duration::from_secs(900) };
        let now = OffsetDateTime::UNIX_EPOCH;
        let until = Some(policy.lock_until(now));
        let after = |failures| CountedAttempt { failures, locked_until: until };
        assert_eq!(policy.wait(after(10), now), None);
        assert!(policy.locks(after(10)) && !policy.locks(after(9)) && !policy.locks(after(11)));
        assert_eq!(policy.wait(after(11), now), Some(Duration::from_secs(900)));
        assert_eq!(
            policy.wait(after(11), now + Duration::from_secs(899)),
            Some(Duration::from_secs(1)),
        );
        assert_eq!(policy.wait(after(11), now + Duration::from_secs(900)), None);
    }
}
