//! Several processes: a gateway, two auth, two payments, Redis and two databases, as drawn
//! in `deploy/compose`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use marquis_testkit::{RedisServer, eventually, free_port};

use crate::PATIENCE;
use crate::api::Api;
use crate::installation::{MASTER_KEY, Settings, common, ready};
use crate::process::{self, Finished, Launch, Process};
use crate::scratch::Scratch;

/// One process of the installation.
#[derive(Debug)]
pub struct Node {
    role: &'static str,
    port: u16,
    launch: Launch,
    process: Option<Process>,
}

/// The whole installation.
#[derive(Debug)]
pub struct Split {
    // Dropped in this order: the processes before what they stand on.
    /// The edge.
    pub gateway: Node,
    /// Both auth processes.
    pub auth: [Node; 2],
    /// Both payments processes.
    pub payments: [Node; 2],
    /// Redis, which a test may stop.
    pub redis: RedisServer,
    urls: [String; 2],
    https: u16,
    http: u16,
    scratch: Scratch,
}

impl Split {
    /// Starts everything on these databases and waits until it is ready.
    pub async fn start(auth_database: &str, payments_database: &str) -> Self {
        Self::start_with(Settings::default(), auth_database, payments_database).await
    }

    /// Starts everything and waits until it is ready.
    ///
    /// # Panics
    ///
    /// When something does not start, with its log.
    pub async fn start_with(settings: Settings, auth_url: &str, payments_url: &str) -> Self {
        let scratch = Scratch::new();
        let redis = RedisServer::start();
        let (https, http) = (free_port(), free_port());
        let [a1, a2, p1, p2] = [(); 4].map(|()| free_port());
        let toml = format!(
            "{common}\n[secrets]\nmaster_key = \"{MASTER_KEY}\"\n\
             [redis]\nurl = \"{redis}\"\n\
             [database.auth]\nurl = \"{auth_url}\"\npool_size = 8\nconnect_timeout = \"1s\"\nacquire_timeout = \"1s\"\n\
             [database.payments]\nurl = \"{payments_url}\"\npool_size = 8\nconnect_timeout = \"1s\"\nacquire_timeout = \"1s\"\n\
             [auth]\nurls = [\"http://127.0.0.1:{a1}\", \"http://127.0.0.1:{a2}\"]\n\
             [server.auth]\naddress = \"127.0.0.1\"\n[server.payments]\naddress = \"127.0.0.1\"\n\
             [gateway]\nhttp = \"127.0.0.1:{http}\"\nhttps = \"127.0.0.1:{https}\"\n\
             [gateway.upstreams.auth]\nservers = [\"127.0.0.1:{a1}\", \"127.0.0.1:{a2}\"]\n{HEALTH}\n\
             [gateway.upstreams.payments]\nservers = [\"127.0.0.1:{p1}\", \"127.0.0.1:{p2}\"]\n{HEALTH}\n\
             {extra}",
            common = common(&settings),
            redis = redis.url(),
            extra = settings.toml,
        );
        fs::write(scratch.path().join("marquis.toml"), toml).expect("a configuration file");
        let node = |role, name, port| Node::prepare(&scratch, role, name, port, &[]);
        let mut split = Self {
            gateway: node("gateway", "gateway", https),
            auth: [node("auth", "auth-1", a1), node("auth", "auth-2", a2)],
            payments: [node("payments", "payments-1", p1), node("payments", "payments-2", p2)],
            redis,
            urls: [auth_url.to_owned(), payments_url.to_owned()],
            https,
            http,
            scratch,
        };
        let migrated = split.command(&["migrate"]).await;
        assert_eq!(migrated.code, 0, "{migrated:?}");
        for node in split.auth.iter_mut().chain(&mut split.payments) {
            node.launch();
        }
        split.gateway.launch();
        for node in split.auth.iter().chain(&split.payments) {
            node.ready().await;
        }
        ready(split.gateway.process(), &split.gateway.data_dir(), https).await;
        // Every role has fetched the keys that tokens are checked against.
        let api = split.api();
        let token = api.register().await.access;
        let nodes = [&split.payments[0].api(), &split.payments[1].api()];
        eventually(PATIENCE, || async {
            for (api, path) in
                [(&api, "/api/v1/payments"), (nodes[0], "/payments"), (nodes[1], "/payments")]
            {
                let answer = api.get_as(&token, path).await;
                if answer.status != 200 {
                    return Err(format!("{path}: {answer:?}"));
                }
            }
            Ok(())
        })
        .await;
        split
    }

