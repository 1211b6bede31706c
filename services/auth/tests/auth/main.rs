//! The identity service through its router, on real databases.

mod addresses;
mod admin;
mod app;
mod audit;
mod keys;
mod login;
mod me;
mod outage;
mod password;
mod people;
mod refresh;
mod register;
mod sessions;
mod shared;
mod surface;
