//! The caller's sessions: seeing them, and ending one.

use marquis_contracts::identity::{Principal, SessionId};
use serde_json::json;

use super::audit::{AuditKind, AuditRecord};
use super::ports::{Journal, LiveSession};
use super::{AuthError, Identity, Origin};

/// A page of the caller's sessions, last used first, and how many there are in all.
///
/// # Errors
///
/// What the store may answer.
pub async fn list(
    identity: &Identity,
    caller: &Principal,
    limit: i64,
    offset: i64,
) -> Result<(Vec<LiveSession>, i64), AuthError> {
    Ok(identity.sessions.live(caller.user_id, identity.clock.now(), limit, offset).await?)
}

/// Ends one of the caller's sessions.
///
/// # Errors
///
/// [`AuthError::UnknownSession`] when the caller has no live session with this id, whoever
/// else may have.
pub async fn revoke(
    identity: &Identity,
    caller: &Principal,
    id: SessionId,
    origin: &Origin,
) -> Result<(), AuthError> {
    let clock = &*identity.clock;
    let record = AuditRecord::now(clock, AuditKind::SessionRevoked, origin)
        .user(caller.user_id)
        .session(id)
        .details(json!({ "by": caller.session_id }));
    let journal = Journal::of(record).event(
        clock,
        origin,
        "session.revoked",
        id,
        json!({ "userId": caller.user_id, "sessionId": id, "because": "revoked" }),
    );
    let revoked =
        identity.sessions.revoke(caller.user_id, id, "revoked", clock.now(), &journal).await?;
    if !revoked {
        return Err(AuthError::UnknownSession);
    }
    journal.log();
    identity.announcer.sessions_revoked(&[id]);
    Ok(())
}
