// This file was generated with `clorinde`. Do not modify.

pub mod delivery;
pub mod notifications;
pub mod people;
