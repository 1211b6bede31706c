//! The services of this process, built from a node and their databases.

use std::sync::Arc;

use marquis_auth::{Auth, AuthParts};
use marquis_authz::{LocalVerifier, RemoteIssuer, RemoteVerifier, TokenRules};
use marquis_config::generated;
use marquis_config::sections::auth::TokenValidation;
use marquis_contracts::identity::TokenVerifier;
use marquis_database::Database;
use marquis_envelope::Keyring;
use marquis_http::client::{ClientLimits, HttpClient};
use marquis_kernel::Secret;
use marquis_payments::{Payments, PaymentsParts};

use crate::exit::{Code, Context as _, Failure};
use crate::node::Node;

/// How far the clocks of two nodes may differ.
const LEEWAY: std::time::Duration = std::time::Duration::from_secs(5);
/// File name of the generated master key under `<data_dir>/secrets`.
const MASTER_KEY: &str = "master-key";

/// The identity service with the given master key.
pub fn auth(node: &Node, database: Database, master_key: Secret) -> Result<Auth, Failure> {
    Auth::new(AuthParts {
        settings: node.config.auth.clone(),
        master_key,
        keyring: keyring(node)?,
        database,
        cluster: node.cluster.clone(),
        metrics: Arc::clone(&node.metrics),
        clock: Arc::clone(&node.clock),
        environment: node.config.environment,
        limits: node.service_limits(),
        shutdown: node.stop.clone(),
    })
    .or_fail(Code::Config, "the auth service cannot be set up")
}

/// The payments service.
pub fn payments(
    node: &Node,
    database: Database,
    verifier: Arc<dyn TokenVerifier>,
) -> Result<Payments, Failure> {
    Payments::new(PaymentsParts {
        settings: node.config.payments.clone(),
        database,
        cluster: node.cluster.clone(),
        verifier,
        metrics: Arc::clone(&node.metrics),
        clock: Arc::clone(&node.clock),
        limits: node.service_limits(),
        draining: node.stop.clone(),
    })
    .or_fail(Code::Config, "the payments service cannot be set up")
}

/// The keys of personal data: those of the data directory, or where the installation's
/// nodes are given their keys, those that they are given.
pub fn keyring(node: &Node) -> Result<Arc<Keyring>, Failure> {
    let secrets = &node.config.secrets;
    let keyring = if secrets.master_key.is_empty() {
        Keyring::open(&node.config.data_dir, &secrets.personal_data_keys)
    } else {
        Keyring::of_master_key(&secrets.master_key, &secrets.personal_data_keys)
    };
    Ok(Arc::new(keyring.or_fail(Code::Config, "the keys of personal data cannot be read")?))
}

/// The configured master key, or the one generated at the first start on this machine.
pub fn own_master_key(node: &Node) -> Result<Secret, Failure> {
    let configured = &node.config.secrets.master_key;
    if !configured.is_empty() {
        return Ok(configured.clone());
    }
    generated::secret(&node.config.data_dir, MASTER_KEY)
        .or_fail(Code::Io, "the installation's master key cannot be kept")
}

/// The configured master key; several nodes must be given the same, so none is generated.
pub fn shared_master_key(node: &Node) -> Result<Secret, Failure> {
    let configured = &node.config.secrets.master_key;
    if configured.is_empty() {
        return Err(Failure::new(Code::Config, "`secrets.master_key` is not set")
            .remedy("give every auth node the same key of at least 32 characters")
            .remedy("for example MARQUIS__SECRETS__MASTER_KEY_FILE=/run/secrets/master-key"));
    }
    Ok(configured.clone())
}

/// Checks tokens of an issuer in another process, by its published keys and revocations.
/// The caller runs it.
pub fn local_verifier(node: &Node) -> Result<Arc<LocalVerifier>, Failure> {
    let auth = &node.config.auth;
    let rules =
        TokenRules { issuer: auth.issuer.clone(), audience: auth.audience.clone(), leeway: LEEWAY };
    let issuer = Arc::new(RemoteIssuer::new(auth_client(node)?));
    Ok(LocalVerifier::new(issuer, rules, Arc::clone(&node.clock)))
}

/// Checks tokens as `auth.validation` says. A local verifier has to be run.
pub enum Verifier {
    /// By key set and revocation list.
    Local(Arc<LocalVerifier>),
    /// By asking `POST /auth/me`.
    Remote(Arc<RemoteVerifier>),
}

impl Verifier {
    /// The one that the settings ask for.
    pub fn configured(node: &Node) -> Result<Self, Failure> {
        match node.config.auth.validation {
            TokenValidation::Local => local_verifier(node).map(Self::Local),
            TokenValidation::Remote => {
                Ok(Self::Remote(Arc::new(RemoteVerifier::new(auth_client(node)?))))
            }
        }
    }

    /// As the services take it.
    pub fn shared(&self) -> Arc<dyn TokenVerifier> {
        match self {
            Self::Local(verifier) => Arc::clone(verifier) as _,
            Self::Remote(verifier) => Arc::clone(verifier) as _,
        }
    }
}

fn auth_client(node: &Node) -> Result<HttpClient, Failure> {
    HttpClient::new(&node.config.auth.urls, ClientLimits::default()).map_err(|error| {
        Failure::new(Code::Config, "the auth service cannot be asked")
            .caused_by(error)
            .remedy("set auth.urls to its instances: [\"http://auth-1:3001\", ...]")
    })
}
