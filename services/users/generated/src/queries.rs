// This file was generated with `clorinde`. Do not modify.

pub mod avatars;
pub mod directory;
pub mod keys;
pub mod people;
pub mod presence;
