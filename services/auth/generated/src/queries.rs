// This file was generated with `clorinde`. Do not modify.

pub mod attempts;
pub mod audit;
pub mod keys;
pub mod people;
pub mod sealing;
pub mod sessions;
pub mod users;
