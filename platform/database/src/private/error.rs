//! Why the private cluster does not run; each text says what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A private cluster that could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PrivateError {
    /// No PostgreSQL on this machine.
    #[error(
        "PostgreSQL is not installed (looked for `postgres` and `initdb` in {looked_in}); \
         on Debian or Ubuntu run `apt-get install postgresql`, or set database.private.bin_dir"
    )]
    NotInstalled {
        /// The places, joined by commas.
        looked_in: String,
    },
    /// The cluster belongs to a version that is not installed.
    #[error(
        "{cluster} was written by PostgreSQL {needed}, but only version {installed} is installed; \
         on Debian or Ubuntu run `apt-get install postgresql-{needed}`, or move the data with \
         pg_upgrade and then start again"
    )]
    VersionMismatch {
        /// The cluster's directory.
        cluster: PathBuf,
        /// Major version that wrote it.
        needed: u32,
        /// Major versions found.
        installed: String,
    },
    /// Too old for the SQL we use.
    #[error("PostgreSQL {version} is too old; version {oldest} or newer is needed")]
    TooOld {
        /// Major version found.
        version: u32,
        /// Oldest that works.
        oldest: u32,
    },
    /// Another process holds the data directory.
    #[error(
        "{data_dir} is in use by another Marquis{holder}; stop that one or choose another --data-dir"
    )]
    InUse {
        /// Marquis's data directory.
        data_dir: PathBuf,
        /// `" (process n)"`, when known.
        holder: String,
    },
    /// PostgreSQL's user cannot reach the data directory.
    #[error(
        "user {user}, as whom PostgreSQL runs, may not enter {directory}; choose a --data-dir that \
         every user can reach, such as /var/lib/marquis, or run `chmod o+x {directory}`"
    )]
    NotTraversable {
        /// The account PostgreSQL would run as.
        user: String,
        /// The directory without search permission for it.
        directory: PathBuf,
    },
    /// The data directory is one that others use, such as `/tmp`.
    #[error(
        "{directory} is shared with other users; give Marquis a directory of its own inside it"
    )]
    SharedDirectory {
        /// The directory.
        directory: PathBuf,
    },
    /// The cluster belongs to somebody else.
    #[error(
        "{path} belongs to user {owner} and we are user {ours}; run Marquis as {owner} or choose another --data-dir"
    )]
    ForeignOwner {
        /// What is owned by somebody else.
        path: PathBuf,
        /// The owner's name or number.
        owner: String,
        /// Our name or number.
        ours: String,
    },
    /// As root, and there is nobody else to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root and this system has neither user postgres nor nobody; create one by `useradd --system postgres`"
    )]
    NoAccount,
    /// There is a cluster but its password is gone.
    #[error(
        "{path} is missing, and without it the existing cluster cannot be used; restore it from a backup"
    )]
    PasswordMissing {
        /// The password file.
        path: PathBuf,
    },
    /// An earlier server will not end.
    #[error(
        "the PostgreSQL server of an earlier run (process {pid}) does not stop; stop it by `kill -QUIT {pid}`"
    )]
    StaleServer {
        /// Its process id.
        pid: u32,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Initdb {
        /// What it printed last.
        output: String,
    },
    /// The server ended before it answered.
    #[error("PostgreSQL ended at start ({status}); see {log}:\n{tail}")]
    EndedAtStart {
        /// Exit status or signal.
        status: String,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The server answers, but not to us.
    #[error("the private PostgreSQL server does not accept our connection")]
    Refused(#[source] tokio_postgres::Error),
    /// The database could not be created.
    #[error("database {database} could not be created")]
    CreateDatabase {
        /// Its name.
        database: String,
        /// The server's refusal.
        source: tokio_postgres::Error,
    },
    /// The operating system refused something.
    #[error("cannot {action} {path}")]
    Io {
        /// A verb: create, read, start.
        action: &'static str,
        /// Of what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A task of ours ended abnormally.
    #[error("starting PostgreSQL was interrupted: {0}")]
    Internal(String),
}

impl PrivateError {
    /// For `map_err`: keeps the cause and says what was attempted.
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
