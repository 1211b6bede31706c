//! Several processes for conversations: a gateway, one process for everything that keeps
//! accounts, two chat nodes, Redis, and one database.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use marquis_testkit::{RedisServer, eventually, free_port};

use crate::PATIENCE;
use crate::api::Api;
use crate::database::EmptyDatabase;
use crate::installation::{self, MASTER_KEY, Settings, common};
use crate::process::{self, Launch, Process};
use crate::scratch::Scratch;

/// The roles that share one process here.
const CORE: [&str; 3] = ["auth", "users", "notifications"];

/// One process of the installation.
#[derive(Debug)]
pub struct Member {
    port: u16,
    launch: Launch,
    process: Option<Process>,
}

/// The whole installation.
#[derive(Debug)]
pub struct ChatNodes {
    // Dropped in this order: the processes before what they stand on.
    /// The edge.
    pub gateway: Member,
    /// Accounts, profiles, notifications.
    pub core: Member,
    /// Both chat nodes.
    pub chat: [Member; 2],
    /// Redis, which a test may stop.
    pub redis: RedisServer,
    https: u16,
    database: EmptyDatabase,
    scratch: Scratch,
}

impl ChatNodes {
    /// Starts everything and waits until it is ready.
    ///
    /// # Panics
    ///
    /// When something does not start, with its log.
    pub async fn start(settings: &Settings) -> Self {
        let scratch = Scratch::new();
        let database = EmptyDatabase::create("chat").await;
        let redis = RedisServer::start();
        let (https, http) = (free_port(), free_port());
        let ports = CORE.map(|_| free_port());
        let [c1, c2] = [free_port(), free_port()];
        let mut toml = format!(
            "{common}\n[secrets]\nmaster_key = \"{MASTER_KEY}\"\n[redis]\nurl = \"{redis}\"\n\
             [gateway]\nhttp = \"127.0.0.1:{http}\"\nhttps = \"127.0.0.1:{https}\"\n\
             [gateway.upstreams.chat]\nservers = [\"127.0.0.1:{c1}\", \"127.0.0.1:{c2}\"]\n{HEALTH}\n\
             [server.chat]\naddress = \"127.0.0.1\"\n",
            common = common(settings),
            redis = redis.url(),
        );
        let [auth, users, notifications] = ports;
        toml.push_str(&format!(
            "[auth]\nurls = [\"http://127.0.0.1:{auth}\"]\n\
             [peers]\nusers = [\"http://127.0.0.1:{users}\"]\n\
             notifications = [\"http://127.0.0.1:{notifications}\"]\n\
             chat = [\"http://127.0.0.1:{c1}\", \"http://127.0.0.1:{c2}\"]\n"
        ));
        for (role, port) in CORE.into_iter().zip(ports) {
            toml.push_str(&format!(
                "[server.{role}]\naddress = \"127.0.0.1\"\nport = {port}\n\
                 [gateway.upstreams.{role}]\nservers = [\"127.0.0.1:{port}\"]\n{HEALTH}\n"
            ));
        }
        toml.push_str(&settings.toml);
        fs::write(scratch.path().join("marquis.toml"), toml).expect("a configuration file");
        let member = |name: &str, roles: &str, port: u16, env: &[(&str, String)]| {
            let data_dir = scratch.path().join(name);
            let mut environment: BTreeMap<String, String> =
                env.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
            environment.insert("DATABASE_URL".into(), database.url());
            environment.insert("MARQUIS__DATA_DIR".into(), data_dir.display().to_string());
            environment.insert("MARQUIS__SERVER__OPS__PORT".into(), free_port().to_string());
            let args = ["--config", "marquis.toml", "serve", "--role", roles];
            let launch = Launch {
                args: args.map(str::to_owned).into(),
                env: environment,
                directory: scratch.path().to_owned(),
                log: scratch.path().join(format!("{name}.log")),
            };
            Member { port, launch, process: None }
        };
        let chat = |name, port: u16| {
            member(name, "chat", port, &[("MARQUIS__SERVER__CHAT__PORT", port.to_string())])
        };
        let mut nodes = Self {
            gateway: member("gateway", "gateway", https, &[]),
            core: member("core", &CORE.join(","), ports[0], &[]),
            chat: [chat("chat-1", c1), chat("chat-2", c2)],
            redis,
            https,
            database,
            scratch,
        };
        let mut migrate = nodes.gateway.launch.clone();
        migrate.args.truncate(2);
        migrate.args.push("migrate".into());
        let migrated = process::run(&migrate).await;
        assert_eq!(migrated.code, 0, "{migrated:?}");
        nodes.core.restart().await;
        for node in &mut nodes.chat {
            node.restart().await;
        }
        nodes.gateway.launch();
        let gateway = nodes.gateway.process();
        installation::ready(gateway, &nodes.gateway.data_dir(), https).await;
        nodes
    }

    /// A client of the gateway.
    ///
    /// # Panics
    ///
    /// When the gateway has made no certificate.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(self.https, &installation::certificate(&self.gateway.data_dir()))
    }

    /// File of the certificate that the gateway made.
    #[must_use]
    pub fn certificate_file(&self) -> PathBuf {
        installation::certificate_file(&self.gateway.data_dir())
    }

    /// Port of the TLS listener.
    #[must_use]
    pub const fn https_port(&self) -> u16 {
        self.https
    }

    /// URL of the database.
    #[must_use]
    pub fn database(&self) -> String {
        self.database.url()
    }

    /// Where files may be put that end with the installation.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.scratch.path().to_owned()
    }

    /// The logs of all processes.
    #[must_use]
    pub fn logs(&self) -> String {
        let members = [&self.gateway, &self.core].into_iter().chain(&self.chat);
        members.filter_map(|member| member.process.as_ref()).map(Process::log).collect()
    }
}

/// Quick enough for a test to see an instance leave and come back.
const HEALTH: &str = "health = { path = \"/readyz\", interval = \"200ms\", timeout = \"1s\", healthy = 1, unhealthy = 2 }";

impl Member {
    /// Starts it (again) without waiting.
    pub fn launch(&mut self) {
        self.process = None;
        self.process = Some(Process::start(&self.launch));
    }

    /// Starts it (again) and waits until it says that it is ready.
    ///
    /// # Panics
    ///
    /// When it ends instead, with its log.
    pub async fn restart(&mut self) {
        self.launch();
        let api = Api::plain(self.port);
        eventually(PATIENCE, || async {
            let process = self.process();
            if let Some(status) = process.ended() {
                panic!("{:?} ended with {status}:\n{}", self.launch.args, process.log());
            }
            let answer = api.try_get("/readyz").await?;
            (answer.status == 200).then_some(()).ok_or_else(|| format!("{answer:?}"))
        })
        .await;
    }

    /// Its process.
    ///
    /// # Panics
    ///
    /// When it was never started.
    #[must_use]
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("it was started")
    }

    /// A client that speaks to it without the gateway. Paths begin without `/api/v1`.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::plain(self.port)
    }

    fn data_dir(&self) -> PathBuf {
        PathBuf::from(&self.launch.env["MARQUIS__DATA_DIR"])
    }
}
