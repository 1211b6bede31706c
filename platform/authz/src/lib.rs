//! Who may do what: access tokens, the verifiers of each deployment shape, permissions as
//! types in handlers' signatures, and the calls between the platform's own processes.
//!
//! What always holds: there is one signature algorithm (Ed25519); a token is refused unless
//! everything about it is as the platform issues it; a handler that takes [`Allowed`] or
//! [`Caller`] cannot run without a verified caller.

pub mod coverage;
mod extract;
pub mod internal;
pub mod jws;
mod local;
mod remote;
mod revocation;
mod rules;
#[cfg(test)]
mod testing;
mod token_cache;

pub use extract::{Allowed, Authenticator, Caller, MaybeCaller, Permission, bearer_token, layer};
pub use local::LocalVerifier;
pub use remote::{RemoteIssuer, RemoteVerifier};
pub use rules::{MAX_LIFETIME, TokenRules};
