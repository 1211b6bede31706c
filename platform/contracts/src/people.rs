//! Who people are, for services that show a name or write to somebody: answered by the
//! service that owns login names and addresses.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::identity::UserId;

/// The public name of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The person.
    pub user_id: UserId,
    /// Their login name, 3..50 characters, unique without regard to case.
    pub username: String,
}

/// The owner of identities could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("identities cannot be asked for now")]
pub struct IdentitiesUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Why a person does not get the login name they asked for.
#[derive(Debug, thiserror::Error)]
pub enum RenameError {
    /// Somebody else has it.
    #[error("the username is taken")]
    Taken,
    /// It breaks the rules for login names; the text says which, without the name.
    #[error("the username {0}")]
    Invalid(String),
    /// No such person.
    #[error("there is no such person")]
    NotFound,
    /// The owner of identities could not be asked; nothing is known of the outcome.
    #[error(transparent)]
    Unavailable(#[from] IdentitiesUnavailable),
}

/// What services ask the owner of login names and e-mail addresses.
#[async_trait]
pub trait Identities: fmt::Debug + Send + Sync + 'static {
    /// The identities of those of `users` (at most 500) that exist, in no certain order.
    async fn identities(&self, users: &[UserId]) -> Result<Vec<Identity>, IdentitiesUnavailable>;

    /// The person with this login name, compared without regard to case.
    async fn by_username(&self, username: &str) -> Result<Option<Identity>, IdentitiesUnavailable>;

    /// The e-mail address of a person; `None` when there is no such person.
    async fn email(&self, user: UserId) -> Result<Option<String>, IdentitiesUnavailable>;

    /// Gives a person another login name. Repeating it is harmless.
    async fn rename(&self, user: UserId, username: &str) -> Result<Identity, RenameError>;
}
