//! What a payment is: its states, its refunds and the ledger behind them.
//!
//! Pure: no I/O, no async, no knowledge of storage or transport. Every operation takes a
//! payment as it was read and returns a [`Change`] that describes everything to be
//! written, so the rules hold whichever way a request came in.

pub mod amount;
pub mod change;
pub mod ledger;
pub mod payment;
pub mod reconciliation;
pub mod reference;
pub mod refund;
pub mod status;
pub mod text;

pub use amount::Amount;
pub use change::{Change, Step};
pub use ledger::{Account, Entry, JournalTransaction, Posting};
pub use payment::{IllegalTransition, Payment, Report, Settlement};
pub use reference::{PaymentReference, RefundReference};
pub use refund::{Refund, RefundError};
pub use status::PaymentStatus;
pub use text::{Description, Metadata};

marquis_kernel::typed_id!(
    /// Who made a payment: the user's id, opaque here.
    OwnerId
);

#[cfg(test)]
mod properties;
