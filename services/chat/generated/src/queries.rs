// This file was generated with `clorinde`. Do not modify.

pub mod messages;
pub mod outbox;
pub mod people;
pub mod presence;
