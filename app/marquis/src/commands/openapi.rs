//! `marquis openapi`: the document of a service, without a server or database.

use std::sync::Arc;

use marquis_authz::internal::{RemoteEventSource, RemoteIdentities};
use marquis_config::{Config, Environment};
use marquis_kernel::Secret;

use crate::cli::ServiceName;
use crate::databases::Databases;
use crate::exit::{Code, Context as _, Failure, say};
use crate::node::Node;
use crate::services::{self, Nobody};

/// Prints the document as JSON. It depends on the binary only, not on the configuration.
pub async fn print(service: ServiceName) -> Result<(), Failure> {
    let mut config = Config::defaults(Environment::Dev)
        .or_fail(Code::Internal, "the defaults cannot be loaded")?;
    // The cheapest settings that are allowed: nothing is hashed or connected.
    config.auth.passwords.bcrypt_cost = 10;
    // Nor is a key read or made.
    config.secrets.master_key = Secret::new(marquis_kernel::random::token());
    config.notifications.web_push.enabled = false;
    let nowhere = Secret::new("postgres://nobody@127.0.0.1:1/none");
    let servers = &mut config.database;
    for server in [
        &mut servers.auth,
        &mut servers.chat,
        &mut servers.notifications,
        &mut servers.payments,
        &mut servers.users,
    ] {
        server.url = nowhere.clone();
    }
    let node = Node::commanding(config);
    let database = |service| Databases::configured(&node, service);
    let verifier = Arc::new(Nobody);
    let client = services::client(&node, marquis_auth::SERVICE)?;
    let identities = Arc::new(RemoteIdentities::new(client));
    let document = match service {
        ServiceName::Auth => {
            let key = node.config.secrets.master_key.clone();
            services::auth(&node, database(marquis_auth::SERVICE)?, key)?.openapi()
        }
        ServiceName::Users => {
            services::users_alone(&node, database(marquis_users::NAME)?)?.openapi()
        }
        ServiceName::Chat => {
            let client = services::client(&node, marquis_users::NAME)?;
            let users = Arc::new(RemoteEventSource::new(client));
            let database = database(marquis_chat::NAME)?;
            services::chat(&node, database, verifier, identities, users).openapi()
        }
        ServiceName::Notifications => {
            let database = database(marquis_notifications::NAME)?;
            services::notifications(&node, database, verifier, identities, Vec::new())?.openapi()
        }
        ServiceName::Payments => {
            services::payments(&node, database(marquis_payments::NAME)?, verifier)?.openapi()
        }
    };
    say(document.to_pretty_json().or_fail(Code::Internal, "the document cannot be made")?);
    Ok(())
}
