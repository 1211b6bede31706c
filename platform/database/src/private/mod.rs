//! The private PostgreSQL cluster of `marquis up`: a child process on a Unix socket under
//! the data directory, made at the first start and supervised from then on.
//!
//! What always holds:
//! * One process uses a data directory at a time; a second one is refused.
//! * PostgreSQL never runs as root. Started by root it runs as the owner of an existing
//!   cluster, else as the owner of the data directory, else as the system's `postgres` user,
//!   else as `nobody`.
//! * The child ends with us, whatever ends us: a clean stop sends SIGINT (PostgreSQL's fast
//!   shutdown), a kill makes the kernel send it. A start that finds the old child still
//!   stopping waits for it.
//! * A child that ends unasked is started again.
//!
//! ```text
//! <data_dir>/marquis.lock                    held while we run
//! <data_dir>/postgres/                       PostgreSQL's data directory
//! <data_dir>/run/.s.PGSQL.5432               the socket; elsewhere when the path is too long
//! <data_dir>/secrets/postgres-password       of the superuser `marquis`
//! <data_dir>/logs/postgres.log               with `.1` .. `.3`
//! ```

mod account;
mod attach;
mod binaries;
mod directory;
mod error;
mod initdb;
mod log;
mod process;
mod stale;
mod supervisor;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use marquis_kernel::Secret;
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use crate::sql::identifier;
pub use attach::running_url;
pub use binaries::{Binaries, find as find_binaries};
use directory::Layout;
pub use error::PrivateError;
pub use supervisor::StopMode;
use supervisor::Supervisor;

/// The superuser of the cluster.
const USER: &str = "marquis";
/// Part of the socket's file name only.
const SOCKET_PORT: u16 = 5432;
/// How long a server that neither answers nor reports recovery is waited for.
const START_PATIENCE: Duration = Duration::from_secs(60);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
const FIRST_POLL: Duration = Duration::from_millis(2);
const SLOWEST_POLL: Duration = Duration::from_millis(25);

/// How the cluster is to run.
#[derive(Debug, Clone)]
pub struct PrivateSettings {
    /// Marquis's data directory; made when missing.
    pub data_dir: PathBuf,
    /// Directory with `postgres` and `initdb`; `None` looks in the usual places.
    pub bin_dir: Option<PathBuf>,
    /// PostgreSQL's `shared_buffers`, with its unit.
    pub shared_buffers: String,
    /// PostgreSQL's `max_connections`.
    pub max_connections: u32,
    /// Database that exists once the cluster has started.
    pub database: String,
    /// Where it listens.
    pub listen: Listen,
    /// Commits reach the disk. Off only for data nobody will miss: tests.
    pub durable: bool,
}

/// Where the cluster listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// On the Unix socket only.
    Socket,
    /// On 127.0.0.1 at this port and on no socket; for tests of networked set-ups.
    Loopback(u16),
}

impl PrivateSettings {
    /// Settings for a small server under `data_dir`.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            bin_dir: None,
            shared_buffers: "64MB".to_owned(),
            max_connections: 100,
            database: "marquis".to_owned(),
            listen: Listen::Socket,
            durable: true,
        }
    }
}

/// Something worth showing while the cluster starts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrivateProgress {
    /// The first start: the cluster is being made, which takes some seconds.
    Initialising {
        /// PostgreSQL's major version.
        version: u32,
    },
    /// The server of an earlier run has not ended yet.
    AwaitingStale {
        /// Its process id.
        pid: u32,
    },
    /// The server replays its log after an unclean end.
    Recovering,
}

/// A running private cluster. Stop it with [`PrivateCluster::stop`]; dropping it asks the
/// server to stop without waiting.
#[derive(Debug)]
pub struct PrivateCluster {
    supervisor: Supervisor,
    endpoint: Endpoint,
    log: tokio::task::JoinHandle<()>,
    /// Keeps others out until the server has ended.
    _lock: directory::Lock,
}

#[derive(Debug, Clone)]
struct Endpoint {
    socket_dir: PathBuf,
    listen: Listen,
    password: Secret,
}

