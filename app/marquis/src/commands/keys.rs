//! `marquis keys`: the keys that protect personal data.

use marquis_config::Config;

use crate::cli::KeysCommand;
use crate::databases::{Cluster, Databases};
use crate::exit::{Code, Context as _, Failure, say};
use crate::node::Node;
use crate::services;

/// Runs one `keys` subcommand.
pub async fn run(config: Config, command: KeysCommand) -> Result<(), Failure> {
    let KeysCommand::Rotate { indexes } = command;
    let node = Node::commanding(config);
    let services = [marquis_auth::SERVICE, marquis_users::NAME];
    let databases = Databases::open(&node, Cluster::OursOrRunning, &services).await?;
    let outcome = async {
        databases.migrate(&node).await?;
        rotate(&node, &databases, indexes).await
    }
    .await;
    databases.close().await;
    outcome
}

/// Renews what was made with earlier versions of the keys.
async fn rotate(node: &Node, databases: &Databases, indexes: bool) -> Result<(), Failure> {
    let key = services::own_master_key(node)?;
    let auth = services::auth(node, databases.of(marquis_auth::SERVICE)?, key)?;
    let renewed = auth
        .renew_keys(indexes)
        .await
        .or_fail(Code::Unavailable, "the keys of accounts were not all renewed; run it again")?;
    say(format_args!("auth:  {} keys, {} indexes renewed", renewed.keys, renewed.indexes));
    let users = services::users_alone(node, databases.of(marquis_users::NAME)?)?;
    let renewed = users
        .renew_keys(indexes)
        .await
        .or_fail(Code::Unavailable, "the keys of people were not all renewed; run it again")?;
    say(format_args!("users: {} keys, {} indexes renewed", renewed.keys, renewed.indexes));
    Ok(())
}
