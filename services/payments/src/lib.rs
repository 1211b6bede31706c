//! Payments.

pub mod domain;
