//! The chat service on a real database, over real connections, with clients written here
//! from the two protocol documents. Stock clients speak to it in the end-to-end tests.

mod client;
mod delivery;
mod engine;
mod erasure;
mod erasure_races;
mod harness;
mod history;
mod messages;
mod presence;
mod refusals;
mod rest;
