//! Renewing what was made with old versions of the keyring, a batch to a transaction.
//! Stopping in between loses nothing, and doing it again does what is left.

use futures_util::future::try_join_all;
use marquis_users_queries::client::Params as _;
use marquis_users_queries::queries::keys::{
    OutdatedIndexesParams, OutdatedKeysParams, ReplaceIndexParams, ReplaceKeyParams,
    outdated_indexes, outdated_keys, replace_index, replace_key,
};

use super::{EMAIL, Failure, PostgresPeople, column, rows};
use crate::application::ports::StoreError;

/// Rows in one transaction.
const BATCH: i64 = 500;

impl PostgresPeople {
    /// Wraps data keys anew that are wrapped with an old version; how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; those of finished batches stay renewed.
    pub async fn renew_keys(&self) -> Result<u64, StoreError> {
        let mut renewed = 0;
        loop {
            match self.renew_some_keys().await? {
                0 => return Ok(renewed),
                some => renewed += some,
            }
        }
    }

    /// Makes blind indexes anew that were made with an old version; how many. Afterwards
    /// nothing needs the old versions, once the data keys are renewed as well.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; those of finished batches stay renewed.
    pub async fn renew_indexes(&self) -> Result<u64, StoreError> {
        let mut renewed = 0;
        loop {
            match self.renew_some_indexes().await? {
                0 => return Ok(renewed),
                some => renewed += some,
            }
        }
    }

    async fn renew_some_keys(&self) -> Result<u64, Failure> {
        let version = column(self.keyring.current_version());
        let mut client = self.database.client().await?;
        let tx = client.transaction().await?;
        let wanted = OutdatedKeysParams { version, limit: BATCH };
        let outdated = outdated_keys().params(&tx, &wanted).all().await?;
        let replacements = outdated
            .iter()
            .map(|row| {
                let key = rows::unwrap(&self.keyring, &row.data_key, row.id)?;
                Ok((row.id, self.keyring.wrap(&key, row.id)))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        try_join_all(replacements.iter().map(async |(id, data_key)| {
            let row = ReplaceKeyParams { data_key: &data_key[..], version, id: *id };
            replace_key().params(&tx, &row).await
        }))
        .await?;
        tx.commit().await?;
        Ok(outdated.len() as u64)
    }

    async fn renew_some_indexes(&self) -> Result<u64, Failure> {
        let version = column(self.keyring.current_version());
        let mut client = self.database.client().await?;
        let tx = client.transaction().await?;
        let wanted = OutdatedIndexesParams { version, limit: BATCH };
        let outdated = outdated_indexes().params(&tx, &wanted).all().await?;
        let replacements = outdated
            .iter()
            .map(|row| {
                let key = rows::unwrap(&self.keyring, &row.data_key, row.id)?;
                let email = rows::open(&key, "email", row.id, &row.email)?;
                Ok((row.id, self.keyring.blind_index(EMAIL, &email)))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        try_join_all(replacements.iter().map(async |(id, index)| {
            let row = ReplaceIndexParams { email_index: &index.digest[..], version, id: *id };
            replace_index().params(&tx, &row).await
        }))
        .await?;
        tx.commit().await?;
        Ok(outdated.len() as u64)
    }
}
