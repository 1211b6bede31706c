//! The cluster as its users see it, in memory and on Redis.

mod contract;
mod model;
mod outage;
mod support;
mod tls;