    /// A client of the gateway.
    ///
    /// # Panics
    ///
    /// When the gateway has made no certificate.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(self.https, &self.certificate())
    }

    /// The certificate that the gateway made, in PEM.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn certificate(&self) -> String {
        crate::installation::certificate(&self.gateway.data_dir())
    }

    /// Port of the TLS listener.
    #[must_use]
    pub const fn https_port(&self) -> u16 {
        self.https
    }

    /// Port of the plain listener.
    #[must_use]
    pub const fn http_port(&self) -> u16 {
        self.http
    }

    /// URL of the auth database.
    #[must_use]
    pub fn auth_database(&self) -> &str {
        &self.urls[0]
    }

    /// URL of the payments database.
    #[must_use]
    pub fn payments_database(&self) -> &str {
        &self.urls[1]
    }

    /// Starts one more process of a role that nobody routes to, with other settings given
    /// as environment variables, and waits until it is ready.
    pub async fn another(&self, role: &'static str, env: &[(&str, &str)]) -> Node {
        let name = crate::api::unique(role);
        let mut node = Node::prepare(&self.scratch, role, &name, free_port(), env);
        node.launch();
        node.ready().await;
        node
    }

    /// Starts a second gateway with the same settings on ports of its own, and a client of it.
    pub async fn another_gateway(&self) -> (Node, Api) {
        let (https, http) = (free_port(), free_port());
        let addresses = [https, http].map(|port| format!("127.0.0.1:{port}"));
        let env = [
            ("MARQUIS__GATEWAY__HTTPS", addresses[0].as_str()),
            ("MARQUIS__GATEWAY__HTTP", addresses[1].as_str()),
        ];
        let name = crate::api::unique("gateway");
        let mut node = Node::prepare(&self.scratch, "gateway", &name, https, &env);
        node.launch();
        ready(node.process(), &node.data_dir(), https).await;
        let certificate = crate::installation::certificate(&node.data_dir());
        (node, Api::new(https, &certificate))
    }

    /// Runs a `marquis` command on this configuration to its end.
    pub async fn command(&self, args: &[&str]) -> Finished {
        let mut launch = self.gateway.launch.clone();
        launch.args.truncate(2);
        launch.args.extend(args.iter().map(|&arg| arg.to_owned()));
        process::run(&launch).await
    }

    /// The logs of all processes.
    #[must_use]
    pub fn logs(&self) -> String {
        let nodes = [&self.gateway].into_iter().chain(&self.auth).chain(&self.payments);
        nodes.filter_map(|node| node.process.as_ref()).map(Process::log).collect()
    }
}

/// Quick enough for a test to see an instance leave and come back.
const HEALTH: &str = "health = { path = \"/readyz\", interval = \"200ms\", timeout = \"1s\", healthy = 1, unhealthy = 2 }";

impl Node {
    fn prepare(
        scratch: &Scratch,
        role: &'static str,
        name: &str,
        port: u16,
        env: &[(&str, &str)],
    ) -> Self {
        let data_dir = scratch.path().join(name);
        let mut environment: BTreeMap<String, String> =
            env.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        environment.insert("MARQUIS__DATA_DIR".into(), data_dir.display().to_string());
        environment.insert("MARQUIS__SERVER__OPS__PORT".into(), free_port().to_string());
        if role != "gateway" {
            let key = format!("MARQUIS__SERVER__{}__PORT", role.to_uppercase());
            environment.insert(key, port.to_string());
        }
        let launch = Launch {
            args: ["--config", "marquis.toml", "serve", "--role", role].map(str::to_owned).into(),
            env: environment,
            directory: scratch.path().to_owned(),
            log: scratch.path().join(format!("{name}.log")),
        };
        Self { role, port, launch, process: None }
    }

    /// Starts it (again) without waiting.
    pub fn launch(&mut self) {
        self.process = None;
        self.process = Some(Process::start(&self.launch));
    }

    /// Starts it (again) and waits until it says that it is ready.
    pub async fn restart(&mut self) {
        self.launch();
        self.ready().await;
    }

    /// Waits until it says that it is ready.
    ///
    /// # Panics
    ///
    /// When it ends instead, with its log.
    pub async fn ready(&self) {
        let api = Api::plain(self.port);
        eventually(PATIENCE, || async {
            let process = self.process();
            if let Some(status) = process.ended() {
                panic!("{} ended with {status}:\n{}", self.role, process.log());
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
