//! Registration: a new account, signed in at once.
//!
//! A taken e-mail is answered as such. That tells a stranger who is registered; until
//! addresses are verified by mail there is no answer that does not, short of pretending.

use marquis_contracts::identity::{Role, UserId};
use serde_json::json;

use super::audit::{AuditKind, AuditRecord};
use super::ports::{Account, Creation, Journal, NewAccount};
use super::tokens::{RefreshToken, SignedIn, TokenPair};
use super::{AuthError, Identity, Origin};
use crate::domain::{Email, NewPassword, Username};

/// A wish to register.
#[derive(Debug)]
pub struct Register {
    /// E-mail.
    pub email: Email,
    /// Username.
    pub username: Username,
    /// Password.
    pub password: NewPassword,
}

/// Registers.
///
/// # Errors
///
/// [`AuthError::EmailTaken`], [`AuthError::UsernameTaken`], [`AuthError::Busy`], and what the store may answer.
pub async fn register(
    identity: &Identity,
    wish: Register,
    origin: &Origin,
) -> Result<SignedIn, AuthError> {
    // Spares the hash when it would be in vain; the insertion decides.
    refuse_taken(identity.accounts.availability(&wish.email, &wish.username).await?)?;
    let password = identity.hasher.hash(wish.password.secret().clone()).await?;
    let account = new_account(identity, &wish.email, &wish.username, vec![Role::User], false);
    let token = RefreshToken::new();
    let session = identity.new_session(&account, &["pwd"], &token, origin);
    let record = AuditRecord::now(&*identity.clock, AuditKind::Registered, origin)
        .user(account.id)
        .session(session.id);
    let journal = Journal::of(record).event(
        &*identity.clock,
        origin,
        "user.registered",
        account.id,
        json!({ "userId": account.id, "username": account.username, "roles": account.roles }),
    );
    let journal = identity.session_started(journal, &session, false, origin);
    let new = NewAccount { account, username_key: wish.username.key(), password };
    // Signed first: a key that cannot be had must not leave an account behind.
    let access = identity.sign_access_token(&new.account, session.id, &session.amr, false).await?;
    refuse_taken(identity.accounts.create(&new, Some(&session), &journal).await?)?;
    journal.log();
    let tokens = TokenPair {
        access,
        refresh: token.value,
        expires_in: identity.session_policy.access_lifetime,
    };
    Ok(SignedIn { account: new.account, tokens })
}

/// An account that does not exist yet.
pub(super) fn new_account(
    identity: &Identity,
    email: &Email,
    username: &Username,
    roles: Vec<Role>,
    password_change_required: bool,
) -> Account {
    let now = identity.clock.now();
    Account {
        id: UserId::new(&*identity.clock),
        email: email.as_str().to_owned(),
        username: username.as_str().to_owned(),
        roles,
        password_change_required,
        created_at: now,
        updated_at: now,
    }
}

pub(super) fn refuse_taken(creation: Creation) -> Result<(), AuthError> {
    match creation {
        Creation::Created => Ok(()),
        Creation::EmailTaken => Err(AuthError::EmailTaken),
        Creation::UsernameTaken => Err(AuthError::UsernameTaken),
    }
}
