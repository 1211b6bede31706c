//! The users service on a real database, called through its router with signed tokens.

mod avatars;
mod coverage;
mod directory;
mod harness;
mod keys;
mod outages;
mod personal_data;
mod plans;
mod profiles;
mod projection;
