//! A person's own copy of everything that is held about them (GDPR, articles 15 and 20).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::try_join_all;
use marquis_cluster::{Quota, RateLimiter};
use marquis_contracts::identity::UserId;
use marquis_contracts::personal_data::PersonalData;
use marquis_kernel::SharedClock;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::UsersError;
use super::find_people::FindPeople;
use super::ports::{Pictures, StoreError};
use crate::domain::{DisplayName, EmailAddress, PersonId, Picture};

/// Collects personal data from this service and all others.
#[derive(Debug)]
pub struct Export {
    /// Looks at people.
    pub find: Arc<FindPeople>,
    /// Their pictures.
    pub pictures: Arc<dyn Pictures>,
    /// The other services that hold personal data, by name.
    pub holders: Vec<(&'static str, Arc<dyn PersonalData>)>,
    /// Counts copies.
    pub limiter: Arc<dyn RateLimiter>,
    /// How many copies a person may have made.
    pub quota: Quota,
    /// The time.
    pub clock: SharedClock,
}

impl Export {
    /// The copy: who, when, and for each service what it holds. All services are asked at
    /// once; when one cannot be asked there is no copy, because nobody can tell an
    /// incomplete one from a complete one.
    ///
    /// # Errors
    ///
    /// [`UsersError`].
    pub async fn run(&self, id: PersonId) -> Result<Value, UsersError> {
        // Counting is a courtesy to the other services; without it copies are still made.
        if let Ok(verdict) = self.limiter.check(&format!("users.export.{id}"), &self.quota).await
            && !verdict.allowed
        {
            return Err(UsersError::TooManyExports { retry_after: verdict.retry_after });
        }
        let own = self.own(id).await?;
        let user = UserId::from_uuid(id.uuid());
        let asked = self.holders.iter().map(|(service, holder)| async move {
            match holder.export(user).await {
                Ok(held) => Ok(((*service).to_owned(), held)),
                Err(source) => Err(UsersError::ExportIncomplete { service, source }),
            }
        });
        let mut services: Map<String, Value> = try_join_all(asked).await?.into_iter().collect();
        services.insert("users".to_owned(), own);
        Ok(json!({
            "userId": id.to_string(),
            "generatedAt": text(self.clock.now()),
            "services": services,
        }))
    }

    async fn own(&self, id: PersonId) -> Result<Value, UsersError> {
        let found = self.find.oneself(id).await?;
        let person = &found.person;
        let picture = match &person.picture {
            None => Value::Null,
            Some(Picture::Elsewhere(url)) => json!({ "url": url.as_str() }),
            Some(Picture::Kept(name)) => {
                let content = self.pictures.read(*name).await?.ok_or_else(|| {
                    UsersError::Store(StoreError::Failed("a kept picture is missing".into()))
                })?;
                json!({
                    "name": name.to_string(),
                    "mediaType": name.media_type.as_str(),
                    "contentBase64": STANDARD.encode(&content),
                })
            }
        };
        Ok(json!({
            "id": id.to_string(),
            "username": person.username,
            "email": found.email.as_ref().map(EmailAddress::as_str),
            "displayName": person.display_name.as_ref().map(DisplayName::as_str),
            "picture": picture,
            "isOnline": person.is_online,
            "lastSeenAt": person.last_seen_at.and_then(text),
            "createdAt": text(person.created_at),
            "updatedAt": text(person.updated_at),
        }))
    }
}

fn text(at: OffsetDateTime) -> Option<String> {
    at.format(&Rfc3339).ok()
}
