//! What other services ask about people: names, addresses, and another name for somebody.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use marquis_contracts::identity::UserId;
use marquis_contracts::people::{
    Identities, IdentitiesUnavailable, Identity as Person, RenameError,
};
use serde_json::json;

use super::audit::{AuditKind, AuditRecord};
use super::ports::{Journal, Renaming, StoreError};
use super::{Identity, Origin};
use crate::domain::Username;

/// The owner of login names and addresses.
#[derive(Debug, Clone)]
pub struct People(pub Arc<Identity>);

#[async_trait]
impl Identities for People {
    async fn identities(&self, users: &[UserId]) -> Result<Vec<Person>, IdentitiesUnavailable> {
        Ok(self.0.accounts.identities(users).await?)
    }

    async fn by_username(&self, username: &str) -> Result<Option<Person>, IdentitiesUnavailable> {
        // What cannot be a username is nobody's.
        let Ok(username) = username.parse::<Username>() else { return Ok(None) };
        Ok(self.0.accounts.by_username(&username).await?)
    }

    async fn email(&self, user: UserId) -> Result<Option<String>, IdentitiesUnavailable> {
        let account = self.0.accounts.account(user).await?;
        Ok(account.map(|account| account.email.clone()))
    }

    async fn rename(&self, user: UserId, username: &str) -> Result<Person, RenameError> {
        let wanted: Username =
            username.parse().map_err(|rule: crate::domain::username::InvalidUsername| {
                RenameError::Invalid(rule.to_string())
            })?;
        let clock = &*self.0.clock;
        let origin = Origin::of_context();
        let record = AuditRecord::now(clock, AuditKind::Renamed, &origin).user(user);
        let journal = Journal::of(record).event(
            clock,
            &origin,
            "user.renamed",
            user,
            json!({ "userId": user, "username": wanted.as_str() }),
        );
        let renaming = self.0.accounts.rename(user, &wanted, clock.now(), &journal).await;
        match renaming.map_err(IdentitiesUnavailable::from)? {
            Renaming::Renamed => {
                journal.log();
                self.0.announcer.user_changed(user).await;
            }
            Renaming::Unchanged => {}
            Renaming::Taken => return Err(RenameError::Taken),
            Renaming::UnknownAccount => return Err(RenameError::NotFound),
        }
        Ok(Person { user_id: user, username: wanted.as_str().to_owned() })
    }
}

impl From<StoreError> for IdentitiesUnavailable {
    fn from(error: StoreError) -> Self {
        Self(Box::new(error))
    }
}
