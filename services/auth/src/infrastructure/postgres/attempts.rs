//! Failed logins per account, existing or not.

use async_trait::async_trait;
use marquis_auth_queries::client::Params as _;
use marquis_auth_queries::queries::attempts::{self, BeginAttemptParams, WithdrawAttemptParams};
use time::OffsetDateTime;

use super::PostgresStore;
use crate::application::ports::{LoginAttempts, StoreError};
use crate::domain::lockout::CountedAttempt;

#[async_trait]
impl LoginAttempts for PostgresStore {
    async fn begin(
        &self,
        account: [u8; 32],
        allowed: u32,
        lock_until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<CountedAttempt, StoreError> {
        self.run("upsert", "login_attempt", async {
            let client = self.client().await?;
            let allowed = i32::try_from(allowed).unwrap_or(i32::MAX);
            let parameters =
                BeginAttemptParams { account: account.as_slice(), now, allowed, lock_until };
            let counted = attempts::begin_attempt().params(&client, &parameters).one().await?;
            Ok(CountedAttempt {
                failures: u32::try_from(counted.failures).unwrap_or(u32::MAX),
                locked_until: counted.locked_until,
            })
        })
        .await
    }

    async fn withdraw(&self, account: [u8; 32], allowed: u32) -> Result<(), StoreError> {
        self.run("update", "login_attempt", async {
            let client = self.client().await?;
            let allowed = i32::try_from(allowed).unwrap_or(i32::MAX);
            let parameters = WithdrawAttemptParams { allowed, account: account.as_slice() };
            attempts::withdraw_attempt().params(&client, &parameters).await?;
            Ok(())
        })
        .await
    }
}
