//! The use cases: what can be done with payments, one file each.
//!
//! They know the domain and the [`ports`] they need, neither HTTP nor SQL.

pub mod change_status;
pub mod create_payment;
pub mod error;
pub mod events;
pub mod idempotency;
pub mod ports;
pub mod read_payments;
pub mod refund_payment;
pub mod submit_payment;
pub mod verify_ledger;
pub mod viewer;
pub mod webhook;

pub use error::PaymentError;
pub use viewer::Viewer;
