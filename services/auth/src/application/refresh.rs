//! Exchanging a refresh token for a new pair of tokens.

use marquis_kernel::Secret;
use serde_json::json;

use super::audit::{AuditKind, AuditRecord};
use super::ports::{Journal, Refresh, RefreshState};
use super::tokens::{RefreshToken, TokenPair, hash};
use super::{AuthError, Identity, Origin};
use crate::domain::refresh::Decision;

/// Why a session ends whose token was presented twice.
const REUSED: &str = "refresh_token_reused";

/// Refreshes. A token presented again after the grace ends its session.
///
/// # Errors
///
/// [`AuthError::InvalidRefreshToken`], and what the store may answer.
pub async fn refresh(
    identity: &Identity,
    token: &Secret,
    origin: &Origin,
) -> Result<TokenPair, AuthError> {
    let successor = RefreshToken::new();
    let now = identity.clock.now();
    let presented = Refresh {
        hash: hash(token.expose()),
        successor: successor.hash,
        address: origin.address,
        user_agent: origin.user_agent.as_deref(),
        now,
    };
    let policy = &identity.session_policy;
    let judge = |state: &RefreshState| {
        let decision = policy.judge(state.presented, now);
        (decision, journal(identity, decision, state, origin))
    };
    let outcome = identity.sessions.refresh(&presented, policy, &judge).await?;
    let Some((state, decision)) = outcome else {
        return Err(AuthError::InvalidRefreshToken);
    };
    journal(identity, decision, &state, origin).log();
    match decision {
        Decision::Ended => Err(AuthError::InvalidRefreshToken),
        Decision::Reuse => {
            identity.announcer.sessions_revoked(&[state.session_id]);
            Err(AuthError::InvalidRefreshToken)
        }
        Decision::Rotate { .. } => {
            let access = identity
                .sign_access_token(&state.account, state.session_id, &state.amr, state.restricted)
                .await?;
            let expires_in = policy.access_lifetime;
            Ok(TokenPair { access, refresh: successor.value, expires_in })
        }
    }
}

fn journal(
    identity: &Identity,
    decision: Decision,
    state: &RefreshState,
    origin: &Origin,
) -> Journal {
    let clock = &*identity.clock;
    let record = |kind| {
        AuditRecord::now(clock, kind, origin).user(state.account.id).session(state.session_id)
    };
    match decision {
        Decision::Ended => Journal::default(),
        Decision::Rotate { first } => {
            Journal::of(record(AuditKind::TokenRefreshed).details(json!({ "first": first })))
        }
        Decision::Reuse => Journal::of(record(AuditKind::RefreshTokenReused)).event(
            clock,
            origin,
            "session.revoked",
            state.session_id,
            json!({ "userId": state.account.id, "sessionId": state.session_id, "because": REUSED }),
        ),
    }
}
