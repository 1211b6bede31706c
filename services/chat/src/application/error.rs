//! Why something was not done.

use std::time::Duration;

use super::ports::StoreError;

/// Why something was not done. The texts may be shown to whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// Nobody has this id, or not any more.
    #[error("there is no such person")]
    NoSuchPerson,
    /// One of the two blocks the other; which one is not said.
    #[error("messages between these two people are blocked")]
    Blocked,
    /// Conversations have two people.
    #[error("nobody writes to themselves")]
    Oneself,
    /// The client id stands for another message of the sender.
    #[error("this clientId was used for another message")]
    NameTaken,
    /// No such message, or somebody else's.
    #[error("there is no such message of yours")]
    NoSuchMessage,
    /// More than the person may do for now.
    #[error("too much at once")]
    TooMuch {
        /// When it is allowed again.
        retry_after: Duration,
    },
    /// Another service cannot be asked for names.
    #[error("try again in a moment")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store could not do it.
    #[error("try again in a moment")]
    Store(#[source] StoreError),
}

impl From<StoreError> for ChatError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Erased => Self::NoSuchPerson,
            error => Self::Store(error),
        }
    }
}

impl ChatError {
    /// When asking again makes sense, if ever.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMuch { retry_after } => Some(*retry_after),
            Self::Unavailable(_) | Self::Store(StoreError::Unavailable(_)) => {
                Some(Duration::from_secs(1))
            }
            _ => None,
        }
    }
}
