//! The gateway as a role of this process: built from the node's settings, announced, run
//! with reloads.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use marquis_authz::LocalVerifier;
use marquis_config::sections::gateway::Gateway as Settings;
use marquis_config::{Config, LoadOptions};
use marquis_gateway::reload::{self, Loader};
use marquis_gateway::{Bound, Gateway, GatewayParts};

use crate::exit::{Code, Context as _, Failure, announce};
use crate::node::Node;

/// A gateway that has its addresses.
pub struct Edge {
    bound: Bound,
}

/// Builds the gateway and takes its addresses. `services` are dispatched in memory; all
/// others are upstreams of the settings.
pub async fn open(
    node: &Node,
    services: BTreeMap<String, axum::Router>,
    verifier: Arc<LocalVerifier>,
) -> Result<Edge, Failure> {
    let gateway = Gateway::new(GatewayParts {
        settings: settings(&node.config),
        environment: node.config.environment,
        services,
        cluster: node.cluster.clone(),
        verifier,
        metrics: Arc::clone(&node.metrics),
        clock: Arc::clone(&node.clock),
        data_dir: node.config.data_dir.clone(),
    })
    .or_fail(Code::Config, "the gateway cannot be built")?;
    let bound = gateway.bind().await.map_err(|error| {
        Failure::new(Code::Io, "the gateway cannot take its addresses")
            .caused_by(error)
            .remedy("stop what listens there, or set gateway.http, gateway.https and server.ops")
            .remedy("ports below 1024 need root or CAP_NET_BIND_SERVICE")
    })?;
    Ok(Edge { bound })
}

impl Edge {
    /// Says where the gateway is reached.
    pub fn announce(&self) {
        let shown = |address: SocketAddr| match address.ip().is_unspecified() {
            true => format!("localhost:{}", address.port()),
            false => address.to_string(),
        };
        if let Some(address) = self.bound.https_addr() {
            announce(format_args!("Gateway:   https://{}", shown(address)));
            announce(format_args!(
                "           https://{}/docs/auth, /docs/users, /docs/chat, ...",
                shown(address)
            ));
        }
        if let Some(address) = self.bound.http_addr() {
            announce(format_args!("           http://{}", shown(address)));
        }
        if let Some(address) = self.bound.status_addr() {
            announce(format_args!("Metrics:   http://{address}/metrics"));
        }
    }

    /// Serves until the node is told to stop and running requests are answered.
    pub async fn run(self, node: &Node) -> Result<(), Failure> {
        let files = node.config.files().to_vec();
        let loader = loader(node.sources.clone());
        let watch = reload::watch(self.bound.handle(), files, loader, node.stop.clone());
        let watching = tokio::spawn(async move {
            if let Err(error) = watch.await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the configuration is not watched");
            }
        });
        let outcome = self.bound.run(node.stop.clone()).await;
        watching.abort();
        outcome.or_fail(Code::Internal, "the gateway failed")
    }
}

/// Reads the section again from where it came from.
fn loader(sources: LoadOptions) -> Loader {
    Box::new(move || Ok(settings(&Config::load(&sources)?)))
}

/// The section, with the ops listener as the place for its status unless another is named.
pub fn settings(config: &Config) -> Settings {
    let mut settings = config.gateway.clone();
    if settings.status.is_empty() {
        settings.status = config.server.ops.socket_addr().to_string();
    }
    settings
}