/// What [`prepare`] found and made, all that a start needs.
struct Prepared {
    layout: Layout,
    lock: directory::Lock,
    binaries: Binaries,
    account: account::Account,
    password: Secret,
}

impl PrivateCluster {
    /// Starts the cluster, making it first when there is none, and returns once it answers.
    ///
    /// # Errors
    ///
    /// [`PrivateError`], whose text says what to do.
    pub async fn start(
        settings: PrivateSettings,
        progress: impl Fn(PrivateProgress) + Send + Sync + 'static,
    ) -> Result<Self, PrivateError> {
        let progress: Arc<dyn Fn(PrivateProgress) + Send + Sync> = Arc::new(progress);
        let (told, wanted) = (Arc::clone(&progress), settings.clone());
        let prepared = tokio::task::spawn_blocking(move || prepare(&wanted, &*told))
            .await
            .map_err(|error| PrivateError::Internal(error.to_string()))??;
        let Prepared { layout, lock, binaries, account, password } = prepared;
        let endpoint =
            Endpoint { socket_dir: layout.run.clone(), listen: settings.listen, password };
        let log_file = layout.log.clone();
        log::rotate(&log_file);
        let command = supervisor::Command {
            program: binaries.postgres.clone(),
            arguments: arguments(&settings, &layout),
            data_dir: layout.cluster.clone(),
            log: layout.log.clone(),
            account,
        };
        let supervisor = Supervisor::start(command)?;
        let log = tokio::spawn(log::keep_rotating(log_file));
        let cluster = Self { supervisor, endpoint, log, _lock: lock };
        match cluster.await_answer(&settings.database, &*progress).await {
            Ok(()) => {
                cluster.supervisor.now_ready();
                Ok(cluster)
            }
            Err(error) => {
                cluster.stop().await;
                Err(error)
            }
        }
    }

    /// URL of a database of this cluster. It contains the superuser's password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.endpoint.url(database)
    }

    /// Process id of the server, unless it is being restarted.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.supervisor.pid()
    }

    /// Stops the server: open transactions are rolled back, everything committed is kept.
    pub async fn stop(self) {
        self.stop_with(StopMode::Fast).await;
    }

    /// Stops the server in the given way and waits until it has ended.
    pub async fn stop_with(self, mode: StopMode) {
        self.supervisor.stop(mode).await;
    }

    /// Connects until the server answers, and sees to it that the database exists.
    async fn await_answer(
        &self,
        database: &str,
        progress: &(dyn Fn(PrivateProgress) + Send + Sync),
    ) -> Result<(), PrivateError> {
        let mut deadline = Instant::now() + START_PATIENCE;
        let mut pause = FIRST_POLL;
        let mut recovering = false;
        loop {
            if let Some(failure) = self.supervisor.failure() {
                return Err(failure);
            }
            let error = match self.endpoint.connect(database).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            match error.code() {
                Some(&SqlState::INVALID_CATALOG_NAME) => {
                    let create = format!("CREATE DATABASE {}", identifier(database));
                    let admin = self.endpoint.connect("postgres").await;
                    let created = match admin {
                        Ok(admin) => admin.batch_execute(&create).await,
                        Err(error) => Err(error),
                    };
                    return created.map_err(|source| PrivateError::CreateDatabase {
                        database: database.to_owned(),
                        source,
                    });
                }
                Some(&SqlState::CANNOT_CONNECT_NOW) => {
                    if !recovering && error.to_string().contains("recover") {
                        progress(PrivateProgress::Recovering);
                        recovering = true;
                    }
                    // It works on being ready; however long its log is, it gets there.
                    deadline = Instant::now() + START_PATIENCE;
                }
                Some(_) => return Err(PrivateError::Refused(error)),
                None if Instant::now() > deadline => return Err(PrivateError::Refused(error)),
                None => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(SLOWEST_POLL);
        }
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        self.log.abort();
    }
}

