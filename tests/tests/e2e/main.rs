//! What the platform must show, driven from outside: the real binary, real PostgreSQL and
//! Redis, TLS.
//!
//! Most tests share one installation of each shape, as users do; those that kill, stop or
//! exhaust something have one of their own.

mod crash;
mod firewall;
mod firewall_commands;
mod identity;
mod input;
mod lifecycle;
mod limits;
mod operator;
mod outage;
mod payments;
mod people;
mod realtime;
mod realtime_history;
mod realtime_outage;
mod realtime_protocol;
mod realtime_refusals;
mod refresh;
mod shared;
mod smuggling;
mod split;
mod tokens;
mod webhooks;
