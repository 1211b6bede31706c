//! Correcting who is shown as connected. Events say who comes and goes; should one be lost
//! with the database it was in, nobody stays online for ever.

use std::collections::HashSet;
use std::sync::Arc;

use marquis_contracts::identity::UserId;
use marquis_contracts::presence::Presence;
use uuid::Uuid;

use super::ports::{ShownPresence, StoreError};
use crate::domain::PersonId;

/// Most people in one question.
const BATCH: u32 = 500;

/// Compares those shown as connected with those who are.
#[derive(Debug)]
pub struct CheckPresence {
    /// Who is shown.
    pub shown: Arc<dyn ShownPresence>,
    /// Who is connected.
    pub presence: Arc<dyn Presence>,
}

impl CheckPresence {
    /// Corrects everybody; how many were wrong. What is heard of somebody meanwhile wins.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also when presence cannot be asked for.
    pub async fn run(&self) -> Result<u64, StoreError> {
        let mut corrected = 0;
        let mut after = PersonId::from_uuid(Uuid::nil());
        loop {
            let shown = self.shown.online_after(after, BATCH).await?;
            let Some((last, _)) = shown.last() else { return Ok(corrected) };
            after = *last;
            let asked: Vec<UserId> =
                shown.iter().map(|(id, _)| UserId::from_uuid(id.uuid())).collect();
            let online = self.presence.online(&asked).await;
            let online: HashSet<UserId> = online
                .map_err(|error| StoreError::Unavailable(error.into()))?
                .into_iter()
                .collect();
            for (id, heard_at) in shown {
                if !online.contains(&UserId::from_uuid(id.uuid()))
                    && self.shown.correct_to_offline(id, heard_at).await?
                {
                    corrected += 1;
                }
            }
        }
    }
}
