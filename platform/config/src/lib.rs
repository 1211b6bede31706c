//! The configuration of an installation: read from several sources, checked as a whole,
//! handed to everything else as plain typed values.
//!
//! * The embedded default file is the manual and the schema at once: a key that is not in
//!   it does not exist, and its type is the type of its default.
//! * Every problem is reported at once, with its source, and none of them shows a value.
//! * Secrets are [`Secret`]s, which print as `[redacted]` everywhere.

mod dotenv;
mod environment;
pub mod generated;
mod layers;
mod load;
mod print;
mod problem;
mod schema;
pub mod sections;
mod selection;
mod span;
mod tree;
pub mod unset;
mod url;

use std::collections::BTreeSet;
use std::path::PathBuf;

use marquis_kernel::secret::REDACTED;
use serde::{Deserialize, Serialize};

pub use environment::{Environment, UnknownEnvironment};
pub use load::{LoadOptions, Override};
pub use marquis_kernel::Secret;
pub use problem::{ConfigErrors, Finding, Problem, Problems};
pub use sections::auth::Auth;
pub use sections::chat::{Chat, ChatLimits};
pub use sections::database::{Database, DatabaseServer, PrivateDatabase};
pub use sections::gateway::Gateway;
pub use sections::notifications::Notifications;
pub use sections::payments::Payments;
pub use sections::peers::Peers;
pub use sections::redis::Redis;
pub use sections::secrets::Secrets;
pub use sections::server::{Listener, Server};
pub use sections::telemetry::{LogFormat, Telemetry};
pub use sections::users::Users;
pub use span::{InvalidSpan, Span};

/// Everything that can be configured.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The kind of installation.
    pub environment: Environment,
    /// Where Marquis keeps what it must not lose.
    pub data_dir: PathBuf,
    /// Keys of the whole installation.
    pub secrets: Secrets,
    /// Logs.
    pub telemetry: Telemetry,
    /// PostgreSQL.
    pub database: Database,
    /// Redis.
    pub redis: Redis,
    /// Listeners and limits of the services.
    pub server: Server,
    /// The edge.
    pub gateway: Gateway,
    /// Identity.
    pub auth: Auth,
    /// Conversations.
    pub chat: Chat,
    /// Notifications.
    pub notifications: Notifications,
    /// Where other processes run the services.
    pub peers: Peers,
    /// Payments.
    pub payments: Payments,
    /// The directory of people.
    pub users: Users,
    #[serde(skip)]
    provenance: load::Provenance,
}

impl Config {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    ///
    /// Every problem of every source.
    pub fn load(options: &LoadOptions) -> Result<Self, ConfigErrors> {
        load::load(options)
    }

    /// The defaults of an environment, for tests and tools.
    ///
    /// # Errors
    ///
    /// When a default is invalid, which the tests of this crate exclude.
    pub fn defaults(environment: Environment) -> Result<Self, ConfigErrors> {
        let environment = Some(environment.to_string());
        Self::load(&LoadOptions { environment, ..LoadOptions::default() })
    }

    /// The embedded default file: every key with its default and what it means.
    #[must_use]
    pub const fn default_toml() -> &'static str {
        load::DEFAULT_TOML
    }

    /// The effective configuration as a TOML file, secrets redacted, with the source of
    /// every value that is not a default.
    ///
    /// # Errors
    ///
    /// When a section holds a value that TOML cannot express.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        Ok(print::to_toml(&toml::Table::try_from(self)?, &self.provenance.origins))
    }

    /// The files that this configuration was read from, for whoever watches them.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.provenance.files
    }

    /// Settings that work but must not be used where real users are. `marquis doctor`
    /// prints them; in production a start is refused while there are any.
    #[must_use]
    pub fn insecurities(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.secrets.insecurities(&mut findings);
        self.telemetry.insecurities(&mut findings);
        self.database.insecurities(&mut findings);
        self.redis.insecurities(&mut findings);
        self.server.insecurities(&mut findings);
        self.gateway.insecurities(&mut findings);
        self.auth.insecurities(&mut findings);
        self.chat.insecurities(&mut findings);
        self.notifications.insecurities(&mut findings);
        self.payments.insecurities(&mut findings);
        self.users.insecurities(&mut findings);
        self.exposed_files(&mut findings);
        findings
    }

    fn validate(&self, problems: &mut Problems) {
        problems.require(
            !self.data_dir.as_os_str().is_empty(),
            "data_dir",
            "must not be empty",
            "the default is \"data\"",
        );
        self.secrets.validate(problems);
        self.telemetry.validate(problems);
        self.database.validate(problems);
        self.redis.validate(problems);
        self.server.validate(problems);
        self.gateway.validate(problems);
        self.auth.validate(problems);
        self.chat.validate(problems);
        self.notifications.validate(problems);
        self.peers.validate(problems);
        self.payments.validate(problems);
        self.users.validate(problems);
    }

    /// Configuration files that hold secrets and that every user of the machine may read.
    fn exposed_files(&self, findings: &mut Vec<Finding>) {
        let Ok(table) = toml::Table::try_from(self) else { return };
        let mut secrets = BTreeSet::new();
        for (name, value) in &table {
            collect_secrets(name, value, &mut secrets);
        }
        for key in secrets {
            let origin = self.provenance.origins.get(&key);
            let Some(path) = origin.and_then(tree::Origin::file) else { continue };
            if std::fs::metadata(path).is_ok_and(|metadata| layers::is_world_readable(&metadata)) {
                findings.push(Finding::new(
                    key,
                    format!("the secret stands in {}, which everybody may read", path.display()),
                    format!("run `chmod o-rwx {}` or use a secret file", path.display()),
                ));
            }
        }
    }
}

/// The keys under which a secret is set: only a [`Secret`] serializes as redacted.
fn collect_secrets(key: &str, value: &toml::Value, into: &mut BTreeSet<String>) {
    match value {
        toml::Value::String(text) if text == REDACTED => {
            into.insert(key.to_owned());
        }
        toml::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_secrets(&format!("{key}[{index}]"), item, into);
            }
        }
        toml::Value::Table(table) => {
            for (name, value) in table {
                collect_secrets(&tree::join(key, name), value, into);
            }
        }
        _ => {}
    }
}
