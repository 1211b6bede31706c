//! Who the caller is, at this moment.

use std::sync::Arc;

use marquis_contracts::identity::{Principal, Role};

use super::ports::Account;
use super::{AuthError, Identity};

/// The caller's account.
///
/// # Errors
///
/// [`AuthError::AccountGone`], and what the store may answer.
pub async fn of_caller(identity: &Identity, caller: &Principal) -> Result<Arc<Account>, AuthError> {
    identity.accounts.account(caller.user_id).await?.ok_or(AuthError::AccountGone)
}

/// The roles that count for this caller: those the account has now, except that a token
/// without roles (of a session opened with a one-time password) never gains any.
#[must_use]
pub fn effective_roles<'a>(caller: &Principal, account: &'a Account) -> &'a [Role] {
    if caller.roles.is_empty() { &[] } else { &account.roles }
}
