//! The rules of identity: what an e-mail, a username and a password must be, when an
//! account locks, when a refresh token is honoured, which key signs. Pure functions and
//! values: no I/O, and the time is always an argument.

pub mod device;
pub mod email;
pub mod lockout;
pub mod password;
pub mod refresh;
pub mod signing;
pub mod username;

pub use email::Email;
pub use password::NewPassword;
pub use username::Username;
