//! `marquis up` and `marquis serve`: build the roles of this process, run them until a
//! signal stops it, and take everything down in order: requests, background work,
//! databases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use marquis_auth::{Auth, AuthError, Email};
use marquis_authz::{LocalVerifier, internal};
use marquis_config::{Config, Listener, LoadOptions};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::background::Background;
use crate::cli::{Role, Serve};
use crate::composition::{Composer, Composition};
use crate::databases::{self, Cluster, Databases, SERVICES};
use crate::edge;
use crate::exit::{Code, Context as _, Failure, announce};
use crate::node::Node;
use crate::services;
use crate::signals;

/// The account that is created with a one-time password when there is no administrator.
const FIRST_ADMIN: &str = "admin@marquis.local";

/// How long a gateway waits for the auth service at its start, and how often it looks.
const KEYS_PATIENCE: Duration = Duration::from_secs(5);
const KEYS_POLL: Duration = Duration::from_millis(20);

/// Runs every role in this process.
pub async fn up(config: Config, sources: LoadOptions) -> Result<(), Failure> {
    let started = Instant::now();
    let node = Node::serving(config, sources, "marquis", signals::stop_on_signal()?).await?;
    let databases = Databases::open(&node, Cluster::OurOwn, &SERVICES).await?;
    let background = Background::default();
    let outcome = run_everything(&node, &databases, &background, started).await;
    background.stop().await;
    databases.close().await;
    if outcome.is_ok() {
        announce("Stopped.");
    }
    outcome
}

async fn run_everything(
    node: &Node,
    databases: &Databases,
    background: &Background,
    started: Instant,
) -> Result<(), Failure> {
    databases.migrate(node).await?;
    let master_key = services::own_master_key(node)?;
    let composer = Composer::new(node, background, databases.all(), master_key);
    let Composition { routers, verifier } = composer.compose(prepare).await?;
    let Some(verifier) = verifier else {
        return Err(Failure::new(Code::Internal, "there is no auth service"));
    };
    let gateway = edge::open(node, routers, verifier).await?;
    gateway.announce();
    announce(format_args!("Data:      {}", node.config.data_dir.display()));
    announce(format_args!("Ready after {} ms. Ctrl-C stops.", started.elapsed().as_millis()));
    gateway.run(node).await
}

/// Runs some roles as one of several processes.
pub async fn serve(config: Config, sources: LoadOptions, options: Serve) -> Result<(), Failure> {
    let roles: BTreeSet<Role> = options.role.iter().copied().collect();
    let name = match roles.first() {
        Some(role) if roles.len() == 1 => role.service().unwrap_or("gateway"),
        _ => "marquis",
    };
    let node = Node::serving(config, sources, name, signals::stop_on_signal()?).await?;
    let background = Background::default();
    let outcome = run_roles(&node, &roles, options.migrate, &background).await;
    background.stop().await;
    if outcome.is_ok() {
        announce("Stopped.");
    }
    outcome
}

async fn run_roles(
    node: &Node,
    roles: &BTreeSet<Role>,
    migrate: bool,
    background: &Background,
) -> Result<(), Failure> {
    let mut databases = BTreeMap::new();
    for service in roles.iter().filter_map(|role| role.service()) {
        let database = Databases::configured(node, service)?;
        if migrate {
            databases::migrate(node, &database, service).await?;
        }
        databases.insert(service, database);
    }
    let mut composition = Composition { routers: BTreeMap::new(), verifier: None };
    if !databases.is_empty() {
        let master_key = services::shared_master_key(node)?;
        let token = internal::token(&master_key);
        let composer = Composer::new(node, background, databases, master_key);
        composition = composer.compose(prepare).await?;
        for router in composition.routers.values_mut() {
            *router = internal::guard(std::mem::take(router), &token);
        }
    }
    let Composition { routers, verifier } = composition;
    let listeners = roles.iter().filter_map(|role| role.service());
    let mut servers = JoinSet::new();
    for service in listeners {
        let listener = listen(service, listener_of(&node.config, service)).await?;
        let router = routers.get(service).cloned().unwrap_or_default();
        let (limits, stop) = (node.server_limits(), node.stop.clone());
        servers.spawn(marquis_http::server::serve(listener, router, limits, stop));
    }
    if roles.contains(&Role::Gateway) {
        let verifier = match verifier {
            Some(own) => own,
            None => {
                let verifier = services::local_verifier(node)?;
                background.start(|stop| Arc::clone(&verifier).run(stop));
                await_keys(&verifier).await;
                verifier
            }
        };
        let gateway = edge::open(node, routers, verifier).await?;
        gateway.announce();
        gateway.run(node).await?;
    }
    while let Some(ended) = servers.join_next().await {
        let outcome = ended.or_fail(Code::Internal, "a listener failed")?;
        outcome.or_fail(Code::Io, "a listener failed")?;
    }
    Ok(())
}

/// Reads the signing keys, and sees to it that there is an administrator.
async fn prepare(node: &Node, auth: &Auth) -> Result<(), Failure> {
    let read = async || auth.prepare().await;
    let is_away = AuthError::is_unavailable;
    databases::patiently(&node.stop, marquis_auth::SERVICE, is_away, read).await.map_err(
        |error| {
            let code = if is_away(&error) { Code::Unavailable } else { Code::Config };
            Failure::new(code, "the signing keys cannot be read")
                .caused_by(error)
                .remedy("was the schema migrated (`marquis migrate` or `serve --migrate`)?")
                .remedy("is `secrets.master_key` the key of this installation?")
        },
    )?;
    let email: Email = FIRST_ADMIN.parse().or_fail(Code::Internal, "no administrator")?;
    let created = match auth.ensure_first_admin(&email).await {
        // Its role was taken away on purpose. That is no reason not to serve.
        Err(AuthError::EmailTaken) => {
            announce(format_args!("There is no administrator, and {email} is somebody else."));
            announce("  make one: marquis auth grant EMAIL user admin");
            None
        }
        created => created.or_fail(Code::Unavailable, "the first administrator was not created")?,
    };
    if let Some(password) = created {
        announce(format_args!("First admin: {email}"));
        announce(format_args!("  one-time password: {}", password.reveal()));
        announce("  shown this once; log in and change it by POST /api/v1/auth/password");
    }
    Ok(())
}

/// A gateway that took requests before it had the key set would answer valid tokens with
/// 503. Without an auth service it starts all the same, for what needs no token.
async fn await_keys(verifier: &LocalVerifier) {
    let deadline = Instant::now() + KEYS_PATIENCE;
    while !verifier.is_ready() {
        if Instant::now() > deadline {
            tracing::warn!("the auth service does not answer, starting without its keys");
            return;
        }
        tokio::time::sleep(KEYS_POLL).await;
    }
}

/// Where a service listens.
fn listener_of(config: &Config, service: &str) -> Listener {
    let server = &config.server;
    match service {
        marquis_auth::SERVICE => server.auth,
        marquis_users::NAME => server.users,
        marquis_chat::NAME => server.chat,
        marquis_notifications::NAME => server.notifications,
        _ => server.payments,
    }
}

async fn listen(service: &str, listener: Listener) -> Result<TcpListener, Failure> {
    let address = listener.socket_addr();
    let bound = TcpListener::bind(address).await.map_err(|error| {
        Failure::new(Code::Io, format!("{service} cannot listen on {address}"))
            .caused_by(error)
            .remedy(format!("stop what listens there, or set server.{service}.port"))
    })?;
    let address = bound.local_addr().or_fail(Code::Io, "no local address")?;
    announce(format_args!("{service} listens on http://{address}"));
    Ok(bound)
}
