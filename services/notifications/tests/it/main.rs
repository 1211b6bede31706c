//! The notifications service on a real database, told of events by logs that live in the
//! tests, with a mail server and a push service of their own.

mod coverage;
mod email;
mod erase;
mod events;
mod harness;
mod inbox;
mod mail_server;
mod mailbox;
mod preferences;
mod push;
mod push_service;
mod quiet;
mod world;
