//! Users and their passwords.

use std::sync::Arc;

use async_trait::async_trait;
use marquis_auth_queries::client::Params as _;
use marquis_auth_queries::queries::users::{
    self, AccountById, ChangePasswordParams, InsertUserParams, SetRolesParams, TakenParams,
    UpgradePasswordHashParams,
};
use marquis_auth_queries::queries::{
    attempts, keys,
    people::{self, RenameUserParams},
};
use marquis_contracts::identity::{Role, SessionId, UserId};
use marquis_contracts::people::Identity;
use marquis_database::{DatabaseError, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Failure, PostgresStore, journal, role_names, roles, sessions};
use crate::application::ports::{
    Account, Accounts, Creation, Credentials, Journal, NewAccount, NewSession, PasswordChange,
    Renaming, StoreError, StoredPassword,
};
use crate::domain::{Email, Username};
use crate::infrastructure::addresses::Addresses;

#[async_trait]
impl Accounts for PostgresStore {
    async fn by_email(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        self.run("select", "user", async {
            let client = self.client().await?;
            let indexes = self.addresses.indexes(email.as_str());
            let indexes: Vec<&[u8]> = indexes.iter().map(<[u8; 32]>::as_slice).collect();
            let row = users::credentials_by_email().bind(&client, &indexes).opt().await?;
            row.map(|row| credentials(row, &self.addresses)).transpose()
        })
        .await
    }

    async fn credentials(&self, id: UserId) -> Result<Option<Credentials>, StoreError> {
        self.run("select", "user", async {
            let client = self.client().await?;
            let row = users::credentials_by_id().bind(&client, &id.uuid()).opt().await?;
            row.map(|row| credentials(row, &self.addresses)).transpose()
        })
        .await
    }

    async fn account(&self, id: UserId) -> Result<Option<Arc<Account>>, StoreError> {
        let read = || {
            self.run("select", "user", async {
                let client = self.client().await?;
                let row = users::account_by_id().bind(&client, &id.uuid()).opt().await?;
                row.map(|row| account(row, &self.addresses)).transpose()
            })
        };
        self.users.get(id, read).await
    }

    async fn availability(
        &self,
        email: &Email,
        username: &Username,
    ) -> Result<Creation, StoreError> {
        self.run("select", "user", async {
            let client = self.client().await?;
            let indexes = self.addresses.indexes(email.as_str());
            let names = TakenParams {
                email_indexes: indexes.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>(),
                username_key: username.key(),
            };
            let taken = users::taken().params(&client, &names).one().await?;
            Ok(match (taken.email, taken.username) {
                (true, _) => Creation::EmailTaken,
                (_, true) => Creation::UsernameTaken,
                _ => Creation::Created,
            })
        })
        .await
    }

    async fn create(
        &self,
        new: &NewAccount,
        session: Option<&NewSession>,
        journal: &Journal,
    ) -> Result<Creation, StoreError> {
        self.run("insert", "user", async {
            let mut client = self.client().await?;
            let transaction = client.transaction().await?;
            let creation = insert(&transaction, new, &self.addresses).await?;
            if creation == Creation::Created {
                if let Some(session) = session {
                    sessions::insert(&transaction, session).await?;
                }
                journal::write(&transaction, journal).await?;
                transaction.commit().await?;
            }
            Ok(creation)
        })
        .await
    }

    async fn create_first_admin(
        &self,
        new: &NewAccount,
        journal: &Journal,
    ) -> Result<Option<Creation>, StoreError> {
        self.run("insert", "user", async {
            let mut client = self.client().await?;
            let transaction = client.transaction().await?;
            keys::lock_first_admin().bind(&transaction).one().await?;
            if users::admin_exists().bind(&transaction).one().await? {
                return Ok(None);
            }
            let creation = insert(&transaction, new, &self.addresses).await?;
            if creation == Creation::Created {
                journal::write(&transaction, journal).await?;
                transaction.commit().await?;
            }
            Ok(Some(creation))
        })
        .await
    }

