//! Accounts to try the platform with: alice and bob. Their password is public knowledge,
//! so they are refused where real users are.

use marquis_contracts::identity::Role;
use marquis_kernel::Secret;
use serde_json::json;

use super::audit::{AuditKind, AuditRecord};
use super::ports::{Creation, Journal, NewAccount};
use super::register::new_account;
use super::{AuthError, Identity, Origin};
use crate::domain::{Email, Username};

/// The password of every seeded account.
pub const PASSWORD: &str = "Password123!";

/// E-mail and username of the seeded accounts.
pub const ACCOUNTS: [(&str, &str); 2] =
    [("alice@example.com", "alice"), ("bob@example.com", "bob")];

/// What seeding did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeded {
    /// Accounts created now.
    pub created: usize,
    /// Accounts that were there; they are left as they are.
    pub existing: usize,
}

/// Creates what is missing.
///
/// # Errors
///
/// [`AuthError::SeedRefused`] in production, [`AuthError::UsernameTaken`] when somebody
/// else has the name, and what the store may answer.
pub async fn seed(identity: &Identity, production: bool) -> Result<Seeded, AuthError> {
    if production {
        return Err(AuthError::SeedRefused);
    }
    let mut seeded = Seeded { created: 0, existing: 0 };
    for (email, username) in ACCOUNTS {
        let email: Email = email.parse().map_err(internal)?;
        let username: Username = username.parse().map_err(internal)?;
        if identity.accounts.by_email(&email).await?.is_some() {
            seeded.existing += 1;
            continue;
        }
        match create(identity, &email, &username).await? {
            Creation::Created => seeded.created += 1,
            Creation::EmailTaken => seeded.existing += 1,
            Creation::UsernameTaken => return Err(AuthError::UsernameTaken),
        }
    }
    Ok(seeded)
}

async fn create(
    identity: &Identity,
    email: &Email,
    username: &Username,
) -> Result<Creation, AuthError> {
    let password = identity.hasher.hash(Secret::new(PASSWORD)).await?;
    let account = new_account(identity, email, username, vec![Role::User], false);
    let clock = &*identity.clock;
    let origin = Origin::default();
    let record = AuditRecord::now(clock, AuditKind::Registered, &origin)
        .user(account.id)
        .details(json!({ "seed": true }));
    let journal = Journal::of(record).event(
        clock,
        &origin,
        "user.registered",
        account.id,
        json!({ "userId": account.id, "username": account.username, "roles": account.roles }),
    );
    let new = NewAccount { account, username_key: username.key(), password };
    Ok(identity.accounts.create(&new, None, &journal).await?)
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> AuthError {
    AuthError::Internal(Box::new(error))
}
