//! The services' databases: the configured servers, or schemas in the private cluster that
//! this process starts, or that the `marquis up` beside it is running.

use std::collections::BTreeMap;
use std::time::Duration;

use marquis_auth::Auth;
use marquis_config::{Config, DatabaseServer};
use marquis_database::private::{
    PrivateCluster, PrivateError, PrivateProgress, PrivateSettings, running_url,
};
use marquis_database::{Database, DatabaseError, Migration, MigrationProgress};
use marquis_kernel::Secret;
use tokio_util::sync::CancellationToken;

use crate::exit::{Code, Context as _, Failure, announce};
use crate::node::Node;

/// The database within the private cluster; each service has its schema in it.
const PRIVATE_DATABASE: &str = "marquis";
/// How long a start waits for a configured server that is starting itself.
const SERVER_PATIENCE: Duration = Duration::from_secs(60);

/// The services that keep a schema. A service's name is that of its schema and its section
/// below `[database]`.
pub const SERVICES: [&str; 5] = [
    marquis_auth::SERVICE,
    marquis_chat::NAME,
    marquis_notifications::NAME,
    marquis_payments::NAME,
    marquis_users::NAME,
];

/// Where each service keeps its schema, and the cluster we run for those without a server.
pub struct Databases {
    by_service: BTreeMap<&'static str, Database>,
    private: Option<PrivateCluster>,
}

impl Databases {
    /// Opens the databases of these services; starts the private cluster when a service needs it, or uses
    /// the running one.
    pub async fn open(
        node: &Node,
        whose: Cluster,
        services: &[&'static str],
    ) -> Result<Self, Failure> {
        let config = &node.config;
        let needed = services.iter().any(|service| server(config, service).url.is_empty());
        let (private, url) = match (needed, whose) {
            (false, _) => (None, Secret::default()),
            (true, Cluster::OurOwn) => start(config, Cluster::OurOwn).await?,
            (true, Cluster::OursOrRunning) => start(config, Cluster::OursOrRunning).await?,
        };
        let by_service = services
            .iter()
            .map(|&service| Ok((service, connect(node, service, &url)?)))
            .collect::<Result<_, Failure>>()?;
        Ok(Self { by_service, private })
    }

    /// One configured database, for a role that runs beside others.
    pub fn configured(node: &Node, service: &'static str) -> Result<Database, Failure> {
        if server(&node.config, service).url.is_empty() {
            return Err(Failure::new(Code::Config, format!("`database.{service}.url` is not set"))
                .remedy(format!(
                    "set it, or MARQUIS__DATABASE__{}__URL, to postgres://user:password@host/database",
                    service.to_uppercase()
                ))
                .remedy("`marquis up` runs a database of its own instead"));
        }
        connect(node, service, &Secret::default())
    }

    /// The schema of a service.
    pub fn of(&self, service: &'static str) -> Result<Database, Failure> {
        let known = self.by_service.get(service).cloned();
        known.ok_or_else(|| Failure::new(Code::Internal, format!("{service} has no schema")))
    }

    /// All of them, by service.
    pub fn all(&self) -> BTreeMap<&'static str, Database> {
        self.by_service.clone()
    }

    /// Brings every schema up to date.
    pub async fn migrate(&self, node: &Node) -> Result<(), Failure> {
        for (service, database) in &self.by_service {
            migrate(node, database, service).await?;
        }
        Ok(())
    }

    /// Closes the pools and stops the cluster that we run.
    pub async fn close(self) {
        for database in self.by_service.values() {
            database.close();
        }
        if let Some(private) = self.private {
            private.stop().await;
        }
    }
}

/// Whose private cluster will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cluster {
    /// Only one that this process runs: it serves from it.
    OurOwn,
    /// Also the one of the `marquis up` that is running.
    OursOrRunning,
}

async fn start(
    config: &Config,
    whose: Cluster,
) -> Result<(Option<PrivateCluster>, Secret), Failure> {
    let private = &config.database.private;
    let settings = PrivateSettings {
        bin_dir: private.bin_dir.clone(),
        shared_buffers: private.shared_buffers.clone(),
        max_connections: private.max_connections,
        database: PRIVATE_DATABASE.to_owned(),
        ..PrivateSettings::new(&config.data_dir)
    };
    let started = PrivateCluster::start(settings, |progress| match progress {
        PrivateProgress::Initialising { version } => {
            announce(format_args!(
                "Creating a PostgreSQL {version} cluster (first start only) ..."
            ));
        }
        PrivateProgress::AwaitingStale { pid } => {
            announce(format_args!(
                "Waiting for the PostgreSQL of an earlier run (process {pid}) to end ..."
            ));
        }
        PrivateProgress::Recovering => announce("PostgreSQL is recovering from an unclean end ..."),
        _ => {}
    })
    .await;
    match started {
        Ok(cluster) => {
            let url = Secret::new(cluster.url(PRIVATE_DATABASE));
            Ok((Some(cluster), url))
        }
        Err(PrivateError::InUse { .. }) if whose == Cluster::OursOrRunning => {
            let url = running_url(&config.data_dir, PRIVATE_DATABASE).ok_or_else(|| {
                Failure::new(
                    Code::Unavailable,
                    "another Marquis uses the data directory, and its PostgreSQL cannot be reached",
                )
                .remedy("wait until it has started, and run this as the same user")
            })?;
            Ok((None, Secret::new(url)))
        }
        Err(error) => {
            Err(Failure::new(Code::Unavailable, "the private PostgreSQL does not run")
                .caused_by(error))
        }
    }
}

