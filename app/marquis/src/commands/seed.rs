//! `marquis seed`: accounts to try the platform with.

use marquis_config::Config;

use crate::databases::{Cluster, Databases};
use crate::exit::{Code, Context as _, Failure, say};
use crate::node::Node;
use crate::services;

/// Creates alice and bob unless they are there.
pub async fn development_users(config: Config) -> Result<(), Failure> {
    let node = Node::announcing(config).await?;
    let databases =
        Databases::open(&node, Cluster::OursOrRunning, &[marquis_auth::SERVICE]).await?;
    let outcome = seed(&node, &databases).await;
    databases.close().await;
    outcome
}

async fn seed(node: &Node, databases: &Databases) -> Result<(), Failure> {
    databases.migrate(node).await?;
    let auth = services::auth(
        node,
        databases.of(marquis_auth::SERVICE)?,
        services::own_master_key(node)?,
    )?;
    let seeded = auth.seed().await.or_fail(Code::No, "the accounts were not created")?;
    say(format_args!(
        "alice@example.com and bob@example.com can log in with Password123! ({} created, {} there already).",
        seeded.created, seeded.existing
    ));
    Ok(())
}