    async fn admin_exists(&self) -> Result<bool, StoreError> {
        self.run("select", "user", async {
            let client = self.client().await?;
            Ok(users::admin_exists().bind(&client).one().await?)
        })
        .await
    }

    async fn upgrade_hash(
        &self,
        id: UserId,
        verified: &StoredPassword,
        better: &StoredPassword,
        journal: &Journal,
    ) -> Result<(), StoreError> {
        self.run("update", "user", async {
            let mut client = self.client().await?;
            let transaction = client.transaction().await?;
            let parameters = UpgradePasswordHashParams {
                password_hash: better.hash.as_str(),
                pepper_version: i32::from(better.pepper_version),
                id: id.uuid(),
                verified_hash: verified.hash.as_str(),
            };
            let upgraded = users::upgrade_password_hash().params(&transaction, &parameters).await?;
            if upgraded > 0 {
                journal::write(&transaction, journal).await?;
                transaction.commit().await?;
            }
            Ok(())
        })
        .await
    }

    async fn change_password(
        &self,
        change: &PasswordChange,
        journal: &Journal,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        let revoked = self
            .run("update", "user", async {
                let mut client = self.client().await?;
                let transaction = client.transaction().await?;
                let parameters = ChangePasswordParams {
                    password_hash: change.replacement.hash.as_str(),
                    pepper_version: i32::from(change.replacement.pepper_version),
                    now: change.now,
                    password_change_required: change.change_required,
                    id: change.user_id.uuid(),
                    verified_hash: change.verified.hash.as_str(),
                };
                if users::change_password().params(&transaction, &parameters).await? == 0 {
                    return Ok(None);
                }
                let revoked = sessions::revoke_of_user(
                    &transaction,
                    change.user_id,
                    change.keep,
                    change.because,
                    change.now,
                )
                .await?;
                let forgotten = change.forget_attempts.as_slice();
                attempts::clear_attempts().bind(&transaction, &forgotten).await?;
                journal::write(&transaction, journal).await?;
                transaction.commit().await?;
                Ok(Some(revoked))
            })
            .await?;
        self.users.forget(change.user_id);
        Ok(revoked)
    }

    async fn set_roles(
        &self,
        id: UserId,
        wanted: &[Role],
        revoke: bool,
        now: OffsetDateTime,
        journal: &Journal,
    ) -> Result<Option<Vec<SessionId>>, StoreError> {
        let revoked = self
            .run("update", "user", async {
                let mut client = self.client().await?;
                let transaction = client.transaction().await?;
                let parameters = SetRolesParams { roles: role_names(wanted), now, id: id.uuid() };
                if users::set_roles().params(&transaction, &parameters).await? == 0 {
                    return Ok(None);
                }
                let mut revoked = Vec::new();
                if revoke {
                    revoked =
                        sessions::revoke_of_user(&transaction, id, None, "roles_changed", now)
                            .await?;
                }
                journal::write(&transaction, journal).await?;
                transaction.commit().await?;
                Ok(Some(revoked))
            })
            .await?;
        self.users.forget(id);
        Ok(revoked)
    }

    async fn identities(&self, ids: &[UserId]) -> Result<Vec<Identity>, StoreError> {
        self.run("select", "user", async {
            let client = self.client().await?;
            let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
            let rows = people::identities().bind(&client, &ids).all().await?;
            let identity = |row: people::Identities| Identity {
                user_id: UserId::from_uuid(row.id),
                username: row.username,
            };
            Ok(rows.into_iter().map(identity).collect())
        })
        .await
    }

    async fn by_username(&self, username: &Username) -> Result<Option<Identity>, StoreError> {
        self.run("select", "user", async {
            let client = self.client().await?;
            let row = people::identity_by_username().bind(&client, &username.key()).opt().await?;
            Ok(row
                .map(|row| Identity { user_id: UserId::from_uuid(row.id), username: row.username }))
        })
        .await
    }

