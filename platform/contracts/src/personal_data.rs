//! What a service holds about one person, for the person's own copy (GDPR articles 15 and 20).

use std::fmt;

use async_trait::async_trait;

use crate::identity::UserId;

/// The service could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("personal data cannot be collected now")]
pub struct PersonalDataUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Implemented by each service that holds personal data. Asked synchronously, because
/// personal data should not lie in logs of events.
#[async_trait]
pub trait PersonalData: fmt::Debug + Send + Sync + 'static {
    /// Everything held about the person, one JSON object whose keys name what its values
    /// are; an empty object when there is nothing.
    async fn export(&self, user: UserId) -> Result<serde_json::Value, PersonalDataUnavailable>;
}
