//! Changing the own password. The current one is asked for and guarded like a login, so a
//! stolen access token cannot be used to guess it. All other sessions end.

use marquis_contracts::identity::Principal;
use marquis_kernel::Secret;
use serde_json::json;

use super::attempts::short;
use super::audit::{AuditKind, AuditRecord};
use super::ports::{Credentials, Journal, PasswordChange};
use super::{AuthError, Identity, Origin};
use crate::domain::{Email, NewPassword, Username};

/// Changes the caller's password.
///
/// # Errors
///
/// [`AuthError::WrongPassword`], [`AuthError::WeakPassword`], [`AuthError::SamePassword`],
/// [`AuthError::TooManyFailures`], [`AuthError::AccountGone`], [`AuthError::Busy`], and
/// what the store may answer.
pub async fn change(
    identity: &Identity,
    caller: &Principal,
    current: Secret,
    wanted: Secret,
    origin: &Origin,
) -> Result<(), AuthError> {
    let known = identity.accounts.credentials(caller.user_id).await?;
    let Credentials { account, password } = known.ok_or(AuthError::AccountGone)?;
    let email: Email =
        account.email.parse().map_err(|error| AuthError::Internal(Box::new(error)))?;
    let username: Username =
        account.username.parse().map_err(|error| AuthError::Internal(Box::new(error)))?;
    let same = current.expose() == wanted.expose();
    let wanted = NewPassword::choose(wanted, Some(&email), Some(&username))?;

    let attempt = identity.begin_attempt(&account.email, origin).await?;
    let clock = &*identity.clock;
    let right = match identity.hasher.verify(current, Some(password.clone())).await {
        Ok(right) => right,
        Err(error) => {
            identity.withdraw_attempt(&attempt, origin).await;
            return Err(error.into());
        }
    };
    if !right {
        let record = AuditRecord::now(clock, AuditKind::PasswordChangeRefused, origin)
            .user(caller.user_id)
            .session(caller.session_id)
            .details(json!({
                "account": short(attempt.account),
                "failures": attempt.counted.failures,
            }));
        let mut journal = Journal::of(record);
        if identity.lockout.locks(attempt.counted) {
            journal = identity.account_locked(journal, caller.user_id, origin);
        }
        identity.audit.append(&journal).await?;
        journal.log();
        return Err(AuthError::WrongPassword);
    }
    // Told only to somebody who knows the password.
    if same {
        identity.withdraw_attempt(&attempt, origin).await;
        return Err(AuthError::SamePassword);
    }
    let replacement = match identity.hasher.hash(wanted.secret().clone()).await {
        Ok(replacement) => replacement,
        Err(error) => {
            identity.withdraw_attempt(&attempt, origin).await;
            return Err(error.into());
        }
    };

    let record = AuditRecord::now(clock, AuditKind::PasswordChanged, origin)
        .user(caller.user_id)
        .session(caller.session_id);
    let journal = Journal::of(record).event(
        clock,
        origin,
        "user.password_changed",
        caller.user_id,
        json!({ "userId": caller.user_id }),
    );
    let change = PasswordChange {
        user_id: caller.user_id,
        verified: password,
        replacement,
        change_required: false,
        keep: Some(caller.session_id),
        because: "password_changed",
        forget_attempts: attempt.account,
        now: clock.now(),
    };
    let revoked = identity.accounts.change_password(&change, &journal).await?;
    // Somebody else changed it in between: what was given is not the current one any more.
    let revoked = revoked.ok_or(AuthError::WrongPassword)?;
    journal.log();
    identity.limiter.give_back(origin.address, attempt.account).await;
    identity.announcer.sessions_revoked(&revoked);
    identity.announcer.user_changed(caller.user_id).await;
    Ok(())
}
