//! `marquis auth`: accounts and signing keys.

use std::collections::BTreeSet;

use marquis_auth::{Auth, Email, KeyRotation};
use marquis_config::Config;
use marquis_contracts::identity::Role;

use crate::cli::AuthCommand;
use crate::databases::{Cluster, Databases};
use crate::exit::{Code, Context as _, Failure, say};
use crate::node::Node;
use crate::services;

/// Runs one `auth` subcommand.
pub async fn run(config: Config, command: AuthCommand) -> Result<(), Failure> {
    let node = Node::announcing(config).await?;
    let databases =
        Databases::open(&node, Cluster::OursOrRunning, &[marquis_auth::SERVICE]).await?;
    let outcome = async {
        databases.migrate(&node).await?;
        let key = services::own_master_key(&node)?;
        execute(&services::auth(&node, databases.of(marquis_auth::SERVICE)?, key)?, command).await
    }
    .await;
    databases.close().await;
    outcome
}

async fn execute(auth: &Auth, command: AuthCommand) -> Result<(), Failure> {
    match command {
        AuthCommand::Grant { email, roles } => {
            let email = address(&email)?;
            let roles = roles
                .iter()
                .map(|name| {
                    name.parse::<Role>().or_fail(Code::No, format!("`{name}` is not a role"))
                })
                .collect::<Result<BTreeSet<_>, _>>()?;
            let roles: Vec<Role> = roles.into_iter().collect();
            auth.set_roles(&email, &roles).await.or_fail(Code::No, "the roles were not changed")?;
            let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
            say(format_args!(
                "Roles are now: {}. Access tokens show a new role when refreshed; \
                 losing one ends the account's sessions.",
                names.join(", ")
            ));
        }
        AuthCommand::ResetPassword { email } => {
            let email = address(&email)?;
            let password = auth
                .reset_password(&email)
                .await
                .or_fail(Code::No, "the password was not changed")?;
            say(format_args!("One-time password: {}", password.reveal()));
            say(
                "It has to be changed (POST /auth/password) before the account can do anything else.",
            );
        }
        AuthCommand::RotateKeys { compromised } => {
            let rotation =
                if compromised { KeyRotation::Compromised } else { KeyRotation::Routine };
            auth.rotate_keys(rotation).await.or_fail(Code::No, "the keys were not rotated")?;
            say("A new key signs access tokens. Running nodes follow within ten seconds.");
            if compromised {
                say("From then on every earlier access token is void; clients refresh.");
            }
        }
    }
    Ok(())
}

fn address(text: &str) -> Result<Email, Failure> {
    text.parse().or_fail(Code::No, format!("`{text}` is not an e-mail address"))
}
