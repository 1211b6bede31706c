//! The payments service on a real database, called through its router with signed tokens.

mod coverage;
mod create;
mod harness;
mod idempotency;
mod ledger;
mod outages;
mod outbox;
mod people;
mod reading;
mod refunds;
mod sandbox;
mod transitions;
mod webhooks;
