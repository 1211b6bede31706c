//! Section `[auth]`: tokens, sessions, signing keys, passwords and the limits on guessing
//! them. Its manual is `defaults/auth.toml`.

use std::collections::BTreeMap;

use marquis_kernel::Secret;
use serde::{Deserialize, Serialize};

use crate::Span;
use crate::problem::{Finding, Problems};

/// Settings of `[auth]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// `iss` of every token: the public address of the gateway.
    pub issuer: String,
    /// `aud` of every token.
    pub audience: String,
    /// How the other services check tokens.
    pub validation: TokenValidation,
    /// Where other processes reach the auth service; tried in turn.
    pub urls: Vec<String>,
    /// Lifetimes of tokens and sessions.
    pub tokens: AuthTokens,
    /// Rotation of the keys that sign access tokens.
    pub signing_keys: AuthSigningKeys,
    /// How passwords are kept.
    pub passwords: AuthPasswords,
    /// Limits on failed logins.
    pub lockout: AuthLockout,
    /// The memory of accounts that answers `/auth/me`.
    pub user_cache: AuthUserCache,
}

/// How services other than auth check access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenValidation {
    /// By signature, against the published keys, and by the list of revoked sessions.
    Local,
    /// By asking `POST /auth/me` each time.
    Remote,
}

/// Lifetimes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthTokens {
    /// Of an access token.
    pub access_lifetime: Span,
    /// Of a session, however much it is used.
    pub session_lifetime: Span,
    /// Of a session that is not used.
    pub session_idle: Span,
    /// How long a used refresh token may be presented again by a concurrent request.
    pub refresh_grace: Span,
}

/// Rotation of signing keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSigningKeys {
    /// How long one key signs.
    pub rotation: Span,
    /// How long before its use a key is published.
    pub publish_ahead: Span,
}

/// How passwords are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthPasswords {
    /// bcrypt's cost: 2^cost rounds.
    pub bcrypt_cost: u32,
    /// Key of the HMAC that each password passes before bcrypt. Empty: derived from the
    /// installation's master key.
    pub pepper: Secret,
    /// Number of the pepper.
    pub pepper_version: u16,
    /// Earlier peppers by their numbers, for passwords not used since. Empty: the derived one.
    pub previous_peppers: BTreeMap<String, Secret>,
    /// Hashes computed at once; 0 means one for each processor.
    pub hashing_threads: usize,
    /// Requests that may wait for a hash; more are answered 503.
    pub hashing_queue: usize,
}

/// Limits on failed logins.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthLockout {
    /// Failures a minute that one address may cause on one account.
    pub failures_per_minute: u32,
    /// Consecutive failures that lock an account.
    pub failures: u32,
    /// How long it stays locked.
    pub duration: Span,
}

/// The memory of accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthUserCache {
    /// Accounts kept.
    pub capacity: usize,
    /// How long an account is answered without looking at the database.
    pub ttl: Span,
}

impl Auth {
    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        problems.require(
            self.issuer.starts_with("https://") && !self.issuer.ends_with('/'),
            "auth.issuer",
            "must be an https:// address without a final slash",
            r#"write the public address of the gateway, as in "https://example.com""#,
        );
        problems.require(!self.audience.is_empty(), "auth.audience", "must not be empty", "");
        for (index, url) in self.urls.iter().enumerate() {
            problems.require(
                (url.starts_with("http://") || url.starts_with("https://")) && !url.ends_with('/'),
                &format!("auth.urls[{index}]"),
                "must be an http:// or https:// address without a final slash",
                r#"write it as in "http://auth:3001""#,
            );
        }
        problems.require(
            self.validation == TokenValidation::Local || !self.urls.is_empty(),
            "auth.urls",
            "must name an instance when auth.validation is \"remote\"",
            "",
        );
        self.validate_times(problems);
        self.validate_passwords(problems);
        problems.require(
            self.lockout.failures_per_minute >= 1,
            "auth.lockout.failures_per_minute",
            "must be at least 1",
            "",
        );
        problems.require(
            (1..=1_000).contains(&self.lockout.failures),
            "auth.lockout.failures",
            "must be between 1 and 1000",
            "",
        );
        problems.require(
            !self.lockout.duration.is_zero(),
            "auth.lockout.duration",
            "must not be zero",
            "",
        );
        problems.require(
            self.user_cache.capacity >= 1,
            "auth.user_cache.capacity",
            "must be at least 1",
            "",
        );
    }

    fn validate_times(&self, problems: &mut Problems) {
        let tokens = &self.tokens;
        problems.require(
            (Span::from_secs(10)..=Span::from_secs(3_600)).contains(&tokens.access_lifetime),
            "auth.tokens.access_lifetime",
            "must be between 10s and 1h",
            "a token cannot be taken back on a node that is cut off, so it has to be short",
        );
        problems.require(
            tokens.session_lifetime >= tokens.session_idle,
            "auth.tokens.session_lifetime",
            "must not be shorter than auth.tokens.session_idle",
            "",
        );
        problems.require(
            tokens.session_idle > tokens.access_lifetime,
            "auth.tokens.session_idle",
            "must be longer than auth.tokens.access_lifetime",
            "otherwise nobody can refresh in time",
        );
        problems.require(
            tokens.refresh_grace <= Span::from_secs(60),
            "auth.tokens.refresh_grace",
            "must be at most 1m",
            "within it a stolen refresh token works beside the right one",
        );
        let keys = &self.signing_keys;
        problems.require(
            (Span::from_secs(120)..=Span::from_secs(86_400)).contains(&keys.publish_ahead),
            "auth.signing_keys.publish_ahead",
            "must be between 2m and 1d",
            "verifiers have to read it before the key is used, also after a short absence",
        );
        problems.require(
            keys.rotation > keys.publish_ahead,
            "auth.signing_keys.rotation",
            "must be longer than auth.signing_keys.publish_ahead",
            "",
        );
    }

    fn validate_passwords(&self, problems: &mut Problems) {
        let passwords = &self.passwords;
        problems.require(
            (10..=16).contains(&passwords.bcrypt_cost),
            "auth.passwords.bcrypt_cost",
            "must be between 10 and 16",
            "each step doubles the time of a login",
        );
        problems.require(
            passwords.pepper.is_empty() || passwords.pepper.expose().len() >= 16,
            "auth.passwords.pepper",
            "must have at least 16 characters",
            "make one with `openssl rand -base64 32`",
        );
        for version in passwords.previous_peppers.keys() {
            let key = format!("auth.passwords.previous_peppers.{version}");
            problems.require(
                version.parse::<u16>().is_ok_and(|number| number != passwords.pepper_version),
                &key,
                "must be named by its number, which is not the current one",
                "",
            );
        }
        problems.require(
            (1..=10_000).contains(&passwords.hashing_queue),
            "auth.passwords.hashing_queue",
            "must be between 1 and 10000",
            "",
        );
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, findings: &mut Vec<Finding>) {
        if self.issuer.contains("//localhost") || self.issuer.contains("//127.0.0.1") {
            findings.push(Finding::new(
                "auth.issuer",
                "tokens name this machine only, so two installations accept each other's name",
                "write the public address of the gateway",
            ));
        }
        if self.lockout.failures > 100 {
            findings.push(Finding::new(
                "auth.lockout.failures",
                "an account survives more than 100 guesses in a row",
                "set it to 10",
            ));
        }
    }
}