fn server<'c>(config: &'c Config, service: &str) -> &'c DatabaseServer {
    let servers = &config.database;
    match service {
        marquis_auth::SERVICE => &servers.auth,
        marquis_chat::NAME => &servers.chat,
        marquis_notifications::NAME => &servers.notifications,
        marquis_users::NAME => &servers.users,
        _ => &servers.payments,
    }
}

fn migrations(service: &str) -> &'static [Migration] {
    match service {
        marquis_auth::SERVICE => Auth::migrations(),
        marquis_chat::NAME => marquis_chat::MIGRATIONS,
        marquis_notifications::NAME => marquis_notifications::MIGRATIONS,
        marquis_users::NAME => marquis_users::MIGRATIONS,
        _ => marquis_payments::MIGRATIONS,
    }
}

fn connect(node: &Node, service: &'static str, private: &Secret) -> Result<Database, Failure> {
    let mut server = server(&node.config, service).clone();
    if server.url.is_empty() {
        server.url = private.clone();
    }
    Database::connect(&server, service, node.metrics.clone())
        .or_fail(Code::Config, format!("`database.{service}` cannot be used"))
}

/// Repeats what fails because its server is away: for a minute, or until the node stops.
pub async fn patiently<T, E>(
    stop: &CancellationToken,
    schema: &str,
    is_away: impl Fn(&E) -> bool,
    attempt: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    let deadline = tokio::time::Instant::now() + SERVER_PATIENCE;
    let mut told = false;
    loop {
        match attempt().await {
            Err(error)
                if is_away(&error)
                    && tokio::time::Instant::now() < deadline
                    && !stop.is_cancelled() =>
            {
                if !told {
                    announce(format_args!("Waiting for the database of {schema} ..."));
                    told = true;
                }
                tokio::select! {
                    () = stop.cancelled() => return Err(error),
                    () = tokio::time::sleep(Duration::from_millis(250)) => {}
                }
            }
            outcome => return outcome,
        }
    }
}

/// Brings one schema up to date, waiting for a server that is only starting.
pub async fn migrate(node: &Node, database: &Database, service: &str) -> Result<(), Failure> {
    let schema = database.schema();
    let migrations = migrations(service);
    let attempt = async || {
        database
            .migrate_showing(migrations, &|progress| match progress {
                MigrationProgress::Waiting { schema } => {
                    announce(format_args!("Waiting for another node that migrates {schema} ..."));
                }
                MigrationProgress::Applying { schema, name } => {
                    announce(format_args!("Migrating {schema}: {name}"));
                }
                _ => {}
            })
            .await
    };
    let is_away = |error: &DatabaseError| matches!(error, DatabaseError::Unavailable(_));
    match patiently(&node.stop, schema, is_away, attempt).await {
        Ok(_) => Ok(()),
        Err(error @ DatabaseError::Unavailable(_)) => Err(Failure::new(
            Code::Unavailable,
            format!("the database of {schema} cannot be reached"),
        )
        .caused_by(error)
        .remedy(format!("start the server, or correct database.{schema}.url"))),
        Err(error) => Err(Failure::new(
            Code::Internal,
            format!("the schema {schema} cannot be brought up to date"),
        )
        .caused_by(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_server_that_is_away_is_waited_for_until_the_node_stops() {
        let attempts = AtomicU32::new(0);
        let back_at_third = async || match attempts.fetch_add(1, Ordering::SeqCst) {
            2 => Ok(()),
            _ => Err("away"),
        };
        let stop = CancellationToken::new();
        let is_away = |error: &&str| *error == "away";
        assert_eq!(patiently(&stop, "s", is_away, back_at_third).await, Ok(()));
        assert_eq!(
            patiently(&stop, "s", is_away, async || Err::<(), _>("wrong")).await,
            Err("wrong")
        );

        let never = tokio::spawn({
            let stop = stop.clone();
            async move { patiently(&stop, "s", is_away, async || Err::<(), _>("away")).await }
        });
        stop.cancel();
        let stopped = tokio::time::timeout(Duration::from_secs(10), never).await;
        assert_eq!(stopped.expect("at once").expect("runs"), Err("away"));
    }
}
