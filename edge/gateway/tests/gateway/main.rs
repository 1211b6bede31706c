//! The gateway from outside: real sockets, real TLS, real upstream servers.

mod balancing;
mod check;
mod drain;
mod filters;
mod firewall;
mod hygiene;
mod limits;
mod proxying;
mod reload;
mod routing;
mod socketio;
mod support;
mod tls;
mod websocket;
