//! `marquis migrate`: bring the schemas up to date and exit.

use marquis_config::Config;

use crate::databases::{Cluster, Databases, SERVICES};
use crate::exit::{Failure, say};
use crate::node::Node;

/// Migrates every service's schema.
pub async fn all(config: Config) -> Result<(), Failure> {
    let node = Node::commanding(config);
    let databases = Databases::open(&node, Cluster::OursOrRunning, &SERVICES).await?;
    let outcome = databases.migrate(&node).await;
    databases.close().await;
    outcome?;
    say("Every schema is up to date.");
    Ok(())
}
