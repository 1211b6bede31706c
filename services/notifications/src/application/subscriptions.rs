//! Browsers that listen.

use std::sync::Arc;

use marquis_kernel::SharedClock;

use super::ports::{StoreError, Stored, Subscription, Subscriptions};
use crate::domain::{PersonId, PushEndpoint, SubscriptionId, address};

/// Keeping a person's subscriptions.
#[derive(Debug)]
pub struct KeepSubscriptions {
    /// Where they are kept.
    pub subscriptions: Arc<dyn Subscriptions>,
    /// Our public key, as browsers want it: an uncompressed point in unpadded URL-safe
    /// base64. `None` when push messages are off.
    pub public_key: Option<String>,
    /// Most of one person.
    pub most: u32,
    /// Whether push services may be anywhere.
    pub anywhere: bool,
    /// The time.
    pub clock: SharedClock,
}

/// What a browser gives out (Push API, `PushSubscription`).
#[derive(Debug)]
pub struct NewSubscription {
    /// Where its push service takes messages.
    pub endpoint: PushEndpoint,
    /// `keys.p256dh`.
    pub public_key: [u8; 65],
    /// `keys.auth`.
    pub auth: [u8; 16],
}

/// Why a browser is not written to.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// Push messages are switched off.
    #[error("push messages are switched off here")]
    Off,
    /// Its push service is not on the public internet.
    #[error("does not name a push service on the public internet")]
    NotPublic,
    /// The person was erased meanwhile.
    #[error("the person is gone")]
    Erased,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KeepSubscriptions {
    /// Stores a subscription, or renews the one with the same endpoint. Names are looked up,
    /// and looked at, each time a message is sent; addresses are refused here already.
    ///
    /// # Errors
    ///
    /// [`SubscribeError`].
    pub async fn add(
        &self,
        person: PersonId,
        new: NewSubscription,
    ) -> Result<Stored, SubscribeError> {
        if self.public_key.is_none() {
            return Err(SubscribeError::Off);
        }
        let endpoint = &new.endpoint;
        let private = endpoint.address().is_some_and(|address| !address::is_public(address))
            || endpoint.host() == "localhost"
            || endpoint.host().ends_with(".localhost");
        if !self.anywhere && (private || !endpoint.has_usual_port()) {
            return Err(SubscribeError::NotPublic);
        }
        let subscription = Subscription {
            id: SubscriptionId::new(&*self.clock),
            person,
            endpoint: new.endpoint,
            public_key: new.public_key,
            auth: new.auth,
            created_at: self.clock.now(),
        };
        let stored = self.subscriptions.put(&subscription, self.most).await?;
        stored.ok_or(SubscribeError::Erased)
    }

    /// A person's subscriptions, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn of(&self, person: PersonId) -> Result<Vec<Subscription>, StoreError> {
        self.subscriptions.of(person).await
    }

    /// Removes one; `false` when the person has no such.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn remove(&self, person: PersonId, id: SubscriptionId) -> Result<bool, StoreError> {
        self.subscriptions.remove(person, id).await
    }
}
