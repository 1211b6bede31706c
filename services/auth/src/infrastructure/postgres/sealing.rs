//! Sealing the addresses of accounts that are older than their sealing, and renewing what
//! addresses are sealed with. A batch at a time, so that it may be interrupted anywhere.

use marquis_auth_queries::client::Params as _;
use marquis_auth_queries::queries::sealing::{
    self, OutdatedIndexesParams, OutdatedKeysParams, RenewIndexesParams, RenewKeysParams,
    SealParams,
};
use marquis_contracts::identity::UserId;
use uuid::Uuid;

use super::{Failure, PostgresStore};
use crate::application::ports::StoreError;

/// Accounts in one transaction.
const BATCH: i64 = 500;

impl PostgresStore {
    /// Seals addresses that are still plain; how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what was sealed stays so.
    pub async fn seal_addresses(&self) -> Result<u64, StoreError> {
        let mut sealed = 0;
        loop {
            match self.run("update", "user", self.seal_some()).await? {
                0 => return Ok(sealed),
                some => sealed += some,
            }
        }
    }

    /// Wraps data keys with the keyring's current version; how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what was renewed stays so.
    pub async fn renew_keys(&self) -> Result<u64, StoreError> {
        let mut renewed = 0;
        loop {
            match self.run("update", "user", self.renew_some_keys()).await? {
                0 => return Ok(renewed),
                some => renewed += some,
            }
        }
    }

    /// Makes blind indexes with the keyring's current version; how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; what was renewed stays so.
    pub async fn renew_indexes(&self) -> Result<u64, StoreError> {
        let mut renewed = 0;
        loop {
            match self.run("update", "user", self.renew_some_indexes()).await? {
                0 => return Ok(renewed),
                some => renewed += some,
            }
        }
    }

    async fn seal_some(&self) -> Result<u64, Failure> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let plain = sealing::unsealed().bind(&transaction, &BATCH).all().await?;
        if plain.is_empty() {
            return Ok(0);
        }
        let (mut ids, mut keys) = (Vec::new(), Vec::new());
        let (mut emails, mut indexes) = (Vec::new(), Vec::new());
        for row in plain {
            let sealed = self.addresses.seal(UserId::from_uuid(row.id), &row.email);
            ids.push(row.id);
            keys.push(sealed.data_key);
            emails.push(sealed.email);
            indexes.push(sealed.index.to_vec());
        }
        let parameters = SealParams {
            version: self.addresses.version(),
            ids,
            data_keys: keys,
            sealed_emails: emails,
            email_indexes: indexes,
        };
        let sealed = sealing::seal().params(&transaction, &parameters).await?;
        transaction.commit().await?;
        Ok(sealed)
    }

    async fn renew_some_keys(&self) -> Result<u64, Failure> {
        let version = self.addresses.version();
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let wanted = OutdatedKeysParams { version, limit: BATCH };
        let outdated = sealing::outdated_keys().params(&transaction, &wanted).all().await?;
        let (mut ids, mut data_keys): (Vec<Uuid>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
        for row in outdated {
            let wrapped = self.addresses.rewrap(UserId::from_uuid(row.id), &row.data_key)?;
            ids.push(row.id);
            data_keys.push(wrapped.unwrap_or(row.data_key));
        }
        if ids.is_empty() {
            return Ok(0);
        }
        let parameters = RenewKeysParams { version, ids, data_keys };
        let renewed = sealing::renew_keys().params(&transaction, &parameters).await?;
        transaction.commit().await?;
        Ok(renewed)
    }

    async fn renew_some_indexes(&self) -> Result<u64, Failure> {
        let version = self.addresses.version();
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let wanted = OutdatedIndexesParams { version, limit: BATCH };
        let outdated = sealing::outdated_indexes().params(&transaction, &wanted).all().await?;
        let (mut ids, mut email_indexes): (Vec<Uuid>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
        for row in outdated {
            let id = UserId::from_uuid(row.id);
            let email = self.addresses.open(id, &row.data_key, &row.sealed_email)?;
            ids.push(row.id);
            email_indexes.push(self.addresses.index(&email).to_vec());
        }
        if ids.is_empty() {
            return Ok(0);
        }
        let parameters = RenewIndexesParams { version, ids, email_indexes };
        let renewed = sealing::renew_indexes().params(&transaction, &parameters).await?;
        transaction.commit().await?;
        Ok(renewed)
    }
}
