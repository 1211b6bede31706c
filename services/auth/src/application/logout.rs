//! Leaving: the caller's session, or all of the caller's sessions.

use marquis_contracts::identity::Principal;
use serde_json::json;

use super::audit::{AuditKind, AuditRecord};
use super::ports::Journal;
use super::{AuthError, Identity, Origin};

/// Ends the caller's session. Nothing happens when it is over already.
///
/// # Errors
///
/// What the store may answer.
pub async fn logout(
    identity: &Identity,
    caller: &Principal,
    origin: &Origin,
) -> Result<(), AuthError> {
    let clock = &*identity.clock;
    let record = AuditRecord::now(clock, AuditKind::LoggedOut, origin)
        .user(caller.user_id)
        .session(caller.session_id);
    let journal = Journal::of(record).event(
        clock,
        origin,
        "session.revoked",
        caller.session_id,
        json!({ "userId": caller.user_id, "sessionId": caller.session_id, "because": "logout" }),
    );
    let revoked = identity
        .sessions
        .revoke(caller.user_id, caller.session_id, "logout", clock.now(), &journal)
        .await?;
    if revoked {
        journal.log();
    }
    identity.announcer.sessions_revoked(&[caller.session_id]);
    Ok(())
}

/// Ends all of the caller's sessions; answers how many there were.
///
/// # Errors
///
/// What the store may answer.
pub async fn logout_everywhere(
    identity: &Identity,
    caller: &Principal,
    origin: &Origin,
) -> Result<usize, AuthError> {
    let clock = &*identity.clock;
    let record = AuditRecord::now(clock, AuditKind::LoggedOutEverywhere, origin)
        .user(caller.user_id)
        .session(caller.session_id);
    let journal = Journal::of(record).event(
        clock,
        origin,
        "user.sessions_revoked",
        caller.user_id,
        json!({ "userId": caller.user_id, "because": "logout" }),
    );
    let revoked =
        identity.sessions.revoke_all(caller.user_id, "logout", clock.now(), &journal).await?;
    journal.log();
    identity.announcer.sessions_revoked(&revoked);
    identity.announcer.sessions_revoked(&[caller.session_id]);
    Ok(revoked.len())
}
