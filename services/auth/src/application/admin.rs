//! What the operator does from the command line: the first administrator, roles, and a
//! one-time password for somebody who lost theirs.

use marquis_contracts::identity::Role;
use marquis_kernel::{Secret, random};
use serde_json::json;

use super::audit::{AuditKind, AuditRecord};
use super::ports::{Creation, Journal, NewAccount, PasswordChange};
use super::register::new_account;
use super::{AuthError, Identity, Origin};
use crate::domain::{Email, Username};

/// A password that works until it is changed, and whose sessions have no roles before.
#[derive(Debug, Clone)]
pub struct OneTimePassword(Secret);

impl OneTimePassword {
    fn new() -> Self {
        Self(Secret::new(random::one_time_password()))
    }

    /// The password, to be shown once to the person it is for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose()
    }
}

/// Creates an administrator with a one-time password unless there is an administrator.
/// `None` when there is; its password cannot be shown again, [`reset_password`] makes a
/// new one.
///
/// # Errors
///
/// [`AuthError::EmailTaken`] when somebody without the role has the address: nobody is made
/// administrator who did not become it on purpose. And what the store may answer.
pub async fn ensure_first_admin(
    identity: &Identity,
    email: &Email,
) -> Result<Option<OneTimePassword>, AuthError> {
    if identity.accounts.admin_exists().await? {
        return Ok(None);
    }
    let origin = Origin::default();
    let clock = &*identity.clock;
    let one_time = OneTimePassword::new();
    let password = identity.hasher.hash(one_time.0.clone()).await?;
    let mut username = Username::resembling(email.local_part());
    loop {
        let account = new_account(identity, email, &username, vec![Role::User, Role::Admin], true);
        let record =
            AuditRecord::now(clock, AuditKind::FirstAdminCreated, &origin).user(account.id);
        let journal = Journal::of(record).event(
            clock,
            &origin,
            "user.registered",
            account.id,
            json!({ "userId": account.id, "username": account.username, "roles": account.roles }),
        );
        let new = NewAccount { account, username_key: username.key(), password: password.clone() };
        match identity.accounts.create_first_admin(&new, &journal).await? {
            None => return Ok(None),
            Some(Creation::Created) => {
                journal.log();
                return Ok(Some(one_time));
            }
            Some(Creation::EmailTaken) => return Err(AuthError::EmailTaken),
            Some(Creation::UsernameTaken) => {
                let suffix: u16 = u16::from_be_bytes(random::bytes());
                username = Username::resembling(&format!("{}-{suffix:04x}", email.local_part()));
            }
        }
    }
}

/// Sets an account's roles. Taking a role away ends the account's sessions, because their
/// tokens still carry it; an added role shows at the next refresh.
///
/// # Errors
///
/// [`AuthError::UnknownAccount`], [`AuthError::NoRoles`], and what the store may answer.
pub async fn set_roles(
    identity: &Identity,
    email: &Email,
    roles: &[Role],
) -> Result<(), AuthError> {
    let mut roles = roles.to_vec();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() {
        return Err(AuthError::NoRoles);
    }
    let known = identity.accounts.by_email(email).await?.ok_or(AuthError::UnknownAccount)?;
    let account = known.account;
    let lost = account.roles.iter().any(|role| !roles.contains(role));
    let clock = &*identity.clock;
    let origin = Origin::default();
    let record = AuditRecord::now(clock, AuditKind::RolesChanged, &origin)
        .user(account.id)
        .details(json!({ "before": account.roles, "after": roles }));
    let journal = Journal::of(record).event(
        clock,
        &origin,
        "user.roles_changed",
        account.id,
        json!({ "userId": account.id, "roles": roles }),
    );
    let revoked = identity
        .accounts
        .set_roles(account.id, &roles, lost, clock.now(), &journal)
        .await?
        .ok_or(AuthError::UnknownAccount)?;
    journal.log();
    identity.announcer.sessions_revoked(&revoked);
    identity.announcer.user_changed(account.id).await;
    Ok(())
}

/// Adds a role to those an account has.
///
/// # Errors
///
/// Those of [`set_roles`].
pub async fn grant_role(identity: &Identity, email: &Email, role: Role) -> Result<(), AuthError> {
    let known = identity.accounts.by_email(email).await?.ok_or(AuthError::UnknownAccount)?;
    let mut roles = known.account.roles;
    if roles.contains(&role) {
        return Ok(());
    }
    roles.push(role);
    set_roles(identity, email, &roles).await
}

/// Gives an account a one-time password, ends its sessions and lifts a lock.
///
/// # Errors
///
/// [`AuthError::UnknownAccount`], [`AuthError::Busy`], and what the store may answer.
pub async fn reset_password(
    identity: &Identity,
    email: &Email,
) -> Result<OneTimePassword, AuthError> {
    let one_time = OneTimePassword::new();
    let replacement = identity.hasher.hash(one_time.0.clone()).await?;
    let known = identity.accounts.by_email(email).await?.ok_or(AuthError::UnknownAccount)?;
    let clock = &*identity.clock;
    let origin = Origin::default();
    let user = known.account.id;
    let record = AuditRecord::now(clock, AuditKind::PasswordReset, &origin).user(user);
    let journal = Journal::of(record).event(
        clock,
        &origin,
        "user.password_changed",
        user,
        json!({ "userId": user }),
    );
    let change = PasswordChange {
        user_id: user,
        verified: known.password,
        replacement,
        change_required: true,
        keep: None,
        because: "password_reset",
        forget_attempts: identity.pseudonyms.of(email.as_str()),
        now: clock.now(),
    };
    let revoked = identity
        .accounts
        .change_password(&change, &journal)
        .await?
        .ok_or(AuthError::Busy { retry_after: std::time::Duration::from_secs(1) })?;
    journal.log();
    identity.announcer.sessions_revoked(&revoked);
    identity.announcer.user_changed(user).await;
    Ok(one_time)
}
