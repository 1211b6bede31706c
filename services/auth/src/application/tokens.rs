//! Issuing tokens: the opaque refresh token and the signed access token.

use std::time::Duration;

use marquis_contracts::identity::{AccessClaims, Role, SessionId};
use marquis_kernel::{Secret, random};
use ring::digest;
use serde_json::json;

use super::ports::{Account, Journal, NewSession};
use super::{AuthError, Identity, Origin};
use crate::domain::device;

/// What a client receives when it has signed in or refreshed.
#[derive(Debug)]
pub struct TokenPair {
    /// Signed access token.
    pub access: Secret,
    /// Opaque refresh token.
    pub refresh: Secret,
    /// Life of the access token.
    pub expires_in: Duration,
}

/// Somebody who has signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub account: Account,
    /// Their tokens.
    pub tokens: TokenPair,
}

/// A refresh token and the hash under which it is kept.
#[derive(Debug)]
pub(super) struct RefreshToken {
    pub value: Secret,
    pub hash: [u8; 32],
}

impl RefreshToken {
    /// A new one: 256 bits of entropy, so a plain SHA-256 keeps it.
    pub fn new() -> Self {
        let value = random::token();
        let hash = hash(&value);
        Self { value: Secret::new(value), hash }
    }
}

/// The hash under which a refresh token is kept.
pub(super) fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}

impl Identity {
    /// A session to be opened for an account that has proved who it is by `amr`.
    pub(super) fn new_session(
        &self,
        account: &Account,
        amr: &[&str],
        token: &RefreshToken,
        origin: &Origin,
    ) -> NewSession {
        let now = self.clock.now();
        let expires_at = now + self.session_policy.lifetime;
        NewSession {
            id: SessionId::new(&*self.clock),
            user_id: account.id,
            amr: amr.iter().map(|&method| method.to_owned()).collect(),
            restricted: account.password_change_required,
            address: origin.address,
            user_agent: origin.user_agent.clone(),
            device: device::label(origin.user_agent.as_deref()),
            now,
            expires_at,
            idle_expires_at: self.session_policy.idle_end(now, expires_at),
            refresh_hash: token.hash,
        }
    }

    /// Adds the event of a session that is opened.
    pub(super) fn session_started(
        &self,
        journal: Journal,
        session: &NewSession,
        new_device: bool,
        origin: &Origin,
    ) -> Journal {
        let data = json!({
            "userId": session.user_id,
            "sessionId": session.id,
            "device": session.device,
            "newDevice": new_device,
        });
        journal.event(&*self.clock, origin, "session.started", session.id, data)
    }

    /// Signs an access token. A restricted session's carries no roles.
    pub(super) async fn sign_access_token(
        &self,
        account: &Account,
        session: SessionId,
        amr: &[String],
        restricted: bool,
    ) -> Result<Secret, AuthError> {
        let iat = self.clock.unix();
        let life = i64::try_from(self.session_policy.access_lifetime.as_secs()).unwrap_or(900);
        let roles: Vec<Role> = if restricted { Vec::new() } else { account.roles.clone() };
        let claims = AccessClaims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: account.id,
            exp: iat + life,
            iat,
            jti: marquis_kernel::id::new_uuid(&*self.clock),
            sid: session,
            roles,
            amr: amr.to_vec(),
        };
        Ok(self.signer.sign(&claims).await?)
    }
}