    async fn rename(
        &self,
        id: UserId,
        username: &Username,
        now: OffsetDateTime,
        journal: &Journal,
    ) -> Result<Renaming, StoreError> {
        let renaming = self
            .run("update", "user", async {
                let mut client = self.client().await?;
                let transaction = client.transaction().await?;
                let parameters = RenameUserParams {
                    username: username.as_str(),
                    username_key: username.key(),
                    now,
                    id: id.uuid(),
                };
                let renamed = people::rename_user().params(&transaction, &parameters).opt().await;
                match renamed.map_err(DatabaseError::from) {
                    Ok(Some(_)) => {
                        journal::write(&transaction, journal).await?;
                        transaction.commit().await?;
                        Ok(Renaming::Renamed)
                    }
                    Ok(None) => {
                        let known =
                            users::account_by_id().bind(&transaction, &id.uuid()).opt().await?;
                        Ok(match known {
                            Some(_) => Renaming::Unchanged,
                            None => Renaming::UnknownAccount,
                        })
                    }
                    Err(error) if error.is_unique_violation("users_username_key") => {
                        Ok(Renaming::Taken)
                    }
                    Err(error) => Err(error.into()),
                }
            })
            .await?;
        self.users.forget(id);
        Ok(renaming)
    }
}

/// Inserts a user; a name that is taken aborts the transaction, which is then dropped.
async fn insert(
    transaction: &Transaction<'_>,
    new: &NewAccount,
    addresses: &Addresses,
) -> Result<Creation, DatabaseError> {
    let account = &new.account;
    let sealed = addresses.seal(account.id, &account.email);
    let indexes = addresses.indexes(&account.email);
    let parameters = InsertUserParams {
        id: account.id.uuid(),
        data_key: sealed.data_key,
        key_version: sealed.version,
        sealed_email: sealed.email,
        email_index: sealed.index.as_slice(),
        username: account.username.as_str(),
        username_key: new.username_key.as_str(),
        password_hash: new.password.hash.as_str(),
        pepper_version: i32::from(new.password.pepper_version),
        now: account.created_at,
        password_change_required: account.password_change_required,
        roles: role_names(&account.roles),
        email_indexes: indexes.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>(),
    };
    match users::insert_user().params(transaction, &parameters).await.map_err(DatabaseError::from) {
        Ok(0) => Ok(Creation::EmailTaken),
        Ok(_) => Ok(Creation::Created),
        Err(error) if error.is_unique_violation("users_email_index") => Ok(Creation::EmailTaken),
        Err(error) if error.is_unique_violation("users_username_key") => {
            Ok(Creation::UsernameTaken)
        }
        Err(error) => Err(error),
    }
}

/// A user of the sessions port.
pub(super) async fn of_session(
    transaction: &Transaction<'_>,
    id: Uuid,
    addresses: &Addresses,
) -> Result<Account, Failure> {
    account(users::account_by_id().bind(transaction, &id).one().await?, addresses)
}

fn credentials(row: users::Credentials, addresses: &Addresses) -> Result<Credentials, Failure> {
    let password = StoredPassword {
        hash: row.password_hash,
        pepper_version: u16::try_from(row.pepper_version).unwrap_or(u16::MAX),
    };
    let account = AccountById {
        id: row.id,
        email: row.email,
        data_key: row.data_key,
        sealed_email: row.sealed_email,
        username: row.username,
        roles: row.roles,
        password_change_required: row.password_change_required,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(Credentials { account: self::account(account, addresses)?, password })
}

pub(super) fn account(row: AccountById, addresses: &Addresses) -> Result<Account, Failure> {
    let id = UserId::from_uuid(row.id);
    let (data_key, sealed) = (row.data_key.as_deref(), row.sealed_email.as_deref());
    Ok(Account {
        id,
        email: addresses.of_row(id, row.email, data_key, sealed)?,
        username: row.username,
        roles: roles(&row.roles),
        password_change_required: row.password_change_required,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
