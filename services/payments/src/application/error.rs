//! Why a use case did not do what it was asked.

use crate::application::ports::StoreError;
use crate::domain::{IllegalTransition, RefundError};

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// There is none, or none that the caller may know of.
    #[error("there is no such payment")]
    NotFound,
    /// The owner may only cancel.
    #[error("the caller may not do this with the payment")]
    Forbidden,
    /// The state machine has no such transition.
    #[error(transparent)]
    IllegalTransition(#[from] IllegalTransition),
    /// Not as much can be refunded.
    #[error(transparent)]
    Refund(#[from] RefundError),
    /// The idempotency key was used with other parameters.
    #[error("the idempotency key was used with other parameters")]
    KeyReused,
    /// The first request with the idempotency key is still being worked on.
    #[error("a request with the idempotency key is still being worked on")]
    KeyInUse,
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
