//! Section `[database]`: where each service's schema lives. Its manual is
//! `defaults/database.toml`.

use std::path::PathBuf;

use marquis_kernel::Secret;
use serde::{Deserialize, Serialize};

use crate::problem::{Finding, Problems};
use crate::span::Span;
use crate::url::{self, UrlParts};

/// Settings of `[database]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The private cluster of `marquis up`.
    pub private: PrivateDatabase,
    /// The server of the auth service.
    pub auth: DatabaseServer,
    /// The server of the chat service.
    pub chat: DatabaseServer,
    /// The server of the notifications service.
    pub notifications: DatabaseServer,
    /// The server of the payments service.
    pub payments: DatabaseServer,
    /// The server of the users service.
    pub users: DatabaseServer,
}

/// Settings of the private PostgreSQL cluster, used for services without a URL.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateDatabase {
    /// Directory with `initdb` and `postgres`; `None` looks in the usual places.
    #[serde(with = "crate::unset")]
    pub bin_dir: Option<PathBuf>,
    /// PostgreSQL's `shared_buffers`.
    pub shared_buffers: String,
    /// PostgreSQL's `max_connections`.
    pub max_connections: u32,
}

/// One PostgreSQL server as a service uses it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseServer {
    /// Connection URL of the primary; empty means the private cluster.
    pub url: Secret,
    /// Connection URLs of read replicas.
    pub replica_urls: Vec<Secret>,
    /// Most connections open at once, per process.
    pub pool_size: u32,
    /// Longest time to open a connection.
    pub connect_timeout: Span,
    /// Longest time to wait for a free connection of the pool.
    pub acquire_timeout: Span,
    /// Longest time for one statement, kept by the server.
    pub statement_timeout: Span,
}

impl DatabaseServer {
    /// The server at `url` with the settings of the default file.
    #[must_use]
    pub fn with_url(url: Secret) -> Self {
        Self {
            url,
            replica_urls: Vec::new(),
            pool_size: 16,
            connect_timeout: Span::from_secs(5),
            acquire_timeout: Span::from_secs(5),
            statement_timeout: Span::from_secs(10),
        }
    }

    fn validate(&self, key: &str, problems: &mut Problems) {
        let check_url = |problems: &mut Problems, key: String, url: &Secret| {
            let remedy = "write postgres://user:password@host:5432/database";
            match UrlParts::parse(url.expose()) {
                Some(parts) if matches!(parts.scheme, "postgres" | "postgresql") => {}
                Some(_) => problems.reject(&key, "is not a PostgreSQL URL", remedy),
                None => problems.reject(&key, "is not a URL", remedy),
            }
        };
        if !self.url.is_empty() {
            check_url(problems, format!("{key}.url"), &self.url);
        }
        for (index, url) in self.replica_urls.iter().enumerate() {
            check_url(problems, format!("{key}.replica_urls[{index}]"), url);
        }
        problems.require(
            self.url.is_empty() <= self.replica_urls.is_empty(),
            &format!("{key}.replica_urls"),
            "has replicas of a primary that is not configured",
            &format!("set `{key}.url` as well"),
        );
        problems.require(
            (1..=1_000).contains(&self.pool_size),
            &format!("{key}.pool_size"),
            "must be between 1 and 1000",
            "the default is 16",
        );
        for (name, span) in [
            ("connect_timeout", self.connect_timeout),
            ("acquire_timeout", self.acquire_timeout),
            ("statement_timeout", self.statement_timeout),
        ] {
            let key = format!("{key}.{name}");
            problems.require(!span.is_zero(), &key, "must not be zero", "for example \"5s\"");
        }
    }

    fn insecurities(&self, key: &str, findings: &mut Vec<Finding>) {
        let urls = std::iter::once((format!("{key}.url"), &self.url)).chain(
            self.replica_urls
                .iter()
                .enumerate()
                .map(|(index, url)| (format!("{key}.replica_urls[{index}]"), url)),
        );
        for (key, url) in urls.filter(|(_, url)| !url.is_empty()) {
            let Some(parts) = UrlParts::parse(url.expose()) else { continue };
            // `sslmode=disable` is a statement about the network; silence is an oversight.
            if !url::is_local(parts.host) && !parts.demands_tls() && !parts.declines_tls() {
                findings.push(Finding::new(
                    key.clone(),
                    "passwords and data may cross the network to PostgreSQL in plain text",
                    "append `?sslmode=require`, or `?sslmode=disable` where nobody else is on \
                     the network in between",
                ));
            }
            if !parts.host.is_empty() && !parts.is_socket() && parts.password.is_none() {
                findings.push(Finding::new(
                    key,
                    "the server is used without a password",
                    "give the database user a password",
                ));
            }
        }
    }
}

impl Database {
    /// Every service with its server.
    #[must_use]
    pub fn servers(&self) -> Vec<(&'static str, &DatabaseServer)> {
        vec![
            ("auth", &self.auth),
            ("chat", &self.chat),
            ("notifications", &self.notifications),
            ("payments", &self.payments),
            ("users", &self.users),
        ]
    }

    /// Reports values that parse but cannot work.
    pub fn validate(&self, problems: &mut Problems) {
        for (service, server) in self.servers() {
            server.validate(&format!("database.{service}"), problems);
        }
        problems.require(
            is_postgres_size(&self.private.shared_buffers),
            "database.private.shared_buffers",
            "is not a PostgreSQL memory size",
            "write for example \"64MB\"",
        );
        problems.require(
            (10..=10_000).contains(&self.private.max_connections),
            "database.private.max_connections",
            "must be between 10 and 10000",
            "the default is 100",
        );
        if let Some(dir) = &self.private.bin_dir {
            problems.require(
                dir.join("initdb").is_file(),
                "database.private.bin_dir",
                "does not contain PostgreSQL's `initdb`",
                "on Debian it is /usr/lib/postgresql/<version>/bin",
            );
        }
    }

    /// Reports values that must not be used in production.
    pub fn insecurities(&self, findings: &mut Vec<Finding>) {
        for (service, server) in self.servers() {
            server.insecurities(&format!("database.{service}"), findings);
        }
    }
}

/// PostgreSQL's memory sizes: digits and a unit (its manual, section 20.1.1).
fn is_postgres_size(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(unit, "kB" | "MB" | "GB")
}
