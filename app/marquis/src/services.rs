//! The services of this process, built from a node and their databases.

use std::sync::Arc;

use async_trait::async_trait;
use marquis_auth::{Auth, AuthParts};
use marquis_authz::internal::{RemoteEventSource, RemoteIdentities, RemotePresence};
use marquis_authz::{LocalVerifier, RemoteIssuer, RemoteVerifier, TokenRules};
use marquis_chat::{Chat, ChatParts};
use marquis_config::generated;
use marquis_config::sections::auth::TokenValidation;
use marquis_contracts::events::EventSource;
use marquis_contracts::identity::{Principal, TokenVerifier, VerifyError};
use marquis_contracts::people::Identities;
use marquis_contracts::personal_data::PersonalData;
use marquis_contracts::presence::Presence;
use marquis_database::Database;
use marquis_envelope::Keyring;
use marquis_http::client::{ClientLimits, HttpClient};
use marquis_kernel::Secret;
use marquis_notifications::{Notifications, NotificationsParts, Source};
use marquis_payments::{Payments, PaymentsParts};
use marquis_users::{Users, UsersParts};

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

/// The chat service.
pub fn chat(
    node: &Node,
    database: Database,
    verifier: Arc<dyn TokenVerifier>,
    identities: Arc<dyn Identities>,
    users_events: Arc<dyn EventSource>,
) -> Chat {
    Chat::new(ChatParts {
        settings: node.config.chat.clone(),
        database,
        cluster: node.cluster.clone(),
        verifier,
        identities,
        users_events,
        metrics: Arc::clone(&node.metrics),
        clock: Arc::clone(&node.clock),
        limits: node.service_limits(),
        draining: node.stop.clone(),
    })
}

/// The notifications service.
pub fn notifications(
    node: &Node,
    database: Database,
    verifier: Arc<dyn TokenVerifier>,
    identities: Arc<dyn Identities>,
    sources: Vec<Source>,
) -> Result<Notifications, Failure> {
    Notifications::new(NotificationsParts {
        settings: node.config.notifications.clone(),
        database,
        cluster: node.cluster.clone(),
        verifier,
        identities,
        sources,
        data_dir: node.config.data_dir.clone(),
        metrics: Arc::clone(&node.metrics),
        clock: Arc::clone(&node.clock),
        limits: node.service_limits(),
        draining: node.stop.clone(),
    })
    .or_fail(Code::Config, "the notifications service cannot be set up")
}

/// What the users service knows of others.
pub struct UsersWorld {
    pub verifier: Arc<dyn TokenVerifier>,
    pub identities: Arc<dyn Identities>,
    pub presence: Arc<dyn Presence>,
    pub auth_events: Arc<dyn EventSource>,
    pub chat_events: Arc<dyn EventSource>,
    /// Who else holds personal data, by name.
    pub holders: Vec<(&'static str, Arc<dyn PersonalData>)>,
}

/// The users service.
pub fn users(node: &Node, database: Database, world: UsersWorld) -> Result<Users, Failure> {
    Ok(Users::new(UsersParts {
        settings: node.config.users.clone(),
        data_dir: node.config.data_dir.clone(),
        keyring: keyring(node)?,
        database,
        cluster: node.cluster.clone(),
        verifier: world.verifier,
        identities: world.identities,
        presence: world.presence,
        auth_events: world.auth_events,
        chat_events: Some(world.chat_events),
        personal_data: world.holders,
        metrics: Arc::clone(&node.metrics),
        clock: Arc::clone(&node.clock),
        limits: node.service_limits(),
        draining: node.stop.clone(),
    }))
}

/// The users service for a command: it serves nobody and learns nothing.
pub fn users_alone(node: &Node, database: Database) -> Result<Users, Failure> {
    let world = UsersWorld {
        verifier: Arc::new(Nobody),
        identities: Arc::new(RemoteIdentities::new(client(node, marquis_auth::SERVICE)?)),
        presence: Arc::new(RemotePresence::new(client(node, marquis_chat::NAME)?)),
        auth_events: Arc::new(RemoteEventSource::new(client(node, marquis_auth::SERVICE)?)),
        chat_events: Arc::new(RemoteEventSource::new(client(node, marquis_chat::NAME)?)),
        holders: Vec::new(),
    };
    users(node, database, world)
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
    client(node, marquis_auth::SERVICE)
}

/// Calls the instances of a service in other processes.
pub fn client(node: &Node, service: &str) -> Result<HttpClient, Failure> {
    let peers = &node.config.peers;
    let (key, urls) = match service {
        marquis_auth::SERVICE => ("auth.urls", &node.config.auth.urls),
        marquis_users::NAME => ("peers.users", &peers.users),
        marquis_chat::NAME => ("peers.chat", &peers.chat),
        marquis_notifications::NAME => ("peers.notifications", &peers.notifications),
        _ => ("peers.payments", &peers.payments),
    };
    HttpClient::new(urls, ClientLimits::default()).map_err(|error| {
        Failure::new(Code::Config, format!("the {service} service cannot be asked"))
            .caused_by(error)
            .remedy(format!("set {key} to its instances: [\"http://{service}-1:port\", ...]"))
    })
}

/// No request is served, so no token is checked.
#[derive(Debug)]
pub struct Nobody;

#[async_trait]
impl TokenVerifier for Nobody {
    async fn verify(&self, _: &str) -> Result<Arc<Principal>, VerifyError> {
        Err(VerifyError::Invalid("no tokens are accepted here"))
    }
}
