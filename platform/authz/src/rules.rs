//! What the claims of an access token must say (RFC 7519, section 4.1; RFC 8725, section 3).

use std::time::Duration;

use marquis_contracts::identity::{AccessClaims, VerifyError};

/// No access token lives longer, whatever its claims say. A revocation can be forgotten
/// after this time.
pub const MAX_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Leeway for clocks that differ is never more than this.
const MOST_LEEWAY: Duration = Duration::from_secs(5);

/// What this installation accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// Exactly this `iss`.
    pub issuer: String,
    /// Exactly this `aud`.
    pub audience: String,
    /// How far the issuer's clock may differ; more than 5 s counts as 5 s.
    pub leeway: Duration,
}

impl TokenRules {
    /// The leeway in whole seconds.
    fn leeway_seconds(&self) -> i64 {
        i64::try_from(self.leeway.min(MOST_LEEWAY).as_secs()).unwrap_or(0)
    }

    /// Whether a token that expires at `exp` is over at `now`, both in Unix seconds.
    pub(crate) fn is_expired(&self, exp: i64, now: i64) -> bool {
        now >= exp.saturating_add(self.leeway_seconds())
    }

    /// Checks everything that the claims alone can tell at `now` (Unix seconds).
    ///
    /// # Errors
    ///
    /// [`VerifyError::Invalid`].
    pub fn check(&self, claims: &AccessClaims, now: i64) -> Result<(), VerifyError> {
        let longest = i64::try_from(MAX_LIFETIME.as_secs()).unwrap_or(i64::MAX);
        let lifetime = claims.exp.checked_sub(claims.iat);
        let reason = if claims.iss != self.issuer {
            "another issuer"
        } else if claims.aud != self.audience {
            "another audience"
        } else if !lifetime.is_some_and(|seconds| (1..=longest).contains(&seconds)) {
            "an impossible lifetime"
        } else if claims.iat > now.saturating_add(self.leeway_seconds()) {
            "issued in the future"
        } else if self.is_expired(claims.exp, now) {
            "expired"
        } else {
            return Ok(());
        };
        Err(VerifyError::Invalid(reason))
    }
}

#[cfg(test)]
mod tests {
    use marquis_contracts::identity::{Role, SessionId, UserId};
    use marquis_kernel::SystemClock;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn rules() -> TokenRules {
        TokenRules {
            issuer: "https://id.example".to_owned(),
            audience: "marquis".to_owned(),
            leeway: Duration::from_secs(60),
        }
    }

    fn claims() -> AccessClaims {
        AccessClaims {
            iss: "https://id.example".to_owned(),
            aud: "marquis".to_owned(),
            sub: UserId::new(&SystemClock),
            exp: NOW + 900,
            iat: NOW,
            jti: marquis_kernel::id::new_uuid(&SystemClock),
            sid: SessionId::new(&SystemClock),
            roles: vec![Role::User],
            amr: vec!["pwd".to_owned()],
        }
    }

    #[test]
    fn each_claim_is_checked() {
        let check = |change: fn(&mut AccessClaims)| {
            let mut claims = claims();
            change(&mut claims);
            match rules().check(&claims, NOW) {
                Ok(()) => "accepted",
                Err(VerifyError::Invalid(reason)) => reason,
                Err(VerifyError::Unavailable(_)) => "unavailable",
            }
        };
        assert_eq!(check(|_| {}), "accepted");
        assert_eq!(check(|c| c.iss.push('/')), "another issuer");
        assert_eq!(check(|c| c.aud = "other".to_owned()), "another audience");
        assert_eq!(check(|c| c.aud.clear()), "another audience");
        assert_eq!(check(|c| c.exp = c.iat + 3_601), "an impossible lifetime");
        assert_eq!(check(|c| c.exp = c.iat), "an impossible lifetime");
        assert_eq!(check(|c| (c.iat, c.exp) = (i64::MIN, i64::MAX)), "an impossible lifetime");
        // The leeway is 5 s, not the 60 s asked for.
        assert_eq!(check(|c| c.iat = NOW + 5), "accepted");
        assert_eq!(check(|c| c.iat = NOW + 6), "issued in the future");
        assert_eq!(check(|c| (c.iat, c.exp) = (NOW - 900, NOW - 4)), "accepted");
        assert_eq!(check(|c| (c.iat, c.exp) = (NOW - 900, NOW - 5)), "expired");
    }
}
