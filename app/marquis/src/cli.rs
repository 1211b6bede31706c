//! The command line: what can be said to `marquis`, and nothing of how it is done.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Self-hosted application platform in one process: TLS gateway, identity, payments.
#[derive(Debug, Parser)]
#[command(name = "marquis", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// Where settings come from.
    #[command(flatten)]
    pub sources: Sources,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where settings come from besides the built-in defaults and the environment.
#[derive(Debug, Clone, Args)]
pub struct Sources {
    /// Configuration file; `./marquis.toml` when that exists.
    #[arg(long, short, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// dev, test or prod: selects `.env.<environment>` and how strict `doctor` is.
    #[arg(long, global = true, value_name = "NAME")]
    pub environment: Option<String>,
    /// Directory of everything this installation keeps.
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// What `marquis` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run every role in this process, with a private PostgreSQL unless one is configured.
    Up(Up),
    /// Run some roles, as one of several processes.
    Serve(Serve),
    /// Bring the databases' schemas up to date and exit.
    Migrate,
    /// Create the development users alice and bob (idempotent).
    Seed,
    /// Look for insecure or unworkable settings and say what to change.
    Doctor,
    /// Show or check the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document of a service.
    Openapi {
        /// Which service.
        service: ServiceName,
    },
    /// Manage accounts.
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Look after the keys of personal data.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Look after payments.
    #[command(subcommand)]
    Payments(PaymentsCommand),
    /// Check, test and explain the firewall's rules.
    #[command(subcommand)]
    Waf(WafCommand),
    /// Ask a health endpoint and exit 0 when it answers 200 (for container health checks).
    Healthcheck {
        /// Plain HTTP, for instance `http://127.0.0.1:3001/readyz`.
        url: String,
        /// Seconds to wait.
        #[arg(long, default_value_t = 3)]
        timeout: u64,
    },
}

/// Options of `up`.
#[derive(Debug, Args)]
pub struct Up {
    /// Write one JSON line for each firewall rule that matches.
    #[arg(long, value_name = "FILE")]
    pub waf_match_log: Option<PathBuf>,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Roles to run, separated by commas.
    #[arg(long, value_delimiter = ',', required = true, value_name = "ROLE[,ROLE...]")]
    pub role: Vec<Role>,
    /// Apply pending migrations before serving. Safe when several nodes start at once.
    #[arg(long)]
    pub migrate: bool,
    /// Write one JSON line for each firewall rule that matches.
    #[arg(long, value_name = "FILE")]
    pub waf_match_log: Option<PathBuf>,
}

/// A separately scalable part of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Role {
    /// Identity.
    Auth,
    /// People: profiles and the directory.
    Users,
    /// Conversations: Socket.IO and presence.
    Chat,
    /// Notifications.
    Notifications,
    /// Payments.
    Payments,
    /// The TLS edge.
    Gateway,
}

impl Role {
    /// The service it runs; the gateway is none.
    pub const fn service(self) -> Option<&'static str> {
        match self {
            Self::Auth => Some(marquis_auth::SERVICE),
            Self::Users => Some(marquis_users::NAME),
            Self::Chat => Some(marquis_chat::NAME),
            Self::Notifications => Some(marquis_notifications::NAME),
            Self::Payments => Some(marquis_payments::NAME),
            Self::Gateway => None,
        }
    }
}

/// A service with a documented API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServiceName {
    /// Identity.
    Auth,
    /// People.
    Users,
    /// Conversations.
    Chat,
    /// Notifications.
    Notifications,
    /// Payments.
    Payments,
}

/// `marquis config ...`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the effective configuration, secrets redacted.
    Print {
        /// Print the commented defaults instead: the manual of every setting.
        #[arg(long)]
        default: bool,
    },
    /// Report every problem of the configuration; exit 78 if there is one.
    Check,
}

/// `marquis auth ...`
#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Replace the roles of an account.
    Grant {
        /// The account's e-mail address.
        email: String,
        /// Its roles from now on: user, admin, finance, service.
        #[arg(required = true)]
        roles: Vec<String>,
    },
    /// Replace an account's password by a one-time password, which is printed.
    ResetPassword {
        /// The account's e-mail address.
        email: String,
    },
    /// Sign access tokens with a new key from now on.
    RotateKeys {
        /// Somebody else may have the current keys: withdraw them, which within ten seconds
        /// makes every access token void.
        #[arg(long)]
        compromised: bool,
    },
}

/// `marquis keys ...`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Renew what earlier versions of `secrets.personal_data_keys` protect; running it again
    /// is harmless.
    Rotate {
        /// Make the indexes by which e-mail addresses are found anew as well.
        #[arg(long)]
        indexes: bool,
    },
}

/// `marquis payments ...`
#[derive(Debug, Subcommand)]
pub enum PaymentsCommand {
    /// Check that the ledger balances and agrees with the payments; exit 1 if not.
    VerifyLedger,
}

/// `marquis waf ...`
#[derive(Debug, Subcommand)]
pub enum WafCommand {
    /// Load rules and report on them; exit 1 with file, line and column if they are wrong.
    Check {
        /// Files of rules; without any, the rules that the gateway would load.
        files: Vec<PathBuf>,
    },
    /// Run regression suites (YAML of ftw or go-ftw) against the engine or a URL.
    Test(WafTest),
    /// Say which rules match a request, what is decided, and how to let it through.
    Explain {
        /// A raw HTTP request: request line, header fields, empty line, body. `-` reads it
        /// from standard input.
        request: PathBuf,
        /// Paranoia level instead of the configured one.
        #[arg(long, value_name = "1..4")]
        paranoia: Option<u8>,
        /// The client's address: some rules judge by it. By default one that is nobody's.
        #[arg(long, value_name = "ADDRESS", default_value = "203.0.113.1")]
        address: std::net::IpAddr,
    },
}

/// Options of `waf test`.
#[derive(Debug, Args)]
pub struct WafTest {
    /// Files, or directories with files, of tests.
    #[arg(required = true, value_name = "SUITE")]
    pub suites: Vec<PathBuf>,
    /// Send the requests to this server instead of the engine in this process.
    #[arg(long, value_name = "http://HOST:PORT")]
    pub url: Option<String>,
    /// The server's match log (`--waf-match-log`); without it only statuses are judged.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub match_log: Option<PathBuf>,
    /// Paranoia level instead of the configured one.
    #[arg(long, value_name = "1..4", conflicts_with = "url")]
    pub paranoia: Option<u8>,
    /// More rules, read before the Core Rule Set.
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub rules: Vec<PathBuf>,
    /// Print the outcome of every test as JSON.
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prose names commands as `marquis ...`, sometimes across a line of a comment.
    fn commands_in(prose: &str) -> Vec<Vec<String>> {
        let prose = prose.replace("\n# ", " ");
        let named = prose.split('`').filter(|text| text.starts_with("marquis "));
        named.map(|text| text.split_whitespace().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn the_manual_names_commands_that_exist() {
        let commands = commands_in(marquis_config::Config::default_toml());
        assert!(commands.len() > 3, "{commands:?}");
        for mut command in commands {
            if command.last().is_some_and(|word| word == "--role") {
                command.push("auth".to_owned());
            }
            let parsed = Cli::try_parse_from(&command);
            assert!(parsed.is_ok(), "`{}`: {}", command.join(" "), parsed.unwrap_err());
        }
    }
}