impl Endpoint {
    fn url(&self, database: &str) -> String {
        let password = self.password.expose();
        let database = percent_encode(database);
        match self.listen {
            Listen::Socket => {
                let host = percent_encode(&self.socket_dir.to_string_lossy());
                format!("postgres://{USER}:{password}@{host}:{SOCKET_PORT}/{database}")
            }
            Listen::Loopback(port) => {
                format!("postgres://{USER}:{password}@127.0.0.1:{port}/{database}")
            }
        }
    }

    async fn connect(
        &self,
        database: &str,
    ) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
        let mut config: tokio_postgres::Config = self.url(database).parse()?;
        config.connect_timeout(CONNECT_PATIENCE).application_name("marquis start");
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

/// Everything before the server process: binaries, directories, ownership, the lock, the
/// end of an earlier server, and `initdb` at the first start.
fn prepare(
    settings: &PrivateSettings,
    progress: &dyn Fn(PrivateProgress),
) -> Result<Prepared, PrivateError> {
    let data_dir = directory::absolute(&settings.data_dir)?;
    let cluster = data_dir.join("postgres");
    let version = directory::cluster_version(&cluster)?;
    let binaries = match binaries::find(settings.bin_dir.as_deref(), version) {
        Err(PrivateError::VersionMismatch { needed, installed, .. }) => {
            return Err(PrivateError::VersionMismatch { cluster, needed, installed });
        }
        found => found?,
    };
    let account = account::choose(&data_dir, &cluster)?;
    let layout = Layout::make(&data_dir, &account)?;
    let lock = directory::Lock::acquire(&layout.lock)?;
    // Looked at again: only now nobody else can be making it.
    let exists = layout.cluster.join("PG_VERSION").exists();
    let password = directory::password(&layout.password, exists)?;
    log::open(&layout.log)?;
    for file in [&layout.lock, &layout.password, &layout.log] {
        layout.hand_over(file)?;
    }
    if exists {
        stale::await_end(&layout.cluster, progress)?;
    } else {
        progress(PrivateProgress::Initialising { version: binaries.version });
        initdb::run(&binaries, &layout, &account, &password, settings.durable)?;
    }
    Ok(Prepared { layout, lock, binaries, account, password })
}

/// Settings of the server. They are given on the command line, so that an upgrade of
/// Marquis changes them without editing a file in the cluster.
fn arguments(settings: &PrivateSettings, layout: &Layout) -> Vec<String> {
    let mut options: Vec<(&str, String)> = vec![
        ("shared_buffers", settings.shared_buffers.clone()),
        ("max_connections", settings.max_connections.to_string()),
        ("password_encryption", "scram-sha-256".to_owned()),
        ("wal_compression", "on".to_owned()),
        ("max_wal_size", "512MB".to_owned()),
        ("checkpoint_completion_target", "0.9".to_owned()),
        // One machine, most likely a solid-state disk.
        ("random_page_cost", "1.1".to_owned()),
        // Our statements are short; compiling them costs more than it saves.
        ("jit", "off".to_owned()),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
        ("log_line_prefix", "%m [%p] %q%a ".to_owned()),
        // DETAIL lines quote rows, which hold personal data.
        ("log_error_verbosity", "terse".to_owned()),
        ("log_checkpoints", "off".to_owned()),
        ("logging_collector", "off".to_owned()),
        ("unix_socket_permissions", "0700".to_owned()),
    ];
    let port = match settings.listen {
        Listen::Socket => {
            options.push(("listen_addresses", String::new()));
            options.push(("unix_socket_directories", layout.run.display().to_string()));
            SOCKET_PORT
        }
        Listen::Loopback(port) => {
            options.push(("listen_addresses", "127.0.0.1".to_owned()));
            options.push(("unix_socket_directories", String::new()));
            port
        }
    };
    options.push(("port", port.to_string()));
    if !settings.durable {
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            options.push((name, "off".to_owned()));
        }
    }
    let mut arguments = vec!["-D".to_owned(), layout.cluster.display().to_string()];
    for (name, value) in options {
        arguments.push("-c".to_owned());
        arguments.push(format!("{name}={value}"));
    }
    arguments
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Where the password file of the cluster under `data_dir` lies, for messages.
#[must_use]
pub fn password_file(data_dir: &Path) -> PathBuf {
    data_dir.join("secrets").join("postgres-password")
}
