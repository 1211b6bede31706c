//! `marquis openapi`: the document of a service, without a server or database.

use std::sync::Arc;

use async_trait::async_trait;
use marquis_config::{Config, Environment};
use marquis_contracts::identity::{Principal, TokenVerifier, VerifyError};
use marquis_database::Database;
use marquis_kernel::Secret;

use crate::cli::ServiceName;
use crate::exit::{Code, Context as _, Failure, say};
use crate::node::Node;
use crate::services;

/// Prints the document as JSON. It depends on the binary only, not on the configuration.
pub async fn print(service: ServiceName) -> Result<(), Failure> {
    let mut config = Config::defaults(Environment::Dev)
        .or_fail(Code::Internal, "the defaults cannot be loaded")?;
    // The cheapest settings that are allowed: nothing is hashed or connected.
    config.auth.passwords.bcrypt_cost = 10;
    let nowhere = Secret::new("postgres://nobody@127.0.0.1:1/none");
    for server in [&mut config.database.auth, &mut config.database.payments] {
        server.url = nowhere.clone();
    }
    let node = Node::commanding(config);
    let database = |schema, server| {
        Database::connect(server, schema, Arc::clone(&node.metrics))
            .or_fail(Code::Internal, "the document cannot be made")
    };
    let document = match service {
        ServiceName::Auth => {
            let database = database(marquis_auth::SERVICE, &node.config.database.auth)?;
            let key = Secret::new(marquis_kernel::random::token());
            services::auth(&node, database, key)?.openapi()
        }
        ServiceName::Payments => {
            let database = database(marquis_payments::NAME, &node.config.database.payments)?;
            services::payments(&node, database, Arc::new(Nobody))?.openapi()
        }
    };
    say(document.to_pretty_json().or_fail(Code::Internal, "the document cannot be made")?);
    Ok(())
}

/// No request is served, so no token is checked.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl TokenVerifier for Nobody {
    async fn verify(&self, _: &str) -> Result<Arc<Principal>, VerifyError> {
        Err(VerifyError::Invalid("no tokens are accepted here"))
    }
}
