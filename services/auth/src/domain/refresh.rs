//! Whether a refresh token that was presented is honoured. Rotation with reuse detection
//! as in RFC 9700, section 4.14.2, with a grace for requests that overlap.

use std::time::Duration;

use time::OffsetDateTime;

/// Lifetimes of sessions and their tokens.
#[derive(Debug, Clone, Copy)]
pub struct SessionPolicy {
    /// Of an access token.
    pub access_lifetime: Duration,
    /// Of a session, however much it is used.
    pub lifetime: Duration,
    /// Of a session that is not used.
    pub idle: Duration,
    /// How long after its first use a refresh token may be presented again.
    pub grace: Duration,
}

/// What is known of a refresh token and its session.
#[derive(Debug, Clone, Copy)]
pub struct Presented {
    /// When the token expires.
    pub expires_at: OffsetDateTime,
    /// When it was first used.
    pub used_at: Option<OffsetDateTime>,
    /// Whether its session was revoked.
    pub session_revoked: bool,
    /// The absolute end of its session.
    pub session_expires_at: OffsetDateTime,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Issue a successor; `first` when the token has to be marked as used.
    Rotate {
        /// This is its first use.
        first: bool,
    },
    /// It was used before and the grace is over: somebody has a copy. End the session.
    Reuse,
    /// The session is over already.
    Ended,
}

impl SessionPolicy {
    /// Judges a token presented at `now`.
    #[must_use]
    pub fn judge(&self, token: Presented, now: OffsetDateTime) -> Decision {
        if token.session_revoked || token.session_expires_at <= now {
            return Decision::Ended;
        }
        match token.used_at {
            Some(used_at) if now - used_at > self.grace => Decision::Reuse,
            Some(_) => Decision::Rotate { first: false },
            None if token.expires_at <= now => Decision::Ended,
            None => Decision::Rotate { first: true },
        }
    }

    /// When a refresh token issued now expires, in a session with the given end.
    #[must_use]
    pub fn idle_end(&self, now: OffsetDateTime, session_end: OffsetDateTime) -> OffsetDateTime {
        (now + self.idle).min(session_end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: SessionPolicy = SessionPolicy {
        access_lifetime: Duration::from_secs(900),
        lifetime: Duration::from_secs(30 * 86_400),
        idle: Duration::from_secs(14 * 86_400),
        grace: Duration::from_secs(10),
    };

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds)
    }

    fn token(used_at: Option<i64>) -> Presented {
        Presented {
            expires_at: at(1_000),
            used_at: used_at.map(at),
            session_revoked: false,
            session_expires_at: at(5_000),
        }
    }

    #[test]
    fn a_token_is_used_once_and_again_within_the_grace() {
        assert_eq!(POLICY.judge(token(None), at(999)), Decision::Rotate { first: true });
        assert_eq!(POLICY.judge(token(Some(100)), at(110)), Decision::Rotate { first: false });
        assert_eq!(POLICY.judge(token(Some(100)), at(111)), Decision::Reuse);
        assert_eq!(POLICY.judge(token(Some(100)), at(1_001)), Decision::Reuse);
    }

    #[test]
    fn what_is_over_stays_over() {
        assert_eq!(POLICY.judge(token(None), at(1_000)), Decision::Ended);
        assert_eq!(POLICY.judge(token(Some(4_995)), at(5_000)), Decision::Ended);
        let revoked = Presented { session_revoked: true, ..token(Some(100)) };
        assert_eq!(POLICY.judge(revoked, at(500)), Decision::Ended);
        assert_eq!(POLICY.idle_end(at(0), at(50)), at(50));
        assert_eq!(POLICY.idle_end(at(0), at(2_000_000)), at(14 * 86_400));
    }
}
