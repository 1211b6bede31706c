//! What an operator does, by commands and at the start of a node.

use marquis_contracts::identity::Role;
use marquis_database::DatabaseError;

use crate::application::{admin, seed};
use crate::infrastructure::upkeep;
use crate::{Auth, AuthError, Email, KeyRotation, OneTimePassword, Seeded, Swept};

/// What a renewal of keys did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    /// Data keys that were wrapped anew.
    pub keys: u64,
    /// Blind indexes that were made anew.
    pub indexes: u64,
}

impl Auth {
    /// Reads the signing keys, and creates the first one: tells at start whether the master
    /// key is the installation's. Then seals the addresses of accounts that are older than
    /// their sealing.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] or [`AuthError::Internal`].
    pub async fn prepare(&self) -> Result<(), AuthError> {
        self.keys.reload().await?;
        self.seal_addresses().await
    }

    /// Accounts are found by sealed addresses only.
    async fn seal_addresses(&self) -> Result<(), AuthError> {
        let sealed = self.store.seal_addresses().await?;
        if sealed > 0 {
            tracing::info!(accounts = sealed, "e-mail addresses were sealed");
        }
        Ok(())
    }

    /// Wraps every data key with the keyring's current version and, with `indexes`, makes
    /// the blind indexes with it as well. Every running process must know that version
    /// already. After a renewal of both nothing needs the older versions. It may be stopped
    /// and repeated at any time, and run beside the service.
    ///
    /// # Errors
    ///
    /// [`AuthError`]; what was renewed stays so.
    pub async fn renew_keys(&self, indexes: bool) -> Result<Renewal, AuthError> {
        self.seal_addresses().await?;
        let keys = self.store.renew_keys().await?;
        let indexes = if indexes { self.store.renew_indexes().await? } else { 0 };
        Ok(Renewal { keys, indexes })
    }

    /// Creates an administrator with a one-time password unless there is one.
    ///
    /// # Errors
    ///
    /// See [`admin::ensure_first_admin`].
    pub async fn ensure_first_admin(
        &self,
        email: &Email,
    ) -> Result<Option<OneTimePassword>, AuthError> {
        self.seal_addresses().await?;
        admin::ensure_first_admin(&self.identity, email).await
    }

    /// Creates the accounts alice and bob unless they are there.
    ///
    /// # Errors
    ///
    /// See [`seed::seed`]; [`AuthError::SeedRefused`] in production.
    pub async fn seed(&self) -> Result<Seeded, AuthError> {
        self.seal_addresses().await?;
        seed::seed(&self.identity, self.environment.is_production()).await
    }

    /// Sets an account's roles.
    ///
    /// # Errors
    ///
    /// See [`admin::set_roles`].
    pub async fn set_roles(&self, email: &Email, roles: &[Role]) -> Result<(), AuthError> {
        self.seal_addresses().await?;
        admin::set_roles(&self.identity, email, roles).await
    }

    /// Adds a role to an account.
    ///
    /// # Errors
    ///
    /// See [`admin::set_roles`].
    pub async fn grant_role(&self, email: &Email, role: Role) -> Result<(), AuthError> {
        self.seal_addresses().await?;
        admin::grant_role(&self.identity, email, role).await
    }

    /// Gives an account a one-time password.
    ///
    /// # Errors
    ///
    /// See [`admin::reset_password`].
    pub async fn reset_password(&self, email: &Email) -> Result<OneTimePassword, AuthError> {
        self.seal_addresses().await?;
        admin::reset_password(&self.identity, email).await
    }

    /// Puts a new signing key to use at once.
    ///
    /// # Errors
    ///
    /// [`AuthError::Unavailable`] or [`AuthError::Internal`].
    pub async fn rotate_keys(&self, rotation: KeyRotation) -> Result<(), AuthError> {
        Ok(self.keys.rotate(rotation).await?)
    }

    /// How many users signed in or refreshed in the last twenty minutes; [`Auth::run`] keeps
    /// `active_users_total` at it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn active_users(&self) -> Result<i64, DatabaseError> {
        upkeep::active_users(&self.database, &self.clock).await
    }

    /// Removes sessions, tokens and counts that ended; [`Auth::run`] does it every ten minutes.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn sweep(&self) -> Result<Swept, DatabaseError> {
        upkeep::sweep(&self.database, &self.clock).await
    }
}
