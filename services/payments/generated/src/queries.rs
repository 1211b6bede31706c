// This file was generated with `clorinde`. Do not modify.

pub mod events;
pub mod idempotency;
pub mod payments;
pub mod people;
pub mod refunds;
pub mod verification;
