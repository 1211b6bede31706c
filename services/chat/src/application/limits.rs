//! What one person may do in a minute, counted over all nodes.

use std::sync::Arc;
use std::time::Duration;

use marquis_cluster::{Quota, RateLimiter};

use super::ChatError;
use crate::domain::PersonId;

const MINUTE: Duration = Duration::from_secs(60);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Messages sent.
    Messages,
    /// Everything else that is asked for.
    Actions,
    /// Connections made.
    Connections,
}

/// Limits of one person.
#[derive(Debug)]
pub struct Limits {
    limiter: Arc<dyn RateLimiter>,
    messages: Quota,
    actions: Quota,
    connections: Quota,
}

impl Limits {
    /// Limits, each as a number in a minute and a burst.
    #[must_use]
    pub fn new(
        limiter: Arc<dyn RateLimiter>,
        messages: (u32, u32),
        actions: (u32, u32),
        connections: (u32, u32),
    ) -> Self {
        let quota = |(limit, burst)| Quota::new(limit, MINUTE).with_burst(burst);
        Self {
            limiter,
            messages: quota(messages),
            actions: quota(actions),
            connections: quota(connections),
        }
    }

    /// Takes one.
    ///
    /// # Errors
    ///
    /// [`ChatError::TooMuch`] when there is none left.
    pub async fn take(&self, person: PersonId, what: Counted) -> Result<(), ChatError> {
        let (name, quota) = match what {
            Counted::Messages => ("messages", &self.messages),
            Counted::Actions => ("actions", &self.actions),
            Counted::Connections => ("connections", &self.connections),
        };
        let key = format!("chat:{name}:{person}");
        let verdict = match self.limiter.check_now(&key, quota) {
            Some(verdict) => verdict,
            None => match self.limiter.check(&key, quota).await {
                Ok(verdict) => verdict,
                Err(error) => return Err(ChatError::Unavailable(Box::new(error))),
            },
        };
        if verdict.allowed {
            return Ok(());
        }
        Err(ChatError::TooMuch { retry_after: verdict.retry_after })
    }
}
