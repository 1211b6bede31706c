//! Refunds: a captured payment's money going back, wholly or in parts.

use marquis_kernel::Money;
use time::OffsetDateTime;

use super::{Amount, Description, PaymentReference, PaymentStatus, RefundReference};

/// Money that was returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its public name.
    pub reference: RefundReference,
    /// The payment that it returns.
    pub payment: PaymentReference,
    /// How much.
    pub amount: Amount,
    /// Why.
    pub reason: Option<Description>,
    /// The provider's own id, when the provider began it. At most one refund has it.
    pub provider_id: Option<String>,
    /// When.
    pub created_at: OffsetDateTime,
}

/// Why a payment cannot be refunded so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    /// Nothing was captured.
    #[error("A payment that is {0} cannot be refunded")]
    NotCaptured(PaymentStatus),
    /// Everything has gone back already.
    #[error("The payment is refunded in full")]
    NothingLeft,
    /// More than is left.
    #[error("The refund of {requested} exceeds the {available} that can still be refunded")]
    ExceedsCaptured {
        /// What was asked for.
        requested: Money,
        /// What is left.
        available: Money,
    },
    /// Zero or negative.
    #[error("A refund must be of a positive amount")]
    NotPositive,
}
