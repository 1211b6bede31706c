//! From a connection URL to a driver configuration: schema, timeouts, name and TLS.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Connection, Socket};

use crate::error::DatabaseError;
use crate::sql::identifier;
use crate::tls::{Tls, TlsStream};

/// Everything that connections to one server have in common.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) config: tokio_postgres::Config,
    pub(crate) tls: Tls,
}

/// What a session is set up with, besides the server it goes to.
#[derive(Debug, Clone)]
pub(crate) struct Session<'a> {
    /// The only schema on `search_path`.
    pub(crate) schema: &'a str,
    /// Shown in `pg_stat_activity`.
    pub(crate) purpose: &'a str,
    pub(crate) connect_timeout: Duration,
    /// Zero for none, which is right for migrations and for waiting in `LISTEN`.
    pub(crate) statement_timeout: Duration,
}

impl Server {
    /// Understands libpq's URLs, including `sslrootcert`.
    ///
    /// TLS: a Unix socket or a loopback address needs none. Elsewhere the default is
    /// `prefer`: encrypted when the server can. Unlike libpq's, every encrypted connection
    /// verifies the server's certificate and name, against `sslrootcert` or else the
    /// system's authorities; an encrypted connection to an impostor protects nothing.
    pub(crate) fn parse(url: &str, session: &Session<'_>) -> Result<Self, DatabaseError> {
        let (url, tls) = take_tls_parameters(url);
        let mut config = tokio_postgres::Config::from_str(&url)
            .map_err(|error| DatabaseError::Settings(describe(&error)))?;
        if config.get_dbname().is_none() {
            return Err(DatabaseError::Settings("the URL names no database".to_owned()));
        }
        match tls.mode.as_deref() {
            Some("disable") => config.ssl_mode(SslMode::Disable),
            Some("allow" | "prefer") => config.ssl_mode(SslMode::Prefer),
            Some("require" | "verify-ca" | "verify-full") => config.ssl_mode(SslMode::Require),
            Some(_) => {
                return Err(DatabaseError::Settings(
                    "sslmode is one of disable, prefer, require, verify-full".to_owned(),
                ));
            }
            None if config.get_hosts().iter().all(is_local) => config.ssl_mode(SslMode::Disable),
            None => config.ssl_mode(SslMode::Prefer),
        };
        config.connect_timeout(session.connect_timeout);
        config.tcp_user_timeout(Duration::from_secs(30));
        config.keepalives_idle(Duration::from_secs(30));
        if config.get_application_name().is_none() {
            config.application_name(format!("marquis {} {}", session.schema, session.purpose));
        }
        let options = format!(
            "{} -c search_path={} -c statement_timeout={} -c idle_in_transaction_session_timeout={} -c timezone=UTC",
            config.get_options().unwrap_or_default(),
            identifier(session.schema),
            session.statement_timeout.as_millis(),
            session.statement_timeout.as_millis() * 3,
        );
        config.options(options.trim());
        let tls = if matches!(config.get_ssl_mode(), SslMode::Disable) {
            Tls::unused()
        } else {
            Tls::new(tls.root_certificates)
        };
        Ok(Self { config, tls })
    }

    pub(crate) async fn connect(
        &self,
    ) -> Result<(Client, Connection<Socket, TlsStream>), tokio_postgres::Error> {
        self.config.connect(self.tls.clone()).await
    }

    /// A connection outside the pool, driven by a task of its own until it is dropped.
    pub(crate) async fn connect_alone(&self) -> Result<Client, DatabaseError> {
        let (client, connection) = self.connect().await?;
        tokio::spawn(async move {
            // The client's next statement fails with the same cause.
            let _ = connection.await;
        });
        Ok(client)
    }
}

struct TlsParameters {
    mode: Option<String>,
    root_certificates: Option<PathBuf>,
}

/// The driver knows neither `verify-full` nor `sslrootcert`, so both are taken out of the URL.
fn take_tls_parameters(url: &str) -> (String, TlsParameters) {
    let mut found = TlsParameters { mode: None, root_certificates: None };
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), found) };
    let mut kept = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => found.mode = Some(mode.to_owned()),
            Some(("sslrootcert", path)) => {
                found.root_certificates = Some(PathBuf::from(percent_decode(path)));
            }
            _ => kept.push(pair),
        }
    }
    let query = kept.join("&");
    (if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") }, found)
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// The driver's parse errors name the parameter, never its value.
fn describe(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    match error.source() {
        Some(cause) => format!("the URL is wrong: {cause}"),
        None => "the URL is wrong".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<tokio_postgres::Config, DatabaseError> {
        let session = Session {
            schema: "auth",
            purpose: "pool",
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(7),
        };
        Server::parse(url, &session).map(|server| server.config)
    }

    #[test]
    fn the_session_is_set_up_by_the_connection() {
        let config = parse("postgres://u:p@db/x?options=-c%20work_mem%3D8MB").expect("valid");
        let options = config.get_options().expect("options");
        for part in ["work_mem=8MB", "search_path=\"auth\"", "statement_timeout=7000"] {
            assert!(options.contains(part), "{options}");
        }
        assert_eq!(config.get_application_name(), Some("marquis auth pool"));
    }

    #[test]
    fn tls_follows_the_host_unless_the_url_says_otherwise() {
        for (url, mode) in [
            ("postgres://u@127.0.0.1/x", SslMode::Disable),
            ("postgres://u@[::1]/x", SslMode::Disable),
            ("postgres://u:p@%2Frun%2Fpg/x", SslMode::Disable),
            ("postgres://u:p@db.example/x", SslMode::Prefer),
            ("postgres://u:p@db.example/x?sslmode=disable", SslMode::Disable),
            ("postgres://u:p@db.example/x?sslmode=require", SslMode::Require),
            ("postgres://u:p@127.0.0.1/x?sslmode=verify-full&sslrootcert=/a.pem", SslMode::Require),
        ] {
            assert_eq!(parse(url).expect(url).get_ssl_mode(), mode, "{url}");
        }
        assert!(parse("postgres://u@h/x?sslmode=yes").is_err());
    }

    #[test]
    fn a_wrong_url_is_described_without_its_values() {
        let error = parse("postgres://u:hunter2@h:port/x").expect_err("port is no number");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(parse("postgres://u@h").expect_err("no database").to_string().contains("database"));
    }

    #[test]
    fn paths_in_urls_are_percent_encoded() {
        assert_eq!(percent_decode("%2Fetc%2Fca%20x.pem%"), "/etc/ca x.pem%");
    }
}
