//! Login with e-mail and password. Accounts that do not exist are treated in every step
//! like those that do: the same limits, the same work, the same answer.

use std::time::Duration;

use marquis_contracts::identity::UserId;
use marquis_kernel::Secret;
use serde_json::json;

use super::attempts::{Attempt, short};
use super::audit::{AuditKind, AuditRecord};
use super::ports::{Credentials, Journal, StoredPassword};
use super::tokens::{RefreshToken, SignedIn, TokenPair};
use super::{AuthError, Identity, Origin};
use crate::domain::Email;

/// Signs in.
///
/// # Errors
///
/// [`AuthError::InvalidCredentials`], [`AuthError::TooManyFailures`], [`AuthError::Busy`],
/// and what the store may answer.
pub async fn login(
    identity: &Identity,
    email: &Email,
    password: Secret,
    origin: &Origin,
) -> Result<SignedIn, AuthError> {
    let attempt = identity.begin_attempt(email.as_str(), origin).await?;
    match judge(identity, email, &password).await {
        Ok((Some(credentials), true)) => {
            succeed(identity, credentials, password, &attempt, origin).await
        }
        Ok((known, _)) => {
            let user = known.map(|credentials| credentials.account.id);
            Err(fail(identity, user, &attempt, origin).await)
        }
        Err(error) => {
            identity.withdraw_attempt(&attempt, origin).await;
            Err(error)
        }
    }
}

/// The account, if there is one, and whether the password is right.
async fn judge(
    identity: &Identity,
    email: &Email,
    password: &Secret,
) -> Result<(Option<Credentials>, bool), AuthError> {
    let known = identity.accounts.by_email(email).await?;
    let stored = known.as_ref().map(|credentials| credentials.password.clone());
    let right = identity.hasher.verify(password.clone(), stored).await?;
    Ok((known, right))
}

async fn succeed(
    identity: &Identity,
    credentials: Credentials,
    password: Secret,
    attempt: &Attempt,
    origin: &Origin,
) -> Result<SignedIn, AuthError> {
    let account = credentials.account;
    let token = RefreshToken::new();
    let session = identity.new_session(&account, &["pwd"], &token, origin);
    let access =
        identity.sign_access_token(&account, session.id, &session.amr, session.restricted).await?;
    let record = AuditRecord::now(&*identity.clock, AuditKind::LoginSucceeded, origin)
        .user(account.id)
        .session(session.id)
        .details(json!({ "amr": session.amr, "restricted": session.restricted }));
    let journal = |new_device| {
        let journal = Journal::of(record.clone());
        identity.session_started(journal, &session, new_device, origin)
    };
    let seen = account.updated_at;
    let opened = identity.sessions.open(&session, seen, attempt.account, &journal).await;
    if !matches!(opened, Ok(Some(_))) {
        identity.withdraw_attempt(attempt, origin).await;
    }
    let Some(journal) = opened? else {
        // Password or roles changed while the password was being checked.
        return Err(AuthError::Busy { retry_after: Duration::from_secs(1) });
    };
    journal.log();
    identity.limiter.give_back(origin.address, attempt.account).await;
    if identity.hasher.is_outdated(&credentials.password) {
        upgrade(identity, &credentials.password, password, account.id, origin).await;
    }
    let tokens = TokenPair {
        access,
        refresh: token.value,
        expires_in: identity.session_policy.access_lifetime,
    };
    Ok(SignedIn { account, tokens })
}

/// Hashes the password anew with current parameters. Not worth failing a login for.
async fn upgrade(
    identity: &Identity,
    verified: &StoredPassword,
    password: Secret,
    user: UserId,
    origin: &Origin,
) {
    let upgraded: Result<(), AuthError> = async {
        let better = identity.hasher.hash(password).await?;
        let record =
            AuditRecord::now(&*identity.clock, AuditKind::PasswordHashUpgraded, origin).user(user);
        let journal = Journal::of(record);
        identity.accounts.upgrade_hash(user, verified, &better, &journal).await?;
        journal.log();
        Ok(())
    }
    .await;
    if let Err(error) = upgraded {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a password keeps its outdated hash until the next login"
        );
    }
}

/// The attempt is counted already; what remains is to tell.
async fn fail(
    identity: &Identity,
    user: Option<UserId>,
    attempt: &Attempt,
    origin: &Origin,
) -> AuthError {
    let locks = identity.lockout.locks(attempt.counted);
    let kind = if locks { AuditKind::AccountLocked } else { AuditKind::LoginFailed };
    let mut record = AuditRecord::now(&*identity.clock, kind, origin).details(json!({
        "account": short(attempt.account),
        "failures": attempt.counted.failures,
    }));
    record.user_id = user;
    let mut journal = Journal::of(record);
    if let Some(user) = user.filter(|_| locks) {
        journal = identity.account_locked(journal, user, origin);
    }
    if let Err(error) = identity.audit.append(&journal).await {
        return error.into();
    }
    journal.log();
    AuthError::InvalidCredentials
}
